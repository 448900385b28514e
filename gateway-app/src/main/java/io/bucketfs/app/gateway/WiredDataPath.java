package io.bucketfs.app.gateway;

import io.bucketfs.app.admin.NfsControl;
import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.config.MemorySplit;
import io.bucketfs.cache.LocalTiers;
import io.bucketfs.cache.TierSettings;
import io.bucketfs.cache.extent.ExtentSettings;
import io.bucketfs.core.Gateway;
import io.bucketfs.core.admin.Administration;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.writeback.WritebackLimits;
import io.bucketfs.nfs.NfsConfig;
import io.bucketfs.nfs.NfsLimits;
import io.bucketfs.nfs.NfsServer;
import io.bucketfs.s3.S3ObjectStores;
import io.bucketfs.s3.S3Settings;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The data path of the product. Closed in the reverse order of opening: NFS accepts nothing more,
 * the core commits, S3 and the local tier close.
 */
final class WiredDataPath implements DataPath {
  private final Teardown parts;
  private final LocalTiers local;
  private final Gateway core;
  private final NfsServer nfs;

  private WiredDataPath(Teardown parts, LocalTiers local, Gateway core, NfsServer nfs) {
    this.parts = parts;
    this.local = local;
    this.core = core;
    this.nfs = nfs;
  }

  /** Opens all of it; returns once clients can mount. */
  static DataPath open(
      GatewayConfig config, long cacheSizeBytes, Execution execution, Meters meters)
      throws IOException, InterruptedException {
    if (!Ports.isFree(config.listen(), config.port())) {
      throw new IOException(
          "Port " + config.port() + " for NFS is taken: choose another with --port.");
    }
    var parts = new Teardown();
    try {
      var local =
          parts.add(
              LocalTiers.open(
                  config.state(),
                  tierSettings(MemorySplit.of(config.memoryBytes())),
                  execution,
                  PooledByteBufAllocator.DEFAULT,
                  meters));
      var stores = parts.add(new S3ObjectStores(meters, S3Settings.DEFAULT));
      var core =
          parts.add(
              Gateway.open(
                  Gateway.Config.ofDisk(cacheSizeBytes, config.freeSpaceBytes())
                      .with(
                          WritebackLimits.DEFAULT.withBandwidth(
                              config.writebackBytesPerSecondMax()))
                      .forHeap(MemorySplit.of(config.memoryBytes()).heapBytes()),
                  local.tier(),
                  stores,
                  execution,
                  meters));
      // The core has begun a new epoch durably, so the next start need not.
      local.lossHandled();
      var address = new InetSocketAddress(InetAddress.ofLiteral(config.listen()), config.port());
      var nfs =
          parts.add(
              new NfsServer(
                  NfsConfig.at(address)
                      .withLease(config.lease())
                      .withLimits(nfsLimits(MemorySplit.of(config.memoryBytes()))),
                  core.fileSystem(),
                  execution,
                  meters,
                  core.protocolRecords()));
      nfs.start();
      return new WiredDataPath(parts, local, core, nfs);
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      try (parts) {
        throw e;
      }
    }
  }

  /** What connections hold has to fit beside the RAM tier, and what clients hold into the heap. */
  private static NfsLimits nfsLimits(MemorySplit split) {
    var network = split.directBytes() - split.ramTierBytes();
    return NfsLimits.DEFAULT
        .withTraffic(NfsLimits.Traffic.DEFAULT.withMemory(network / 2))
        .withReplyCacheBytesMax(network / 4)
        .withStateBytesMax(split.heapBytes() / 4);
  }

  private static TierSettings tierSettings(MemorySplit split) {
    var standard = ExtentSettings.DEFAULTS;
    return new TierSettings(
        new ExtentSettings(standard.fileBytes(), split.ramTierBytes(), standard.openFilesMax()),
        split.metadataCacheBytes());
  }

  @Override
  public Administration administration() {
    return core.administration();
  }

  @Override
  public NfsControl nfs() {
    return new NfsControl() {
      @Override
      public NfsServer.View view() {
        return nfs.view();
      }

      @Override
      public boolean revoke(long clientId) throws IOException {
        return nfs.revoke(clientId);
      }
    };
  }

  @Override
  public void setRamTierBytes(long bytes) {
    local.setRamBytesMax(bytes);
  }

  @Override
  public void close() throws IOException {
    parts.close();
  }
}
