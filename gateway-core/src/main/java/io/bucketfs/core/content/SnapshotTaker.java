package io.bucketfs.core.content;

import io.bucketfs.core.content.Snapshots.Sequel;
import io.bucketfs.core.content.Snapshots.Taken;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** Takes snapshots of files for their exports; see {@link Snapshots#snapshot}. */
final class SnapshotTaker {
  /** How often extents may have been moved to other files before a snapshot pinned them. */
  private static final int PINS_MAX = 16;

  /** How many gaps one transaction fills. */
  private static final int GAPS_MAX = 4_096;

  private final ExtentStore extents;
  private final Committer committer;
  private final MountTable mounts;
  private final ContentTable table;
  private final ContentLoader loader;
  private final ExclusiveUse exclusive;
  private final Execution execution;

  SnapshotTaker(
      ExtentStore extents,
      Committer committer,
      MountTable mounts,
      ContentTable table,
      ContentLoader loader,
      ExclusiveUse exclusive,
      Execution execution) {
    this.extents = extents;
    this.committer = committer;
    this.mounts = mounts;
    this.table = table;
    this.loader = loader;
    this.exclusive = exclusive;
    this.execution = execution;
  }

  <T> Taken<T> take(InodeKey key, Sequel<T> sequel) throws FileSystemException {
    var file = table.acquire(key);
    try {
      for (var attempt = 0; attempt < PINS_MAX; attempt++) {
        var taken = exclusive.of(key, () -> takeAlone(file, sequel));
        if (taken != null) {
          return taken;
        }
        loader.forget(file);
      }
      throw new FileSystemException(FsError.IO, "an extent file is missing; run bucketfs check");
    } finally {
      table.release(file);
    }
  }

  /** What a transaction noted of a snapshot. */
  private record Noted<T>(Inode inode, T found) {}

  /** Takes a snapshot of a file that is used alone; null where its extents were moved. */
  private <T> @Nullable Taken<T> takeAlone(FileContent file, Sequel<T> sequel)
      throws FileSystemException {
    fillGaps(file);
    var noted =
        committer.commit(tx -> {
          var now = tx.requireInode(file.key);
          var edit = now.edit();
          edit.content = now.requireContent().withExportFloor(now.sizeBytes());
          var inode = edit.freeze();
          tx.put(inode);
          var dirty = tx.dirty(file.key);
          if (dirty != null) {
            tx.putDirty(file.key, dirty.snapshotTaken());
          }
          return new Noted<>(inode, sequel.apply(tx, inode));
        });
    loader.loadAlone(file);
    var mapped = file.allExtents();
    var inode = noted.inode();
    var content = inode.requireContent();
    // What the base has may be evicted meanwhile, and be fetched again where it is needed.
    var pins = pin(mapped.stream().filter(extent -> !content.hasInBase(extent)).toList());
    return pins == null
        ? null
        : new Taken<>(
            new PinnedSnapshot(
                inode, mapped, pins, extents, mounts.require(file.key.mount()).store(), execution),
            noted.found());
  }

  /**
   * Lays holes where a file that is used alone was never written, so that they have a sequence. The
   * extents in memory are forgotten first: an earlier export that is acknowledged meanwhile would
   * make a reader take a gap in them for bytes of its object.
   */
  private void fillGaps(FileContent file) throws FileSystemException {
    var inode = loader.loadAlone(file);
    var gaps = file.gaps(inode);
    if (gaps.isEmpty()) {
      return;
    }
    file.unload();
    for (var from = 0; from < gaps.size(); from += GAPS_MAX) {
      lay(file, inode, gaps.subList(from, Math.min(gaps.size(), from + GAPS_MAX)));
    }
  }

  private void lay(FileContent file, Inode inode, List<Extent> gaps) throws FileSystemException {
    committer.commit(tx -> {
      var content = inode.requireContent().id();
      if (tx.requireInode(file.key).requireContent().id() == content) {
        for (var gap : gaps) {
          ContentEdits.lay(tx, file.key, content, gap);
        }
      }
      return true;
    });
  }

  /** Pins the files of extents, or returns null where one of them is gone. */
  private @Nullable Map<Long, ExtentStore.Pin> pin(List<Extent> mapped) {
    var pins = new LinkedHashMap<Long, ExtentStore.Pin>();
    try {
      for (var extent : mapped) {
        var record = extent.record();
        if (record != null && !pins.containsKey(record.file())) {
          pins.put(record.file(), extents.pin(record.file()));
        }
      }
      return pins;
    } catch (NoSuchElementException _) {
      pins.values().forEach(ExtentStore.Pin::close);
      return null;
    }
  }
}
