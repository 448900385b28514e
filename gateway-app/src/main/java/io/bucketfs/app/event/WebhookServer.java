package io.bucketfs.app.event;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.bucketfs.app.event.EventNotification.BadNotificationException;
import io.bucketfs.core.admin.Administration;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes notifications of stores by POST, on a port of its own, since stores are other machines and
 * the admin API is for this one only. Who sends must show the secret: as a bearer token (MinIO), as
 * the password of basic authentication (Ceph), or alone in the header. It is compared in constant
 * time before anything of the body is read.
 *
 * <p>What is told is a hint and is looked up in the bucket, so that somebody who has the secret can
 * make the gateway send HEADs and no more.
 */
public final class WebhookServer implements AutoCloseable {
  /** A notification holds few events; stores send one for each, or some hundred at a time. */
  static final int BODY_BYTES_MAX = 1 << 20;

  /** The shortest secret that is no joke. */
  public static final int SECRET_LENGTH_MIN = 16;

  private static final Logger LOG = LoggerFactory.getLogger(WebhookServer.class);
  private static final int BACKLOG = 64;
  private static final int REQUESTS_MAX = 64;
  private static final int OK = 200;
  private static final int BAD_REQUEST = 400;
  private static final int UNAUTHORIZED = 401;
  private static final int METHOD_NOT_ALLOWED = 405;
  private static final int TOO_LARGE = 413;
  private static final int UNAVAILABLE = 503;
  private static final String BASIC = "Basic ";
  private static final String BEARER = "Bearer ";

  private final HttpServer server;
  private final ExecutorService threads;
  private final Administration administration;
  private final byte[] secret;
  private final Semaphore running = new Semaphore(REQUESTS_MAX);

  private WebhookServer(HttpServer server, Administration administration, String secret) {
    this.server = server;
    this.administration = administration;
    this.secret = digest(secret);
    threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("webhook-", 0).factory());
  }

  /**
   * Binds the port and answers.
   *
   * @param port 0 for any that is free
   * @throws BindException with a sentence for the operator where the port is taken
   */
  public static WebhookServer start(
      String listen, int port, String secret, Administration administration) throws IOException {
    HttpServer http;
    try {
      http = HttpServer.create(new InetSocketAddress(listen, port), BACKLOG);
    } catch (BindException _) {
      throw new BindException(
          "Port " + port + " for the webhook is taken: choose another with --webhook-port.");
    }
    var server = new WebhookServer(http, administration, secret);
    http.setExecutor(server.threads);
    http.createContext("/", server::handle);
    http.start();
    return server;
  }

  /** The port that is listened on. */
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) {
    try (exchange) {
      if (!running.tryAcquire()) {
        send(exchange, UNAVAILABLE, "Too many requests at a time.");
        return;
      }
      try {
        answer(exchange);
      } finally {
        running.release();
      }
    } catch (IOException e) {
      LOG.debug("A sender of events went away", e);
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    if (!isAuthorized(exchange.getRequestHeaders().getFirst("Authorization"))) {
      exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
      send(exchange, UNAUTHORIZED, "The secret of the webhook is asked for.");
      return;
    }
    switch (exchange.getRequestMethod()) {
      case "POST" -> take(exchange);
      // Stores try whether somebody is there.
      case "GET", "HEAD" -> send(exchange, OK, "ok");
      default -> send(exchange, METHOD_NOT_ALLOWED, "Only POST.");
    }
  }

  private void take(HttpExchange exchange) throws IOException {
    var body = exchange.getRequestBody().readNBytes(BODY_BYTES_MAX + 1);
    if (body.length > BODY_BYTES_MAX) {
      send(exchange, TOO_LARGE, "A body may not be longer than " + BODY_BYTES_MAX + " bytes.");
      return;
    }
    try {
      var events = EventNotification.parse(new String(body, StandardCharsets.UTF_8));
      var result = administration.takeEvents(events);
      send(exchange, OK, result.taken() + " taken, " + result.unknown() + " unknown");
    } catch (BadNotificationException e) {
      send(exchange, BAD_REQUEST, "The body is no notification: " + e.getMessage() + ".");
    }
  }

  private boolean isAuthorized(@Nullable String shown) {
    return shown != null && MessageDigest.isEqual(secret, digest(secretOf(shown)));
  }

  private static String secretOf(String shown) {
    if (shown.startsWith(BEARER)) {
      return shown.substring(BEARER.length());
    }
    if (shown.startsWith(BASIC)) {
      try {
        var pair =
            new String(
                Base64.getDecoder().decode(shown.substring(BASIC.length()).strip()),
                StandardCharsets.UTF_8);
        return pair.substring(pair.indexOf(':') + 1);
      } catch (IllegalArgumentException _) {
        return "";
      }
    }
    return shown;
  }

  /** Of one length, so that the time of a comparison says nothing about that of the secret. */
  private static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    var bytes = (text + "\n").getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
