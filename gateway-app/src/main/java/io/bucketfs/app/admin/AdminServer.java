package io.bucketfs.app.admin;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.bucketfs.core.admin.AdminException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP on loopback: the admin API behind a bearer token, and {@code /metrics} and {@code /healthz}
 * for all. Each request has a virtual thread, since a flush may take as long as S3 does.
 */
public final class AdminServer implements AutoCloseable {
  /** More than any request needs. */
  public static final int BODY_BYTES_MAX = 64 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
  private static final int BACKLOG = 64;
  private static final int OK = 200;
  private static final int UNAUTHORIZED = 401;
  private static final int METHOD_NOT_ALLOWED = 405;
  private static final int TOO_LARGE = 413;
  private static final int INTERNAL_ERROR = 500;
  private static final String JSON = "application/json";
  private static final String LINES = "application/x-ndjson";

  private final HttpServer server;
  private final ExecutorService threads;
  private final AdminApi api;
  private final byte[] authorization;
  private final Supplier<String> metrics;

  private AdminServer(HttpServer server, AdminApi api, String token, Supplier<String> metrics) {
    this.server = server;
    this.threads =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("admin-", 0).factory());
    this.api = api;
    this.authorization = bytes("Bearer " + token);
    this.metrics = metrics;
  }

  /**
   * Binds the port and answers.
   *
   * @param port 0 for any that is free
   * @param metrics makes the text that Prometheus reads
   * @throws BindException with a sentence for the operator where the port is taken
   */
  public static AdminServer start(int port, AdminApi api, String token, Supplier<String> metrics)
      throws IOException {
    HttpServer http;
    try {
      http =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
    } catch (BindException _) {
      throw new BindException(
          "Port " + port + " for the admin API is taken: choose another with --admin-port.");
    }
    var server = new AdminServer(http, api, token, metrics);
    http.setExecutor(server.threads);
    http.createContext("/", server::handle);
    http.start();
    return server;
  }

  /** Host and port, as the command line and Prometheus need it. */
  public String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /** Stops at once; a flush that someone waits for goes on in the gateway without an answer. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) {
    try (exchange) {
      switch (exchange.getRequestURI().getPath()) {
        case "/metrics" -> open(exchange, "text/plain; version=0.0.4; charset=utf-8", metrics);
        case "/healthz" -> open(exchange, "text/plain; charset=utf-8", () -> "ok\n");
        default -> guarded(exchange);
      }
    } catch (IOException e) {
      LOG.debug("An admin client went away", e);
    }
  }

  private static void open(HttpExchange exchange, String type, Supplier<String> text)
      throws IOException {
    switch (exchange.getRequestMethod()) {
      case "GET", "HEAD" -> send(exchange, OK, type, text.get());
      default -> send(exchange, METHOD_NOT_ALLOWED, "text/plain", "Only GET.\n");
    }
  }

  private void guarded(HttpExchange exchange) throws IOException {
    var shown = exchange.getRequestHeaders().getFirst("Authorization");
    if (shown == null || !MessageDigest.isEqual(authorization, bytes(shown))) {
      exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
      send(
          exchange,
          AdminApi.error(
              UNAUTHORIZED, "The token of the state directory's admin.token is asked for."));
      return;
    }
    var body = exchange.getRequestBody().readNBytes(BODY_BYTES_MAX + 1);
    if (body.length > BODY_BYTES_MAX) {
      send(
          exchange,
          AdminApi.error(TOO_LARGE, "A body may not be longer than " + BODY_BYTES_MAX + " bytes."));
      return;
    }
    send(exchange, answer(exchange, new String(body, StandardCharsets.UTF_8)));
  }

  /** The edge of the process: what nobody expected ends this request only. */
  @SuppressWarnings("CatchingUnchecked")
  private AdminApi.Reply answer(HttpExchange exchange, String body) {
    var uri = exchange.getRequestURI();
    try {
      return api.answer(
          new AdminApi.Request(
              exchange.getRequestMethod(), uri.getPath(), query(uri.getRawQuery()), body));
    } catch (Exception e) {
      LOG.error("{} {} failed", exchange.getRequestMethod(), uri.getPath(), e);
      return AdminApi.error(
          INTERNAL_ERROR, "The gateway failed to do it; its log says why: " + e + ".");
    }
  }

  private static Map<String, String> query(@Nullable String raw) {
    Map<String, String> query = new LinkedHashMap<>();
    if (raw != null && !raw.isEmpty()) {
      for (var pair : raw.split("&", -1)) {
        var equals = pair.indexOf('=');
        var name = equals < 0 ? pair : pair.substring(0, equals);
        var value = equals < 0 ? "" : pair.substring(equals + 1);
        query.put(decode(name), decode(value));
      }
    }
    return query;
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  private static void send(HttpExchange exchange, AdminApi.Reply reply) throws IOException {
    if (reply.body() instanceof KeepApi.Lines lines) {
      send(exchange, lines);
      return;
    }
    send(exchange, reply.status(), JSON, Json.MAPPER.writeValueAsString(reply.body()) + "\n");
  }

  /** Writes lines as they come. Who goes away ends the order by that. */
  @SuppressWarnings("CatchingUnchecked")
  private static void send(HttpExchange exchange, KeepApi.Lines lines) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", LINES);
    exchange.sendResponseHeaders(OK, 0);
    var body = exchange.getResponseBody();
    var lock = new ReentrantLock();
    Object last;
    try {
      last = lines.run(line -> write(body, lock, line));
    } catch (AdminException e) {
      last =
          new OrderLine(
              null, null, List.of(String.valueOf(e.getMessage())), AdminApi.status(e.kind()));
    } catch (Exception e) {
      LOG.error("{} failed", exchange.getRequestURI().getPath(), e);
      last =
          new OrderLine(
              null,
              null,
              List.of("The gateway failed to do it; its log says why: " + e + "."),
              INTERNAL_ERROR);
    }
    var _ = write(body, lock, last);
  }

  private static boolean write(OutputStream body, ReentrantLock lock, Object line) {
    lock.lock();
    try {
      body.write(bytes(Json.LINES.writeValueAsString(line) + "\n"));
      body.flush();
      return true;
    } catch (IOException e) {
      LOG.debug("An admin client went away", e);
      return false;
    } finally {
      lock.unlock();
    }
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    var bytes = bytes(text);
    exchange.getResponseHeaders().set("Content-Type", type);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
