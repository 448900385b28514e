package io.bucketfs.app.admin;

import io.bucketfs.core.admin.Administration.JobEntry;
import io.bucketfs.core.admin.KeepOrders;
import io.bucketfs.core.check.CheckReport;
import io.bucketfs.core.residency.Progress;
import io.bucketfs.core.residency.Residency.Outcome;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * Talks to the gateway of a state directory. Uses the old HTTP client of the JDK, which starts in a
 * fraction of the new one's time; and no time limit on replies, since a flush takes as long as S3.
 */
public final class AdminClient {
  private static final int CONNECT_MILLIS_MAX = 5_000;
  private static final int ERROR_MIN = 400;

  private final StateFiles files;

  public AdminClient(StateFiles files) {
    this.files = files;
  }

  /** No gateway answers. The message says how to start it. */
  public static final class NotRunningException extends Exception {
    NotRunningException(String message) {
      super(message, null, false, false);
    }
  }

  /** The gateway refused. One sentence each. */
  public static final class RefusedException extends Exception {
    private final int status;
    private final List<String> sentences;

    RefusedException(int status, List<String> sentences) {
      super(String.join("\n", sentences), null, false, false);
      this.status = status;
      this.sentences = List.copyOf(sentences);
    }

    /** Whether the request itself was wrong. */
    public boolean isInvalid() {
      return status == 400;
    }

    public List<String> sentences() {
      return sentences;
    }
  }

  /** A reply as text, and as what it says. */
  public record Answer<T>(String json, T value) {}

  public Answer<StatusView> status() throws IOException, NotRunningException, RefusedException {
    return as(send("GET", "/v1/status", null), StatusView.class);
  }

  public Answer<ClientView[]> clients() throws IOException, NotRunningException, RefusedException {
    return as(send("GET", "/v1/clients", null), ClientView[].class);
  }

  /** Takes everything away from a client. */
  public Answer<RevokedView> revoke(String id)
      throws IOException, NotRunningException, RefusedException {
    return as(send("POST", "/v1/clients/" + encode(id) + "/revoke", null), RevokedView.class);
  }

  public Answer<MountView[]> mounts() throws IOException, NotRunningException, RefusedException {
    return as(send("GET", "/v1/mounts", null), MountView[].class);
  }

  public Answer<MountView> mount(String name)
      throws IOException, NotRunningException, RefusedException {
    return as(send("GET", "/v1/mounts/" + encode(name), null), MountView.class);
  }

  /** Makes the bucket of a mount that is not there yet, from the text of its settings. */
  public void createBucket(Map<String, String> settings)
      throws IOException, NotRunningException, RefusedException {
    send("POST", "/v1/buckets", settings);
  }

  /** Makes a mount from the text of its settings. */
  public Answer<MountView> createMount(Map<String, String> settings)
      throws IOException, NotRunningException, RefusedException {
    return as(send("POST", "/v1/mounts", settings), MountView.class);
  }

  /** Changes who may use a mount, and what it may take, from the text of what changes. */
  public Answer<MountView> setMount(String name, Map<String, String> settings)
      throws IOException, NotRunningException, RefusedException {
    return as(send("POST", "/v1/mounts/" + encode(name) + "/settings", settings), MountView.class);
  }

  /** Probes the store of a mount again. */
  public Answer<MountView> probeMount(String name)
      throws IOException, NotRunningException, RefusedException {
    return as(send("POST", "/v1/mounts/" + encode(name) + "/probe", null), MountView.class);
  }

  public void deleteMount(String name, boolean force)
      throws IOException, NotRunningException, RefusedException {
    send("DELETE", "/v1/mounts/" + encode(name) + "?force=" + force, null);
  }

  public Answer<FlushView> flush(FlushRequest request)
      throws IOException, NotRunningException, RefusedException {
    return as(send("POST", "/v1/flush", request), FlushView.class);
  }

  /** Looks for what others changed. */
  public Answer<RefreshView> refresh(RefreshRequest request)
      throws IOException, NotRunningException, RefusedException {
    return as(send("POST", "/v1/refresh", request), RefreshView.class);
  }

  /**
   * Has local copies fetched, dropped, kept or not kept any longer.
   *
   * @param order warm, evict, pin or unpin
   * @param progress is told how far it is
   */
  public Answer<Outcome> keep(String order, KeepRequest request, Consumer<Progress.State> progress)
      throws IOException, NotRunningException, RefusedException {
    return order(order, request, progress);
  }

  /** Copies a tree of the gateway's machine into a mount. */
  public Answer<Outcome> copyIn(ImportRequest request, Consumer<Progress.State> progress)
      throws IOException, NotRunningException, RefusedException {
    return order("import", request, progress);
  }

  /** What is pinned. */
  public Answer<KeepOrders.Pinned> pins()
      throws IOException, NotRunningException, RefusedException {
    return as(send("GET", "/v1/pin", null), KeepOrders.Pinned.class);
  }

  private Answer<Outcome> order(String name, Object request, Consumer<Progress.State> progress)
      throws IOException, NotRunningException, RefusedException {
    return exchange(
        "POST",
        "/v1/" + name,
        request,
        stream -> {
          var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
          for (var line = reader.readLine(); line != null; line = reader.readLine()) {
            var read = as(line, OrderLine.class).value();
            var state = read.progress();
            var outcome = read.outcome();
            var errors = read.errors();
            if (outcome != null) {
              return new Answer<>(Json.MAPPER.writeValueAsString(outcome) + "\n", outcome);
            }
            if (errors != null) {
              throw new RefusedException(read.status(), errors);
            }
            if (state != null) {
              progress.accept(state);
            }
          }
          throw new IOException("The gateway ended before it was done.");
        });
  }

  /** Changes what the local tier may occupy, and what the process may use of memory. */
  public Answer<CacheView> setCache(@Nullable String size, @Nullable String memory)
      throws IOException, NotRunningException, RefusedException {
    var settings = new TreeMap<String, String>();
    if (size != null) {
      settings.put("size", size);
    }
    if (memory != null) {
      settings.put("memory", memory);
    }
    return as(send("POST", "/v1/cache", settings), CacheView.class);
  }

  /** Verifies the local state. */
  public Answer<CheckReport> check(CheckRequest request)
      throws IOException, NotRunningException, RefusedException {
    return as(send("POST", "/v1/check", request), CheckReport.class);
  }

  /** Renames and removals of many objects that are under way. */
  public Answer<JobEntry[]> jobs(@Nullable String mount)
      throws IOException, NotRunningException, RefusedException {
    var path = "/v1/jobs" + (mount == null ? "" : "?mount=" + encode(mount));
    return as(send("GET", path, null), JobEntry[].class);
  }

  /** A report of entries of the given kind. */
  public <T> Answer<T> report(String kind, @Nullable String mount, int max, Class<T> type)
      throws IOException, NotRunningException, RefusedException {
    var path = "/v1/report/" + kind + "?max=" + max;
    return as(send("GET", mount == null ? path : path + "&mount=" + encode(mount), null), type);
  }

  private String send(String method, String path, @Nullable Object body)
      throws IOException, NotRunningException, RefusedException {
    return exchange(method, path, body, AdminClient::text);
  }

  /**
   * Takes what the gateway replies.
   *
   * @param <T> what is made of it
   */
  @FunctionalInterface
  private interface Taker<T> {
    T take(InputStream stream) throws IOException, RefusedException;
  }

  private <T> T exchange(String method, String path, @Nullable Object body, Taker<T> taker)
      throws IOException, NotRunningException, RefusedException {
    var address = files.address().orElseThrow(this::notRunning);
    var token = files.token().orElseThrow(this::notRunning);
    var url = URI.create("http://" + address + path).toURL();
    var connection = (HttpURLConnection) url.openConnection(Proxy.NO_PROXY);
    connection.setRequestMethod(method);
    connection.setConnectTimeout(CONNECT_MILLIS_MAX);
    connection.setRequestProperty("Authorization", "Bearer " + token);
    try {
      if (body != null) {
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/json");
        var bytes = Json.MAPPER.writeValueAsBytes(body);
        connection.setFixedLengthStreamingMode(bytes.length);
        connection.getOutputStream().write(bytes);
      }
      var status = connection.getResponseCode();
      if (status >= ERROR_MIN) {
        throw refused(status, text(connection.getErrorStream()));
      }
      return taker.take(connection.getInputStream());
    } catch (ConnectException _) {
      throw notRunning();
    } finally {
      connection.disconnect();
    }
  }

  private NotRunningException notRunning() {
    return new NotRunningException(
        "No gateway runs on the state directory %s: start one with bucketfs serve --state %s"
                .formatted(files.state(), files.state())
            + ", or name another directory with --state.");
  }

  private static RefusedException refused(int status, String body) {
    try {
      return new RefusedException(status, Json.MAPPER.readValue(body, ErrorView.class).errors());
    } catch (JacksonException | NullPointerException _) {
      return new RefusedException(status, List.of("The gateway answered HTTP " + status + "."));
    }
  }

  private static <T> Answer<T> as(String json, Class<T> type) throws IOException {
    try {
      return new Answer<>(json, Json.MAPPER.readValue(json, type));
    } catch (JacksonException e) {
      throw new IOException("The gateway's reply is not understood: " + e.getOriginalMessage(), e);
    }
  }

  private static String text(@Nullable InputStream stream) throws IOException {
    if (stream == null) {
      return "";
    }
    try (stream) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
