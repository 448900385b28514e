package io.bucketfs.core;

import io.bucketfs.core.admin.Administration;
import io.bucketfs.core.admin.LocalOrders;
import io.bucketfs.core.admin.Operations;
import io.bucketfs.core.admin.StoreProbe;
import io.bucketfs.core.barrier.ExportBarriers;
import io.bucketfs.core.check.Check;
import io.bucketfs.core.content.ContentLimits;
import io.bucketfs.core.content.Contents;
import io.bucketfs.core.importer.ImportLimits;
import io.bucketfs.core.importer.Importer;
import io.bucketfs.core.importer.RecentExports;
import io.bucketfs.core.local.LocalTier;
import io.bucketfs.core.local.ProtocolRecords;
import io.bucketfs.core.mount.MountRegistry;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.namespace.Namespace;
import io.bucketfs.core.object.ObjectStores;
import io.bucketfs.core.pace.PaceLimits;
import io.bucketfs.core.pace.PacedStores;
import io.bucketfs.core.residency.Residency;
import io.bucketfs.core.residency.TreeCopy;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.CommittedProtocolRecords;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Epoch;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.writeback.WriteBack;
import io.bucketfs.core.writeback.WritebackLimits;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The file system of one state directory: the entry to this module. Opened over the local stores
 * and a way to open buckets; serves every mount that is kept there.
 */
public final class Gateway implements AutoCloseable {
  private final Committer committer;
  private final Contents contents;
  private final WriteBack writeBack;
  private final FileSystem files;
  private final Operations operations;
  private final ProtocolRecords protocolRecords;

  private Gateway(
      Committer committer,
      Contents contents,
      WriteBack writeBack,
      FileSystem files,
      Operations operations,
      ProtocolRecords protocolRecords) {
    this.committer = committer;
    this.contents = contents;
    this.writeBack = writeBack;
    this.files = files;
    this.operations = operations;
    this.protocolRecords = protocolRecords;
  }

  /**
   * How a gateway is bounded.
   *
   * @param content bounds of disk, fetches and read-ahead
   * @param cachedEntriesMax inodes, and names, that are kept in memory at most
   * @param writeback bounds of exports
   */
  public record Config(ContentLimits content, long cachedEntriesMax, WritebackLimits writeback) {
    private static final long ENTRIES_DEFAULT = 250_000;
    private static final long HEAP_BYTES_PER_ENTRY = 1_500;

    /** The defaults for a disk cap in bytes, on a disk that may be filled up. */
    public static Config ofDisk(long diskBytesMax) {
      return ofDisk(diskBytesMax, 0);
    }

    /** The defaults for a disk cap in bytes, and for what the disk keeps free. */
    public static Config ofDisk(long diskBytesMax, long freeBytesMin) {
      return new Config(
          ContentLimits.ofDisk(diskBytesMax, freeBytesMin),
          ENTRIES_DEFAULT,
          WritebackLimits.DEFAULT);
    }

    /**
     * The same with no more of anything than fits.
     *
     * @param heapBytes the heap of the process
     */
    public Config forHeap(long heapBytes) {
      return new Config(
          content.forHeap(heapBytes),
          Math.min(cachedEntriesMax, heapBytes / HEAP_BYTES_PER_ENTRY),
          writeback.forHeap(heapBytes));
    }

    /** The same with other bounds of exports. */
    public Config with(WritebackLimits otherWriteback) {
      return new Config(content, cachedEntriesMax, otherWriteback);
    }
  }

  /**
   * Opens a gateway: recovers what an earlier process left, and begins to serve. The stores stay
   * the caller's, who closes them after this.
   *
   * @throws IOException where the local stores cannot be read or written
   */
  public static Gateway open(
      Config config, LocalTier local, ObjectStores stores, Execution execution, Meters meters)
      throws IOException {
    var cache = new MetadataCache(local.metadata(), config.cachedEntriesMax());
    var committer = new Committer(local.metadata(), cache, execution, meters);
    try {
      var epoch = Epoch.open(committer, local.unsyncedMayBeLost(), execution.randomLong());
      var protocolRecords =
          CommittedProtocolRecords.open(committer, local.metadata(), local.unsyncedMayBeLost());
      var mounts = new MountTable();
      var tallies = new MountTallies();
      var recent = new RecentExports();
      var importing = new AtomicReference<Importer>();
      var contents =
          new Contents(
              local.extents(),
              committer,
              cache,
              mounts,
              importing::get,
              execution,
              meters,
              config.content(),
              epoch);
      var importer =
          new Importer(
              committer,
              cache,
              mounts,
              contents,
              contents.copies(),
              recent,
              tallies,
              execution,
              ImportLimits.DEFAULT,
              meters);
      importing.set(importer);
      var writeBack =
          new WriteBack(
              committer,
              cache,
              mounts,
              contents,
              importer,
              recent,
              tallies,
              epoch,
              execution,
              config.writeback(),
              meters);
      var registry = new MountRegistry(committer, cache, mounts, tallies, execution);
      var paced = new PacedStores(stores, execution, PaceLimits.DEFAULT, meters);
      registry.open(paced);
      contents.start(local.unsyncedMayBeLost());
      contents.onDirty(
          writeBack::dirtyBytes,
          () -> mounts.all().forEach(mount -> writeBack.hurry(mount.mount().number())));
      writeBack.start();
      var namespace = new Namespace(committer, cache, mounts, contents, importer, epoch);
      var operations =
          new Operations(
              registry,
              mounts,
              tallies,
              cache,
              importer,
              writeBack,
              paced,
              new StoreProbe(execution),
              new Check(committer, cache, local.extents(), mounts, execution),
              epoch,
              contents,
              new LocalOrders(
                  mounts,
                  new Residency(cache, contents.copies(), importer, execution),
                  new TreeCopy(namespace, execution),
                  execution),
              execution);
      execution.fork("probe-again", operations::probeAgain);
      var files = new ExportBarriers(namespace, mounts, writeBack);
      return new Gateway(committer, contents, writeBack, files, operations, protocolRecords);
    } catch (FileSystemException e) {
      committer.close();
      throw new IOException("the state directory cannot be recovered: " + e.getMessage(), e);
    } catch (IOException | RuntimeException e) {
      committer.close();
      throw e;
    }
  }

  /** What the protocol calls. */
  public FileSystem fileSystem() {
    return files;
  }

  /** What an operator orders. */
  public Administration administration() {
    return operations;
  }

  /** Durable records of the protocol engine. */
  public ProtocolRecords protocolRecords() {
    return protocolRecords;
  }

  /** Lets running exports end, makes everything durable, and stops. Nobody may use it any more. */
  @Override
  public void close() throws IOException {
    try {
      writeBack.close();
      contents.close();
    } catch (FileSystemException e) {
      throw new IOException("not everything could be made durable: " + e.getMessage(), e);
    } finally {
      committer.close();
    }
  }
}
