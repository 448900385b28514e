package io.bucketfs.s3.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Adobe's S3Mock as a child process on the loopback interface. It ends with {@link #close}, and
 * with this process, whose end closes its standard input.
 */
final class S3MockProcess implements AutoCloseable {
  private static final Duration START_MAX = Duration.ofSeconds(90);

  private final Process process;
  private final URI endpoint;

  private S3MockProcess(Process process, URI endpoint) {
    this.process = process;
    this.endpoint = endpoint;
  }

  /** Starts it and waits until it answers. */
  static S3MockProcess start(Path folder, String bucket) throws IOException, InterruptedException {
    var jar = jar();
    var port = freePort();
    var log = folder.resolve("s3mock.log");
    // The shell ends when our end of the pipe is closed, and takes the child with it.
    var script = "\"$@\" & child=$!; cat >/dev/null; kill $child; wait $child";
    var builder =
        new ProcessBuilder(
            "/bin/sh",
            "-c",
            script,
            "s3mock",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-Xmx512m",
            "-Djava.io.tmpdir=" + folder,
            "-jar",
            jar.toString(),
            "--server.address=127.0.0.1",
            "--server.port=" + freePort(),
            "--com.adobe.testing.s3mock.http-port=" + port,
            "--com.adobe.testing.s3mock.store.initialBuckets=" + bucket,
            "--com.adobe.testing.s3mock.store.root=" + folder.resolve("s3mock"));
    Files.createDirectories(folder.resolve("s3mock"));
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    var started = new S3MockProcess(builder.start(), URI.create("http://127.0.0.1:" + port));
    try {
      started.awaitReady(bucket, log);
      return started;
    } catch (IOException | InterruptedException | RuntimeException e) {
      started.close();
      throw e;
    }
  }

  private static Path jar() throws IOException {
    try (var files = Files.list(Path.of("target", "s3mock"))) {
      return files.filter(file -> file.toString().endsWith(".jar")).findFirst().orElseThrow();
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void awaitReady(String bucket, Path log) throws IOException, InterruptedException {
    var end = System.nanoTime() + START_MAX.toNanos();
    var request = HttpRequest.newBuilder(endpoint.resolve("/" + bucket)).build();
    try (var client = HttpClient.newHttpClient()) {
      while (process.isAlive() && System.nanoTime() - end < 0) {
        try {
          if (client.send(request, BodyHandlers.discarding()).statusCode() == 200) {
            return;
          }
        } catch (IOException e) {
          // It does not listen yet.
        }
        Thread.sleep(200);
      }
    }
    throw new IOException("S3Mock did not start: " + Files.readString(log));
  }

  URI endpoint() {
    return endpoint;
  }

  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
      }
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
