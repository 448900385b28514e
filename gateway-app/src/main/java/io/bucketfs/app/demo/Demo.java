package io.bucketfs.app.demo;

import io.bucketfs.app.gateway.GatewayProcess;
import io.bucketfs.app.gateway.Teardown;
import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.Administration;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.s3.S3ObjectStores;
import io.bucketfs.s3.S3Settings;
import io.bucketfs.s3.embedded.EmbeddedS3Process;
import java.io.IOException;
import java.nio.file.Files;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A gateway in this process with an S3 in a child process and a bucket of files. Everything is kept
 * in one directory, so that starting again finds it. The S3 stops last.
 */
public final class Demo implements AutoCloseable {
  private final Teardown parts;

  private Demo(Teardown parts) {
    this.parts = parts;
  }

  /**
   * Starts S3 and gateway side by side; returns once a mount succeeds.
   *
   * @throws IOException with a sentence for the operator where something cannot start
   */
  public static Demo start(DemoSettings settings, String version)
      throws IOException, InterruptedException {
    // The default chain finds them there, so that no secret stands in the state directory.
    System.setProperty("aws.accessKeyId", DemoSettings.ACCESS_KEY);
    System.setProperty("aws.secretAccessKey", DemoSettings.SECRET_KEY);
    Files.createDirectories(settings.directory());
    var parts = new Teardown();
    var starting = startS3(settings);
    try {
      // Closed even where the gateway fails first, and after the gateway otherwise.
      parts.add(() -> join(starting).close());
      var gateway = parts.add(GatewayProcess.start(settings.gateway(), version));
      var _ = join(starting);
      fill(settings);
      mount(settings, gateway.administration());
      return new Demo(parts);
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      try (parts) {
        throw e;
      }
    }
  }

  private static CompletableFuture<EmbeddedS3Process> startS3(DemoSettings settings) {
    var process = new CompletableFuture<EmbeddedS3Process>();
    Thread.ofVirtual()
        .name("demo-s3")
        .start(() -> {
          try {
            process.complete(
                EmbeddedS3Process.start(
                    new EmbeddedS3Process.Settings(
                        settings.s3Libraries(),
                        settings.s3Directory(),
                        settings.s3Port(),
                        DemoSettings.ACCESS_KEY,
                        DemoSettings.SECRET_KEY,
                        DemoSettings.BUCKET,
                        settings.s3Log())));
          } catch (IOException | InterruptedException | RuntimeException e) {
            process.completeExceptionally(e);
          }
        });
    return process;
  }

  private static EmbeddedS3Process join(CompletableFuture<EmbeddedS3Process> process)
      throws IOException, InterruptedException {
    try {
      return process.get();
    } catch (ExecutionException e) {
      throw new IOException("The demo's S3 did not start: " + e.getMessage(), e);
    }
  }

  private static void fill(DemoSettings settings) throws IOException, InterruptedException {
    if (Files.exists(settings.filledMarker())) {
      return;
    }
    try (var stores = new S3ObjectStores(Meters.NONE, S3Settings.DEFAULT);
        var bucket = stores.open(settings.mount().location())) {
      DemoFiles.put(bucket);
    }
    Files.writeString(settings.filledMarker(), "");
  }

  private static void mount(DemoSettings settings, Administration administration)
      throws IOException {
    var wanted = settings.mount();
    for (var status : administration.mounts()) {
      var mount = status.mount();
      if (mount.name().equals(wanted.name())) {
        if (!mount.location().equals(wanted.location())
            || !mount.policy().equals(wanted.policy())) {
          throw new IOException(
              "The demo in "
                  + settings.directory()
                  + " was made with another --s3-port or --writeback-idle: start it with the same,"
                  + " or choose another --dir.");
        }
        return;
      }
    }
    try {
      var _ = administration.createMount(wanted);
    } catch (AdminException e) {
      throw new IOException("The demo's bucket cannot be mounted: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() throws IOException {
    parts.close();
  }
}
