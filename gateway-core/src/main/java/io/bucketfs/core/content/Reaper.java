package io.bucketfs.core.content;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frees the extents of contents that were replaced, and files without a name once nobody has them
 * open. Works in small transactions from the family ORPHANS, so that it goes on after a restart.
 *
 * <p>After a start, files without a name are left alone for a while: clients may still reclaim
 * their opens.
 */
final class Reaper {
  private static final Logger LOG = LoggerFactory.getLogger(Reaper.class);
  private static final int EXTENTS_A_TRANSACTION = 512;
  private static final int ORPHANS_A_PAGE = 256;
  private static final Duration RECLAIM_TIME = Duration.ofMinutes(3);

  private final Committer committer;
  private final MetadataCache cache;
  private final ContentTable table;
  private final Execution execution;
  private final Signal signal;
  private final long startedNanos;
  private volatile boolean stopped;
  private volatile boolean reclaiming = true;
  private Execution.@Nullable Task reclaimEnd;

  Reaper(Committer committer, MetadataCache cache, ContentTable table, Execution execution) {
    this.committer = committer;
    this.cache = cache;
    this.table = table;
    this.execution = execution;
    signal = new Signal();
    startedNanos = Committer.nanos(execution.now());
  }

  void start() {
    committer.onOrphans(signal::raise);
    reclaimEnd =
        execution.schedule(
            RECLAIM_TIME,
            "reclaim-end",
            () -> {
              reclaiming = false;
              signal.raise();
            });
    execution.fork("reaper", this::loop);
    signal.raise();
  }

  /** The last open of a file ended. */
  void closed(InodeKey key) {
    try {
      var inode = table.active(key) == null ? cache.inode(key, Patience.NONE) : null;
      if (inode != null && inode.links() == 0) {
        signal.raise();
      }
    } catch (IOException | WouldBlock _) {
      signal.raise();
    }
  }

  void stop() {
    stopped = true;
    if (reclaimEnd != null) {
      reclaimEnd.cancel();
    }
    signal.raise();
  }

  private void loop() {
    try {
      while (!stopped) {
        signal.await();
        reap(new byte[0], null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (FileSystemException | IOException e) {
      LOG.error("Freeing of old contents stopped; a restart goes on with it", e);
    }
  }

  /** Frees what can be freed of one mount, in the caller's thread. */
  void reap(int mount) throws IOException, FileSystemException {
    reap(Keys.mount(mount), Keys.endOfPrefix(Keys.mount(mount)));
  }

  private void reap(byte[] begin, byte @Nullable [] end) throws IOException, FileSystemException {
    var from = begin;
    while (!stopped) {
      var page = cache.store().scan(Family.ORPHANS, from, end, ORPHANS_A_PAGE);
      for (var orphan : page) {
        var key = new RecordReader(orphan.key());
        var mount = key.i32();
        var content = key.i64();
        var inode = new InodeKey(mount, new RecordReader(orphan.value()).i64());
        while (!stopped && !free(inode, content, orphan.key())) {
          // Each turn frees another part.
        }
      }
      if (page.size() < ORPHANS_A_PAGE) {
        return;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  /**
   * Frees a part; returns whether nothing is left to do for now. Without a sync: a loss of power
   * takes it back as a whole, and what is deleted because of it is deleted after a sync.
   */
  private boolean free(InodeKey key, long content, byte[] orphan) throws FileSystemException {
    return committer.apply(tx -> {
      var inode = tx.inode(key);
      if (inode != null && isCurrent(inode, content)) {
        if (inode.links() > 0) {
          tx.delete(Family.ORPHANS, orphan);
          return true;
        }
        if (isOpen(key) || (reclaiming && inode.changeNanos() < startedNanos)) {
          return true;
        }
      }
      var extents =
          tx.scan(
              Family.EXTENTS,
              Keys.extent(key.mount(), content, 0),
              Keys.extent(key.mount(), content + 1, 0),
              EXTENTS_A_TRANSACTION);
      for (var extent : extents) {
        tx.deleteExtent(key.mount(), content, Extent.ofEntry(extent));
      }
      if (extents.size() == EXTENTS_A_TRANSACTION) {
        return false;
      }
      tx.delete(Family.ORPHANS, orphan);
      if (inode != null && isCurrent(inode, content)) {
        tx.deleteInode(key);
        LastReads.forget(tx, key);
        tx.afterCommit(() -> table.forget(key));
      }
      return true;
    });
  }

  private static boolean isCurrent(Inode inode, long content) {
    var now = inode.content();
    return now != null && now.id() == content;
  }

  private boolean isOpen(InodeKey key) {
    var file = table.active(key);
    return file != null && file.opens.get() > 0;
  }
}
