package io.bucketfs.core;

import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.LocalTier;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.object.MemoryStores;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.vfs.FileId;
import java.io.IOException;
import java.util.SplittableRandom;

/**
 * A gateway with a mount {@code data} in memory, on threads of their own, that is killed and
 * started again. Its metadata forgets in a power loss what was not synced.
 */
public final class MemoryGateway implements AutoCloseable {
  private static final long DISK_BYTES_MAX = 1L << 40;

  private final Execution execution;
  private final MemoryStores stores;
  private final MemoryExtentStore extents = new MemoryExtentStore();
  private final SplittableRandom chance;
  private MemoryKeyValueStore metadata;
  private Gateway gateway;

  public MemoryGateway(Execution execution, long seed) throws Exception {
    this.execution = execution;
    chance = new SplittableRandom(seed);
    stores = new MemoryStores(execution);
    metadata = new MemoryKeyValueStore(execution, seed);
    gateway = open(false);
    gateway
        .administration()
        .createMount(
            new MountRequest(
                "data",
                new BucketLocation(
                    "bucket", "r", null, true, new BucketLocation.Credentials.Anonymous()),
                "",
                Mount.Policy.DEFAULT));
  }

  private Gateway open(boolean unsyncedMayBeLost) throws IOException {
    return Gateway.open(
        Gateway.Config.ofDisk(DISK_BYTES_MAX),
        new LocalTier(metadata, extents, unsyncedMayBeLost),
        stores,
        execution,
        Meters.NONE);
  }

  public Gateway gateway() {
    return gateway;
  }

  /** The root of the mount. */
  public FileId root() {
    return gateway.fileSystem().exports().getFirst().root();
  }

  /** Batches of metadata that a power loss could take. */
  public int unsyncedBatches() {
    return metadata.unsyncedBatches();
  }

  /** Ends the gateway without notice. */
  public void crash(Crash kind) {
    metadata = metadata.crash(kind, chance.split());
    try {
      gateway.close();
    } catch (IOException | RuntimeException _) {
      // Its store is gone: it ends as it can.
    }
  }

  /** Starts after a crash. */
  public void start(Crash kind) throws IOException {
    gateway = open(kind == Crash.POWER);
  }

  /** Stops in order, and starts. */
  public void restart() throws IOException {
    gateway.close();
    metadata.close();
    metadata = metadata.crash(Crash.KILL, chance.split());
    gateway = open(false);
  }

  @Override
  public void close() throws IOException {
    gateway.close();
    metadata.close();
  }
}
