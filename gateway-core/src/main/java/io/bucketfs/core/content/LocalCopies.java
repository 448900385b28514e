package io.bucketfs.core.content;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The copies of S3's bytes on the local disk, file by file: they are fetched before somebody reads
 * them, and dropped before the cap asks for it. What S3 does not have is never touched. Any thread
 * that may wait.
 */
public final class LocalCopies {
  private static final int EXTENTS_A_TRANSACTION = 512;

  /** What of the room for clean bytes is promised: records have headers, and are aligned. */
  private static final int ROOM_PERCENT = 95;

  private static final int PERCENT = 100;

  private final Committer committer;
  private final MetadataCache cache;
  private final ContentTable table;
  private final Reader reader;
  private final Fills fills;
  private final LastReads lastReads;
  private final DiskSpace space;
  private final Evictor evictor;
  private final Pins pins;
  private final ContentLoader loader;

  LocalCopies(
      Committer committer,
      MetadataCache cache,
      ContentTable table,
      Reader reader,
      Fills fills,
      LastReads lastReads,
      DiskSpace space,
      Evictor evictor,
      Pins pins,
      ContentLoader loader) {
    this.committer = committer;
    this.cache = cache;
    this.table = table;
    this.reader = reader;
    this.fills = fills;
    this.lastReads = lastReads;
    this.space = space;
    this.evictor = evictor;
    this.pins = pins;
    this.loader = loader;
  }

  /** What is never dropped, but by its file being removed. */
  public Pins pins() {
    return pins;
  }

  /** What pins may hold of the disk, in bytes. */
  public long pinnedBytesMax() {
    return space.pinnedBytesMax();
  }

  /** How many bytes can be fetched and stay, if everything clean that is not pinned made way. */
  public long roomBytes() {
    return space.cleanBytesMax() / PERCENT * ROOM_PERCENT;
  }

  /** Whether so many bytes fit without anything making way for them. */
  public boolean isFree(long bytes) {
    return space.isFree(bytes);
  }

  /** Bytes of a file that only S3 has. */
  public long missingBytes(InodeKey key) throws FileSystemException {
    var file = table.acquire(key);
    try {
      return reader.missingBytes(file, 0, Long.MAX_VALUE);
    } finally {
      table.release(file);
    }
  }

  /**
   * Fetches what only S3 has of a file.
   *
   * @param fetched is told of bytes that are here, as they come
   */
  public void fetch(InodeKey key, LongConsumer fetched) throws FileSystemException {
    var file = table.acquire(key);
    try {
      var end = ContentLoader.requireFile(cache, key, Patience.FOREVER).sizeBytes();
      for (var at = 0L; at < end; ) {
        var missing = reader.missingBytes(file, at, end);
        if (missing == 0) {
          break;
        }
        var to = reader.fetchMissing(file, at, end, Patience.FOREVER);
        fetched.accept(missing - reader.missingBytes(file, at, end));
        at = to;
      }
      lastReads.note(file);
    } finally {
      table.release(file);
    }
  }

  /**
   * Fetches a small file in one request, as long as there is room for it without anything making
   * way. Called by as many at a time as there may be requests.
   *
   * @return what the reply says of the object; null where nothing was fetched: there is no room,
   *     some of it is here already, or the object cannot be read or is another one by now
   */
  public @Nullable ObjectHead fetchWithHead(Inode inode) throws FileSystemException {
    var key = inode.key();
    if (!space.isFree(inode.sizeBytes())) {
      return null;
    }
    var file = table.acquire(key);
    try {
      loader.load(file);
      return fills.fetchWhole(file, inode);
    } catch (Fills.BaseGoneException _) {
      return null;
    } catch (FileSystemException e) {
      if (e.error() == FsError.DELAY) {
        throw e;
      }
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FileSystemException(FsError.DELAY, "interrupted");
    } finally {
      table.release(file);
    }
  }

  /** The bytes of a small file that is here. */
  public byte[] bytes(Inode inode) throws FileSystemException {
    var file = table.acquire(inode.key());
    try {
      var read = reader.read(file, 0, Math.toIntExact(inode.sizeBytes()), Patience.FOREVER).data();
      try {
        var bytes = new byte[read.readableBytes()];
        read.readBytes(bytes);
        return bytes;
      } finally {
        read.release();
      }
    } finally {
      table.release(file);
    }
  }

  /**
   * What became of the copy of a file.
   *
   * @param bytes that were dropped
   * @param isWhole whether none of its bytes are here any more
   */
  public record Dropped(long bytes, boolean isWhole) {}

  /** Drops what S3 has of a file, too. */
  public Dropped drop(InodeKey key) throws FileSystemException {
    return drop(key, Integer.MAX_VALUE);
  }

  /** As {@link #drop(InodeKey)}, unless somebody used it on a given day or later. */
  Dropped drop(InodeKey key, int unusedSince) throws FileSystemException {
    var bytes = 0L;
    for (var from = 0L; ; ) {
      var start = from;
      var turn = committer.apply(tx -> drop(tx, key, start, unusedSince));
      bytes += turn.bytes;
      if (turn.next < 0) {
        return new Dropped(bytes, turn.isWhole);
      }
      from = turn.next;
    }
  }

  /** Looks for extent files in which nothing is left. */
  public void deleteDead() {
    evictor.wake();
  }

  /** A turn; the next one begins at an offset, or there is none below 0. */
  private record Turn(long bytes, long next, boolean isWhole) {
    static final Turn NOTHING = new Turn(0, -1, false);
  }

  private Turn drop(Tx tx, InodeKey key, long from, int unusedSince) throws IOException {
    var inode = tx.inode(key);
    var content = inode == null ? null : inode.content();
    var present = table.present(key);
    if (content == null) {
      LastReads.forget(tx, key);
      return Turn.NOTHING;
    }
    if (!isUnused(tx, key, unusedSince)) {
      return Turn.NOTHING;
    }
    var extents =
        tx.extents(key.mount(), content.id(), from, Long.MAX_VALUE, EXTENTS_A_TRANSACTION);
    var bytes = 0L;
    var kept = from > 0;
    for (var extent : extents) {
      if (extent.record() != null && content.hasInBase(extent)) {
        tx.deleteExtent(key.mount(), content.id(), extent);
        tx.afterCommit(() -> {
          if (present != null) {
            present.dropped(content.id(), extent);
          }
        });
        bytes += extent.length();
      } else {
        kept |= extent.record() != null;
      }
    }
    if (extents.size() > EXTENTS_A_TRANSACTION) {
      return new Turn(bytes, extents.getLast().end(), false);
    }
    var isWhole = !kept && isUnmapped(tx, key, content.id());
    if (isWhole && unusedSince != Integer.MAX_VALUE) {
      LastReads.forget(tx, key);
    }
    return new Turn(bytes, -1, isWhole);
  }

  private boolean isUnused(Tx tx, InodeKey key, int since) throws IOException {
    if (since == Integer.MAX_VALUE) {
      return true;
    }
    var stored = tx.get(Family.READS, Keys.inode(key.mount(), key.number()));
    return lastReads.notedDay(key) < since && (stored == null || LastReads.dayOf(stored) < since);
  }

  /** Whether a content has no bytes here, as this transaction sees it. */
  private static boolean isUnmapped(Tx tx, InodeKey key, long content) throws IOException {
    return tx
        .scan(
            Family.EXTENTS,
            Keys.extent(key.mount(), content, 0),
            Keys.extent(key.mount(), content + 1, 0),
            EXTENTS_A_TRANSACTION)
        .stream()
        .map(Extent::ofEntry)
        .noneMatch(extent -> extent.record() != null);
  }
}
