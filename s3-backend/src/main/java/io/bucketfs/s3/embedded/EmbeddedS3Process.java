package io.bucketfs.s3.embedded;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The embedded S3 as a child process. It ends with {@link #close}, and also when this process dies
 * in whatever way, since its standard input is then closed.
 */
public final class EmbeddedS3Process implements AutoCloseable {
  private static final String READY = "ready ";
  private static final Duration START_MAX = Duration.ofSeconds(60);
  private static final Duration STOP_MAX = Duration.ofSeconds(5);

  private final Process process;
  private final URI endpoint;

  private EmbeddedS3Process(Process process, URI endpoint) {
    this.process = process;
    this.endpoint = endpoint;
  }

  /**
   * How to start it.
   *
   * @param libraries folder with the jars of its class path
   * @param data folder whose sub-folders are the buckets
   * @param port 0 for any free one
   * @param bucket created where it is not there; null for none
   * @param log file that gets what the process has to say
   */
  public record Settings(
      Path libraries,
      Path data,
      int port,
      String accessKey,
      String secretKey,
      @Nullable String bucket,
      Path log) {
    @Override
    public String toString() {
      return "Settings[data=%s, port=%d, bucket=%s]".formatted(data, port, bucket);
    }
  }

  /**
   * Starts the process and waits until it accepts requests.
   *
   * @throws IOException with where to look, if it does not come up
   */
  public static EmbeddedS3Process start(Settings settings)
      throws IOException, InterruptedException {
    if (!Files.isDirectory(settings.libraries())) {
      throw new IOException("no libraries of the embedded S3 in " + settings.libraries());
    }
    var builder = new ProcessBuilder(command(settings));
    // Not as an argument, which everybody on the machine can read.
    builder.environment().put(EmbeddedS3Arguments.SECRET_KEY_VARIABLE, settings.secretKey());
    builder.redirectError(ProcessBuilder.Redirect.appendTo(settings.log().toFile()));
    var process = builder.start();
    try {
      return new EmbeddedS3Process(process, awaitReady(process, settings.log()));
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static List<String> command(Settings settings) {
    var command = new ArrayList<String>();
    // Ctrl-C at a terminal reaches all its processes; this one must outlive the gateway, which
    // stops
    // it when it needs it no more. What is ignored at the start stays ignored.
    command.addAll(List.of("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "embedded-s3"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            // Its first end keeps an archive of its classes, which halves the next start.
            "-XX:+AutoCreateSharedArchive",
            "-XX:SharedArchiveFile=" + settings.libraries().resolveSibling("embedded-s3.jsa"),
            "-Xlog:disable",
            "-Xmx384m",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true"));
    command.addAll(List.of("-cp", settings.libraries() + "/*", EmbeddedS3.class.getName()));
    command.addAll(List.of("--dir", settings.data().toString(), "--port", "" + settings.port()));
    command.addAll(List.of("--access-key", settings.accessKey()));
    if (settings.bucket() != null) {
      command.addAll(List.of("--bucket", settings.bucket()));
    }
    return command;
  }

  private static URI awaitReady(Process process, Path log)
      throws IOException, InterruptedException {
    var ready = new CompletableFuture<URI>();
    Thread.ofVirtual().name("embedded-s3-ready").start(() -> readReady(process, log, ready));
    try {
      return ready.get(START_MAX.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new IOException("the embedded S3 did not start, see " + log, e.getCause());
    } catch (TimeoutException e) {
      throw new IOException("the embedded S3 was not ready in time, see " + log, e);
    }
  }

  /** Reads on to the end, so that the child never waits for a reader. */
  private static void readReady(Process process, Path log, CompletableFuture<URI> ready) {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(READY)) {
          ready.complete(URI.create(line.substring(READY.length())));
        }
      }
      ready.completeExceptionally(new IOException("it ended at once, see " + log));
    } catch (IOException | UncheckedIOException e) {
      ready.completeExceptionally(e);
    }
  }

  /** Where it listens. */
  public URI endpoint() {
    return endpoint;
  }

  /** Whether it still runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Stops the process and waits for its end. */
  @Override
  public void close() {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      // It has ended already.
      process.destroy();
    }
    try {
      if (!process.waitFor(STOP_MAX.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
