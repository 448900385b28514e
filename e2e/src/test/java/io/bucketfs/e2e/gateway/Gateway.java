package io.bucketfs.e2e.gateway;

import io.bucketfs.e2e.lab.ChildProcesses;
import io.bucketfs.e2e.lab.KernelLab;
import io.bucketfs.e2e.lab.Output;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * {@code bucketfs demo} in processes of its own: the gateway with a bucket {@code demo} at {@code
 * /demo}, and the S3 that it starts. One at a time, since the ports are fixed.
 */
public final class Gateway implements AutoCloseable {
  /** Where NFS is served. */
  public static final int PORT = 2049;

  /** What is served. */
  public static final String EXPORT = "/demo";

  private static final int ADMIN_PORT = 9049;
  private static final int S3_PORT = 9000;
  private static final String MOUNT = "demo";
  private static final Duration READY_MAX = Duration.ofMinutes(1);
  private static final Duration STOP_MAX = Duration.ofSeconds(30);
  private static final Duration COMMAND_MAX = Duration.ofMinutes(3);

  private final KernelLab lab;
  private final Map<String, String> environment;
  private final List<String> options;
  private final Path log;
  private @Nullable Process process;

  private Gateway(KernelLab lab, Map<String, String> environment, List<String> options) {
    this.lab = lab;
    this.environment = environment;
    this.options = options;
    this.log = lab.logs().resolve("gateway.log");
  }

  /** Starts a gateway with an empty state and waits until it is ready. */
  public static Gateway start(KernelLab lab, String... options) {
    return start(lab, Map.of(), options);
  }

  /** The same with environment variables of its own. */
  public static Gateway start(KernelLab lab, Map<String, String> environment, String... options) {
    var gateway = new Gateway(lab, environment, List.of(options));
    gateway.start();
    return gateway;
  }

  /** Starts again after the end of the last process, and waits until it is ready. */
  public void start() {
    var command = new ArrayList<>(List.of(launcher(), "demo"));
    command.addAll(List.of("--dir", directory().toString()));
    command.addAll(List.of("--port", "" + PORT, "--admin-port", "" + ADMIN_PORT));
    command.addAll(List.of("--s3-port", "" + S3_PORT));
    command.addAll(options);
    var begin = size(log);
    var builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(environment);
    var started = ChildProcesses.start(builder);
    process = started;
    Await.until(
        "gateway ready, see " + log,
        READY_MAX,
        () -> {
          if (!started.isAlive()) {
            throw new AssertionError("the gateway ended, see " + log);
          }
          return textSince(begin).matches("(?s).*\\bready\\b.*");
        });
  }

  /** Ends the gateway as SIGINT does, in order. */
  public void stop() {
    if (process != null && !ChildProcesses.stop(process, STOP_MAX)) {
      throw new AssertionError("the gateway did not stop in " + STOP_MAX + ", see " + log);
    }
    process = null;
  }

  /** Ends the gateway and its S3 as a crash does (SIGKILL). */
  public void kill() {
    if (process != null) {
      ChildProcesses.kill(process);
    }
    process = null;
  }

  /**
   * Kills the gateway, and lets the next one find a state directory that was in use when the
   * machine went down: one of another boot.
   */
  public void losePower() {
    kill();
    try {
      var run = state().resolve("RUN");
      var fields = Files.readString(run).split(" ", 2);
      Files.writeString(run, UUID.randomUUID() + " " + fields[1]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lets the gateway stand still (SIGSTOP), or go on. */
  public void pause(boolean still) {
    if (process == null) {
      throw new IllegalStateException("no gateway runs");
    }
    lab.host("kill", still ? "-STOP" : "-CONT", "" + process.pid());
  }

  /** Lets the S3 that the gateway started stand still (SIGSTOP), or go on. */
  public void pauseS3(boolean still) {
    if (process == null) {
      throw new IllegalStateException("no gateway runs");
    }
    var signal = still ? "-STOP" : "-CONT";
    process.descendants().forEach(s3 -> lab.host("kill", signal, "" + s3.pid()));
  }

  /** Stops, deletes the state directory, and starts: only what is in S3 is known. */
  public void restartWithoutState() {
    stop();
    KernelLab.delete(state());
    start();
  }

  /** Exports everything that is dirty, and waits until it is in S3. */
  public void flush() {
    command("flush", MOUNT, "--wait").orFail();
  }

  /** Runs a command of the command line against this gateway. */
  public Output command(String... arguments) {
    var command = new ArrayList<>(List.of(launcher()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--state", state().toString()));
    return ChildProcesses.run(COMMAND_MAX, lab.logs().resolve("commands.log"), command);
  }

  /** The figures at this moment. */
  public Metrics metrics() {
    return Metrics.read(URI.create("http://127.0.0.1:" + ADMIN_PORT + "/metrics"));
  }

  /** The requests sent to S3 since the start. */
  public S3Requests requests() {
    return S3Requests.of(metrics());
  }

  /** The bucket behind the mount. */
  public Bucket bucket() {
    return Bucket.open(URI.create("http://127.0.0.1:" + S3_PORT), "demo", "demodemo", MOUNT);
  }

  private Path directory() {
    return lab.data().resolve("demo");
  }

  private Path state() {
    return directory().resolve("state");
  }

  /** The launcher becomes the JVM, so that a signal to its process reaches the gateway. */
  static String launcher() {
    return Path.of(System.getProperty("basedir", "."))
        .resolve("../bucketfs")
        .toAbsolutePath()
        .normalize()
        .toString();
  }

  private static long size(Path file) {
    try {
      return Files.exists(file) ? Files.size(file) : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String textSince(long offset) {
    try {
      var bytes = Files.readAllBytes(log);
      return new String(bytes, (int) offset, bytes.length - (int) offset, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    kill();
  }
}
