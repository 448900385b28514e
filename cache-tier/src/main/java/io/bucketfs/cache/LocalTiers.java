package io.bucketfs.cache;

import io.bucketfs.cache.extent.DirectReads;
import io.bucketfs.cache.extent.ExtentFiles;
import io.bucketfs.cache.extent.RealDisk;
import io.bucketfs.cache.metadata.MetadataFiles;
import io.bucketfs.cache.metadata.RocksMetadataStore;
import io.bucketfs.core.local.LocalTier;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A state directory in use: both local stores, and the lock that keeps other gateways out.
 *
 * <p>Whoever learns from {@link LocalTier#unsyncedMayBeLost} that data may be lost makes the
 * consequences durable (a new crash epoch), then calls {@link #lossHandled}. Until then every start
 * says so again, because a process could be killed between the two.
 */
public final class LocalTiers implements AutoCloseable {
  private final StateDirectory directory;
  private final LocalTier tier;
  private final ExtentFiles extents;
  private final @Nullable DirectReads reads;
  private final AtomicBoolean lossUnhandled;
  private final AtomicBoolean closed = new AtomicBoolean();

  private LocalTiers(
      StateDirectory directory, LocalTier tier, ExtentFiles extents, @Nullable DirectReads reads) {
    this.directory = directory;
    this.tier = tier;
    this.extents = extents;
    this.reads = reads;
    lossUnhandled = new AtomicBoolean(tier.unsyncedMayBeLost());
  }

  /**
   * Opens a state directory, and creates it if it does not exist.
   *
   * @throws StateDirectoryException where it belongs to another gateway, or to a newer version
   */
  public static LocalTiers open(
      Path path,
      TierSettings settings,
      Execution execution,
      ByteBufAllocator allocator,
      Meters meters)
      throws IOException {
    var directory = StateDirectory.open(path);
    var reads = DirectReads.open(execution);
    var opened = false;
    try {
      var boot = StateDirectory.bootId();
      var lost = directory.lastRun().unsyncedMayBeLost(boot);
      if (directory.isNew()) {
        directory.subdirectory("metadata");
      }
      var disk = new RealDisk(directory.subdirectory("extents"), reads);
      var metadata =
          new RocksMetadataStore(
              MetadataFiles.in(path), directory.isNew(), settings.metadataCacheBytes(), execution);
      try {
        // From now on the metadata is there, and one that is not is damaged.
        directory.note(new LastRun(boot, false, lost));
        var extents = new ExtentFiles(disk, settings.extents(), execution, allocator, meters);
        meters.gauge("metadata_disk_bytes", metadata::diskBytes);
        var tier = new LocalTier(metadata, extents, lost);
        var tiers = new LocalTiers(directory, tier, extents, reads);
        new CheckpointTask(metadata, execution, tiers.closed::get).start();
        opened = true;
        return tiers;
      } finally {
        if (!opened) {
          metadata.close();
        }
      }
    } finally {
      if (!opened) {
        if (reads != null) {
          reads.close();
        }
        directory.close();
      }
    }
  }

  /** The stores. */
  public LocalTier tier() {
    return tier;
  }

  /** Changes what file data in memory may take, at once. */
  public void setRamBytesMax(long bytes) {
    extents.setRamBytesMax(bytes);
  }

  /**
   * The consequences of a possible loss are durable, so the next start need not draw them again.
   */
  public void lossHandled() throws IOException {
    if (lossUnhandled.compareAndSet(true, false)) {
      directory.note(new LastRun(StateDirectory.bootId(), false, false));
    }
  }

  /** Makes everything durable, closes the stores and gives the directory free. */
  @Override
  public void close() throws IOException {
    if (closed.getAndSet(true)) {
      return;
    }
    try (directory;
        reads) {
      var durable = false;
      try {
        tier.extents().close();
        durable = true;
      } finally {
        tier.metadata().close();
      }
      if (durable) {
        directory.note(new LastRun(StateDirectory.bootId(), true, lossUnhandled.get()));
      }
    } catch (UncheckedIOException e) {
      throw new IOException("cannot close the state directory", e);
    }
  }
}
