package io.bucketfs.bench.many;

import io.bucketfs.cache.LocalTiers;
import io.bucketfs.cache.TierSettings;
import io.bucketfs.cache.extent.ExtentSettings;
import io.bucketfs.core.Gateway;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryStores;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.nio.file.Path;

/** The stores of a state directory, and the gateway over them where it is wanted. */
final class OpenState implements AutoCloseable {
  static final String BUCKET = "bench";
  private static final int NATIVE_THREADS = 32;
  private static final long MEMORY_BYTES = 1L << 30;

  /** More than is described, so that nothing is evicted. */
  private static final long DISK_BYTES = 4L << 40;

  final ThreadExecution execution;
  final LocalTiers local;

  /** What the sparse files describe is not on the host: what it has left is not looked at. */
  private static final long FREE_BYTES = -DISK_BYTES;

  OpenState(Path folder) throws IOException {
    execution = new ThreadExecution(NATIVE_THREADS, Meters.NONE);
    // As the product divides a memory of 1 GiB.
    var settings =
        new TierSettings(
            new ExtentSettings(
                ExtentSettings.DEFAULTS.fileBytes(),
                MEMORY_BYTES / 4,
                ExtentSettings.DEFAULTS.openFilesMax()),
            MEMORY_BYTES / 100 * 8);
    local =
        LocalTiers.open(folder, settings, execution, PooledByteBufAllocator.DEFAULT, Meters.NONE);
  }

  Gateway openGateway() throws IOException {
    var stores = new MemoryStores(execution);
    stores.add(BUCKET, new MemoryBucket(execution));
    var gateway =
        Gateway.open(
            Gateway.Config.ofDisk(DISK_BYTES, FREE_BYTES),
            local.tier(),
            stores,
            execution,
            Meters.NONE);
    local.lossHandled();
    return gateway;
  }

  @Override
  public void close() throws IOException {
    try (execution) {
      local.close();
    }
  }
}
