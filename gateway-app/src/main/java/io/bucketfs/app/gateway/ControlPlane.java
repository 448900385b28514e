package io.bucketfs.app.gateway;

import io.bucketfs.app.admin.AdminApi;
import io.bucketfs.app.admin.AdminServer;
import io.bucketfs.app.admin.CacheApi;
import io.bucketfs.app.admin.ConfiguredMounts;
import io.bucketfs.app.admin.GatewayInfo;
import io.bucketfs.app.admin.StateFiles;
import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.event.WebhookServer;
import io.bucketfs.app.metrics.GatewayMetrics;
import io.bucketfs.core.admin.Administration;
import io.bucketfs.core.runtime.Execution;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What an operator sees of a gateway: admin API, metrics, and the files by which the command line
 * finds them. Needs the lock of the state directory.
 */
final class ControlPlane implements AutoCloseable {
  private static final Duration MOUNT_RETRY = Duration.ofSeconds(30);

  static {
    // Read once, by the first server: who does not end his request, or takes all connections.
    defaultProperty("sun.net.httpserver.maxReqTime", "30");
    defaultProperty("jdk.httpserver.maxConnections", "512");
  }

  private static void defaultProperty(String name, String value) {
    if (System.getProperty(name) == null) {
      System.setProperty(name, value);
    }
  }

  private final StateFiles files;
  private final AdminServer server;
  private final @Nullable WebhookServer webhook;
  private final ConfiguredMounts mounts;
  private final Execution execution;
  private volatile boolean closed;

  private ControlPlane(
      StateFiles files,
      AdminServer server,
      @Nullable WebhookServer webhook,
      ConfiguredMounts mounts,
      Execution execution) {
    this.files = files;
    this.server = server;
    this.webhook = webhook;
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
    var memory = MemoryLimit.start(config, data);
    var server =
        AdminServer.start(
            config.adminPort(),
            new AdminApi(administration, mounts, info, data.nfs(), cacheSetting(config, memory)),
            files.createToken(),
            metrics::scrape);
    try {
      var webhook = webhook(config, administration);
      files.writeAddress(server.address());
      return new ControlPlane(files, server, webhook, mounts, execution);
    } catch (IOException e) {
      server.close();
      throw e;
    }
  }

  private static @Nullable WebhookServer webhook(
      GatewayConfig config, Administration administration) throws IOException {
    var webhook = config.webhook();
    if (webhook == null) {
      return null;
    }
    String secret;
    try {
      secret = Files.readString(webhook.secretFile()).strip();
    } catch (IOException e) {
      throw new IOException(
          "The secret of the webhook cannot be read from " + webhook.secretFile() + ": " + e, e);
    }
    if (secret.length() < WebhookServer.SECRET_LENGTH_MIN) {
      throw new IOException(
          "The secret of the webhook in "
              + webhook.secretFile()
              + " must have at least "
              + WebhookServer.SECRET_LENGTH_MIN
              + " characters.");
    }
    return WebhookServer.start(config.listen(), webhook.port(), secret, administration);
  }

  private static CacheApi.Setting cacheSetting(GatewayConfig config, MemoryLimit memory) {
    return new CacheApi.Setting() {
      @Override
      public void keep(long bytes) throws IOException {
        CacheSize.keep(config.state(), bytes);
      }

      @Override
      public OptionalLong configured() {
        return config.cacheSizeBytes();
      }

      @Override
      public CacheApi.MemoryRange memory() {
        return memory.range();
      }

      @Override
      public void setMemory(long bytes) throws IOException {
        memory.set(bytes);
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
    if (webhook != null) {
      webhook.close();
    }
    server.close();
  }
}
