package io.bucketfs.app.gateway;

import io.bucketfs.app.admin.AdminApi;
import io.bucketfs.app.admin.AdminServer;
import io.bucketfs.app.admin.ConfiguredMounts;
import io.bucketfs.app.admin.GatewayInfo;
import io.bucketfs.app.admin.StateFiles;
import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.metrics.GatewayMetrics;
import io.bucketfs.core.runtime.Execution;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * What an operator sees of a gateway: admin API, metrics, and the files by which the command line
 * finds them. Needs the lock of the state directory.
 */
final class ControlPlane implements AutoCloseable {
  private static final Duration MOUNT_RETRY = Duration.ofSeconds(30);

  private final StateFiles files;
  private final AdminServer server;
  private final ConfiguredMounts mounts;
  private final Execution execution;
  private volatile boolean closed;

  private ControlPlane(
      StateFiles files, AdminServer server, ConfiguredMounts mounts, Execution execution) {
    this.files = files;
    this.server = server;
    this.mounts = mounts;
    this.execution = execution;
  }

  static ControlPlane start(
      GatewayConfig config,
      String version,
      DataPath data,
      GatewayMetrics metrics,
      Execution execution)
      throws IOException {
    var administration = data.administration();
    var mounts = new ConfiguredMounts(administration, config.mounts(), config.file());
    metrics.observe(administration, () -> mounts.pending().size());
    var info = new GatewayInfo(version, config.state(), config.listen(), config.port());
    var files = new StateFiles(config.state());
    var server =
        AdminServer.start(
            config.adminPort(),
            new AdminApi(administration, mounts, info, data.nfs(), cacheSetting(config)),
            files.createToken(),
            metrics::scrape);
    files.writeAddress(server.address());
    return new ControlPlane(files, server, mounts, execution);
  }

  private static AdminApi.CacheSetting cacheSetting(GatewayConfig config) {
    return new AdminApi.CacheSetting() {
      @Override
      public void keep(long bytes) throws IOException {
        CacheSize.keep(config.state(), bytes);
      }

      @Override
      public OptionalLong configured() {
        return config.cacheSizeBytes();
      }
    };
  }

  /** Host and port of the admin API. */
  String address() {
    return server.address();
  }

  /** Makes the mounts of the configuration file, and goes on trying where one cannot be made. */
  void applyMounts() {
    if (!closed && !mounts.apply() && !closed) {
      var _ = execution.schedule(MOUNT_RETRY, "configured-mounts", this::applyMounts);
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    files.deleteAddress();
    server.close();
  }
}
