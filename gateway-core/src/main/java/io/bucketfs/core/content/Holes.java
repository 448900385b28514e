package io.bucketfs.core.content;

import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.FileSystem.Region;
import io.bucketfs.core.vfs.FileSystem.SeekResult;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Rider;
import java.io.IOException;

/**
 * Finds, makes and leaves holes.
 *
 * <p>A hole that is punched is an extent without a record, also where no base shows: an export of
 * what was there before may be on its way, and become the base afterwards.
 */
final class Holes {
  /** Extents that one transaction takes away; more are done in several. */
  private static final int EXTENTS_A_TRANSACTION = 4_096;

  private static final int ATTEMPTS_MAX = 16;

  private final Committer committer;
  private final MetadataCache cache;
  private final ContentTable table;
  private final ContentLoader loader;
  private final ExclusiveUse exclusive;

  Holes(
      Committer committer,
      MetadataCache cache,
      ContentTable table,
      ContentLoader loader,
      ExclusiveUse exclusive) {
    this.committer = committer;
    this.cache = cache;
    this.table = table;
    this.loader = loader;
    this.exclusive = exclusive;
  }

  SeekResult seek(InodeKey key, long offset, Region region, Patience patience)
      throws FileSystemException {
    var file = table.acquire(key);
    try {
      for (var attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        var view = FileView.of(file, cache, patience);
        var content = view.inode().requireContent();
        var size = view.sizeBytes();
        if (offset < 0 || offset >= size) {
          throw new FileSystemException(FsError.NO_SUCH_OFFSET);
        }
        var base = content.base();
        var baseLength = base == null ? 0 : base.length();
        var found = file.seek(content.id(), offset, size, baseLength, region == Region.DATA);
        if (found >= 0) {
          return new SeekResult(found, found == size);
        }
        patience.requireWaiting();
        loader.load(file);
      }
    } finally {
      table.release(file);
    }
    throw new FileSystemException(FsError.DELAY, "the file is replaced all the time");
  }

  void allocate(Rider rider, InodeKey key, long end) throws FileSystemException {
    exclusive.of(
        key,
        () -> {
          table.unload(key);
          return committer.commit(tx -> {
            var inode = tx.requireInode(key);
            if (inode.sizeBytes() < end) {
              var edit = inode.edit();
              ContentEdits.resize(tx, edit, end);
              ContentEdits.putModified(tx, edit);
              tx.requireQuota();
            }
            return tx.noted(rider, ChangeInfo.NONE);
          });
        });
  }

  void deallocate(Rider rider, InodeKey key, long offset, long end) throws FileSystemException {
    exclusive.of(
        key,
        () -> {
          // Before the change: readers must not see its change attribute with old bytes.
          table.unload(key);
          for (var at = offset; at < end; ) {
            var from = at;
            at =
                committer.commit(tx -> {
                  var next = punch(tx, key, from, end);
                  if (next >= end) {
                    tx.noted(rider, ChangeInfo.NONE);
                  }
                  return next;
                });
          }
          return true;
        });
  }

  /** Punches a part; returns where to go on. */
  private static long punch(Tx tx, InodeKey key, long from, long to)
      throws FileSystemException, IOException {
    var inode = tx.requireInode(key);
    var content = inode.requireContent();
    var end = Math.min(to, inode.sizeBytes());
    if (from >= end) {
      return to;
    }
    var there = tx.extents(key.mount(), content.id(), from, end, EXTENTS_A_TRANSACTION);
    var stop =
        there.size() > EXTENTS_A_TRANSACTION ? there.get(EXTENTS_A_TRANSACTION).offset() : end;
    var sequence = content.sequence() + 1;
    ContentEdits.lay(tx, key, content.id(), new Extent(from, stop - from, sequence, null, 0));
    var edit = inode.edit();
    edit.content = content.withSequence(sequence);
    ContentEdits.putModified(tx, edit);
    return stop == end ? to : stop;
  }
}
