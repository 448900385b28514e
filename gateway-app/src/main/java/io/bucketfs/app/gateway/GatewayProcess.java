package io.bucketfs.app.gateway;

import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.metrics.GatewayMetrics;
import io.bucketfs.cache.NativeLibrary;
import io.bucketfs.core.admin.Administration;
import io.bucketfs.core.runtime.ThreadExecution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * All parts of a gateway in this process. Closed in the reverse order: the admin API and NFS accept
 * nothing more, the core commits, the stores close.
 */
public final class GatewayProcess implements AutoCloseable {
  /** Native waits overlap on the disk and not on the processor, so more than cores. */
  private static final int NATIVE_THREADS_MAX = 32;

  private final Teardown parts;
  private final Administration administration;

  private GatewayProcess(Teardown parts, Administration administration) {
    this.parts = parts;
    this.administration = administration;
  }

  /**
   * Starts a gateway; returns once clients can mount.
   *
   * @throws IOException with a sentence for the operator where it cannot start
   */
  public static GatewayProcess start(GatewayConfig config, String version)
      throws IOException, InterruptedException {
    NativeLibrary.loadSoon();
    return start(config, version, WiredDataPath::open);
  }

  static GatewayProcess start(GatewayConfig config, String version, DataPath.Opener opener)
      throws IOException, InterruptedException {
    var parts = new Teardown();
    try {
      createState(config);
      var metrics = parts.add(new GatewayMetrics(version, System::nanoTime));
      var execution = parts.add(new ThreadExecution(NATIVE_THREADS_MAX, metrics.meters()));
      var cacheSize = CacheSize.of(config.state(), config.cacheSizeBytes());
      var data = parts.add(opener.open(config, cacheSize, execution, metrics.meters()));
      var control = parts.add(ControlPlane.start(config, version, data, metrics, execution));
      control.applyMounts();
      return new GatewayProcess(parts, data.administration());
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      try (parts) {
        throw e;
      }
    }
  }

  /** What an operator can order, for who runs in the same process. */
  public Administration administration() {
    return administration;
  }

  @Override
  public void close() throws IOException {
    parts.close();
  }

  /** The directory holds file data and the token: it is for its owner only. */
  private static void createState(GatewayConfig config) throws IOException {
    if (!Files.isDirectory(config.state())) {
      Files.createDirectories(
          config.state(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }
}
