package io.bucketfs.core.content;

import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileSystem.Copied;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Rider;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Clones and copies ranges of files by letting a second file map the same records.
 *
 * <p>A record lives as long as any file maps it (family REFERENCES), and is dirty for each of them
 * by itself: the source may have it in S3 while the copy has not. What only S3 has is fetched
 * first; both files are locked only once all is here. Fetched records are not durable by
 * themselves, since a lost one is fetched again; before a copy depends on them they are synced.
 * Those of an earlier process, which a power loss may have taken, are read before that, and are
 * fetched again where they are bad.
 *
 * <p>A clone is seen as a whole or not at all, unlike a copy: its first transaction maps nothing
 * unless all of it is here. One transaction maps at most so many extents. A clone of more becomes
 * visible as a whole all the same, since readers wait for the lock; only a crash of the machine or
 * the process in the middle leaves a part, and then the client, which has no answer, sends it
 * again, or a copy that is dropped in the middle, until it is fetched again.
 */
final class Sharing {
  private static final Logger LOG = LoggerFactory.getLogger(Sharing.class);
  private static final int EXTENTS_A_TRANSACTION = 4_096;
  private static final int IDLE_TURNS_MAX = 64;
  private static final Duration PAUSE = Duration.ofMillis(5);

  /** How long a copy takes at most once a part of it is done. */
  private static final Duration COPY_TIME = Duration.ofSeconds(1);

  private final ExtentStore extents;
  private final Committer committer;
  private final MetadataCache cache;
  private final ContentTable table;
  private final Reader reader;
  private final ExclusiveUse exclusive;
  private final DiskSpace space;
  private final Execution execution;
  private final LastReads lastReads;

  /** Files from this one on are of this process. */
  private final long firstFile;

  Sharing(
      ExtentStore extents,
      Committer committer,
      MetadataCache cache,
      ContentTable table,
      Reader reader,
      ExclusiveUse exclusive,
      DiskSpace space,
      Execution execution,
      LastReads lastReads) {
    this.extents = extents;
    this.committer = committer;
    this.cache = cache;
    this.table = table;
    this.reader = reader;
    this.exclusive = exclusive;
    this.space = space;
    this.execution = execution;
    this.lastReads = lastReads;
    firstFile = extents.tail(ExtentStore.Stream.FILL).file();
  }

  /**
   * What is to be copied where, and is noted with the last of it.
   *
   * @param whole whether it is seen as a whole or not at all
   */
  record Job(
      Rider rider,
      InodeKey from,
      long fromOffset,
      InodeKey to,
      long toOffset,
      long length,
      boolean whole) {
    private long end() {
      return fromOffset + length;
    }
  }

  /** What of a job is done, and the fetched records that are durable since. */
  private static final class Progress {
    private long done;
    private long reservedBytes;
    private final Set<ExtentRecord> synced = new HashSet<>();
  }

  /** What one transaction came to. */
  private sealed interface Turn {
    /**
     * So many bytes were mapped, and what they make of the reservation is used; none where the next
     * one is only in the bucket.
     */
    record Mapped(long bytes, long releasedBytes) implements Turn {}

    /** Nothing was mapped, since these are not durable. */
    record Unsynced(List<Extent> pieces) implements Turn {}
  }

  /** Does all of a job. */
  void cloneAll(Job job, Patience patience) throws FileSystemException {
    requireRoom(job);
    space.awaitDirty(job.to.mount(), 0, patience);
    var progress = reserve(job);
    try {
      cloneAll(job, progress, patience);
    } finally {
      release(job, progress);
    }
  }

  /** Sets aside what the target grows by, so that nothing is refused half way. */
  private Progress reserve(Job job) throws FileSystemException {
    var progress = new Progress();
    var mount = job.to.mount();
    if (committer.usages().limitsBytes(mount)) {
      var growth = job.toOffset + job.length - sizeOf(job.to);
      if (growth > 0) {
        if (!committer.usages().reserve(mount, growth)) {
          throw new FileSystemException(FsError.QUOTA);
        }
        progress.reservedBytes = growth;
      }
    }
    return progress;
  }

  private void release(Job job, Progress progress) {
    committer.usages().release(job.to.mount(), progress.reservedBytes);
  }

  private long sizeOf(InodeKey key) throws FileSystemException {
    var file = table.acquire(key);
    try {
      return FileView.of(file, cache, Patience.FOREVER).sizeBytes();
    } finally {
      table.release(file);
    }
  }

  private void cloneAll(Job job, Progress progress, Patience patience) throws FileSystemException {
    for (var turn = 0; progress.done < job.length; turn++) {
      var before = progress.done;
      for (var at = job.fromOffset + before; at < job.end(); ) {
        at = fetch(job, at, job.end(), patience);
      }
      exclusive.of(
          job.from,
          job.to,
          () -> missingBytes(job) > 0 ? before : mapAll(job, progress, job.length, Long.MAX_VALUE));
      requireProgress(job, turn, progress.done > before);
    }
  }

  /** Does a part of a job; returns how much. What stops early is noted after its last part. */
  long copyPart(Job job, Patience patience) throws FileSystemException {
    var progress = reserve(job);
    try {
      return copyPart(job, progress, patience);
    } finally {
      release(job, progress);
    }
  }

  private long copyPart(Job job, Progress progress, Patience patience) throws FileSystemException {
    var deadline = execution.nanoTime() + COPY_TIME.toNanos();
    for (var turn = 0; progress.done < job.length; turn++) {
      var before = progress.done;
      if (before > 0 && execution.nanoTime() - deadline >= 0) {
        break;
      }
      long stop;
      try {
        stop = fetch(job, job.fromOffset + before, job.end(), patience);
      } catch (FileSystemException e) {
        if (before == 0) {
          throw e;
        }
        // What is done stays done; the next call meets the failure at its start.
        break;
      }
      if (before == 0) {
        space.awaitDirty(job.to.mount(), 0, patience);
      }
      exclusive.of(job.from, job.to, () -> mapAll(job, progress, stop - job.fromOffset, deadline));
      requireProgress(job, turn, progress.done > before);
    }
    if (progress.done < job.length) {
      committer.commit(tx -> tx.noted(job.rider, new Copied(progress.done)));
    }
    return progress.done;
  }

  private long fetch(Job job, long from, long to, Patience patience) throws FileSystemException {
    var file = table.acquire(job.from);
    try {
      return reader.fetchMissing(file, from, to, patience);
    } finally {
      table.release(file);
    }
  }

  /** A clone has to be here in one piece, together with what else is dirty. */
  private void requireRoom(Job job) throws FileSystemException {
    if (missingBytes(job) > space.bytesMax() / 2) {
      throw new FileSystemException(
          FsError.INVALID, "what is not here of the file does not fit the cache; copy it");
    }
  }

  private long missingBytes(Job job) throws FileSystemException {
    var file = table.acquire(job.from);
    try {
      return reader.missingBytes(file, job.fromOffset, job.end());
    } finally {
      table.release(file);
    }
  }

  /** Where nothing came of a turn what was fetched is gone again, or is being committed. */
  private void requireProgress(Job job, int turn, boolean progress) throws FileSystemException {
    if (progress) {
      return;
    }
    if (turn >= IDLE_TURNS_MAX) {
      throw new FileSystemException(FsError.DELAY, "the cache is too small to copy in");
    }
    try {
      execution.sleep(PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FileSystemException(FsError.DELAY, "interrupted");
    }
    if (turn > 0) {
      table.unload(job.from);
    }
  }

  /** Maps as far as the source is here. Both files are used by nobody else. */
  private long mapAll(Job job, Progress progress, long to, long deadlineNanos)
      throws FileSystemException {
    // Before the first change: readers must not see its size or change attribute with old bytes.
    table.unload(job.to);
    while (progress.done < to) {
      var turn =
          committer.commit(tx -> {
            var mapped = map(tx, job, progress, to);
            if (mapped instanceof Turn.Mapped(var bytes, _)
                && progress.done + bytes == job.length) {
              tx.noted(job.rider, new Copied(job.length));
            }
            return mapped;
          });
      switch (turn) {
        case Turn.Mapped(var bytes, var releasedBytes) -> {
          progress.reservedBytes -= releasedBytes;
          if (bytes == 0) {
            return progress.done;
          }
          progress.done += bytes;
          progress.synced.clear();
        }
        case Turn.Unsynced(var pieces) -> {
          if (dropDamaged(job.from, pieces)) {
            return progress.done;
          }
          var records = pieces.stream().map(Extent::requireRecord).toList();
          try {
            extents.sync(records);
          } catch (IOException e) {
            throw Failures.ofDisk(e);
          }
          progress.synced.addAll(records);
        }
      }
      if (deadlineNanos != Long.MAX_VALUE && execution.nanoTime() - deadlineNanos >= 0) {
        return progress.done;
      }
    }
    return progress.done;
  }

  /** Whether records turned out to be lost. They are no longer mapped then, and fetched again. */
  private boolean dropDamaged(InodeKey key, List<Extent> pieces) throws FileSystemException {
    var damaged = new ArrayList<Extent>();
    for (var piece : pieces) {
      if (isDamaged(piece.requireRecord())) {
        damaged.add(piece);
      }
    }
    if (damaged.isEmpty()) {
      return false;
    }
    LOG.warn("{} copies of what S3 has cannot be read and are fetched again", damaged.size());
    committer.commit(tx -> {
      var content = tx.requireInode(key).requireContent();
      for (var piece : damaged) {
        if (!content.hasInBase(piece)) {
          throw new FileSystemException(FsError.IO, "bytes that S3 does not have cannot be read");
        }
        ContentEdits.drop(tx, key, content, piece);
      }
      return null;
    });
    table.unload(key);
    return true;
  }

  private boolean isDamaged(ExtentRecord record) throws FileSystemException {
    if (record.file() >= firstFile) {
      return false;
    }
    try {
      extents.verify(record);
      return false;
    } catch (CorruptExtentException | NoSuchFileException _) {
      return true;
    } catch (IOException e) {
      throw Failures.ofDisk(e);
    }
  }

  private Turn map(Tx tx, Job job, Progress progress, long to)
      throws FileSystemException, IOException {
    var source = tx.requireInode(job.from).requireContent();
    var target = tx.requireInode(job.to);
    if (tx.requireInode(job.from).sizeBytes() < job.end()) {
      throw new FileSystemException(FsError.INVALID, "the source is shorter");
    }
    var content = target.requireContent();
    var shift = job.toOffset - job.fromOffset;
    var from = job.fromOffset + progress.done;
    var there =
        tx.extents(
            job.to.mount(), content.id(), from + shift, job.toOffset + to, EXTENTS_A_TRANSACTION);
    var end =
        there.size() > EXTENTS_A_TRANSACTION
            ? Math.max(from + 1, there.get(EXTENTS_A_TRANSACTION).offset() - shift)
            : job.fromOffset + to;
    var pieces = pieces(tx, job.from, source, from, end);
    var unsynced = new ArrayList<Extent>();
    for (var piece : pieces) {
      var record = piece.record();
      if (record != null && piece.isFill() && !progress.synced.contains(record)) {
        unsynced.add(piece);
      }
    }
    if (!unsynced.isEmpty()) {
      return new Turn.Unsynced(unsynced);
    }
    var stop = pieces.isEmpty() ? from : pieces.getLast().end();
    var isCutShort = stop < end && pieces.size() < EXTENTS_A_TRANSACTION;
    if (pieces.isEmpty() || (isCutShort && job.whole && progress.done == 0)) {
      return new Turn.Mapped(0, 0);
    }
    var sequence = content.sequence() + 1;
    // A hole over everything takes away what was there; then it makes way for the pieces.
    var room = new Extent(from + shift, stop - from, sequence, null, 0);
    ContentEdits.lay(tx, job.to, content.id(), room);
    tx.deleteExtent(job.to.mount(), content.id(), room);
    for (var piece : pieces) {
      tx.putExtent(
          job.to,
          content.id(),
          new Extent(
              piece.offset() + shift, piece.length(), sequence, piece.record(), piece.skip()));
    }
    var edit = target.edit();
    edit.content = content.withSequence(sequence);
    edit.sizeBytes = Math.max(edit.sizeBytes, stop + shift);
    ContentEdits.putModified(tx, edit);
    lastReads.put(tx, job.to);
    var used = Math.min(progress.reservedBytes, edit.sizeBytes - target.sizeBytes());
    tx.release(job.to.mount(), used);
    return new Turn.Mapped(stop - from, used);
  }

  /** The extents of a range without gaps, up to the first byte that only the bucket has. */
  private static List<Extent> pieces(Tx tx, InodeKey file, Content content, long from, long to)
      throws IOException {
    var base = content.base();
    var baseLength = base == null ? 0 : base.length();
    var pieces = new ArrayList<Extent>();
    var at = from;
    for (var extent : tx.extents(file.mount(), content.id(), from, to, EXTENTS_A_TRANSACTION)) {
      if (at < extent.offset()) {
        if (at < baseLength) {
          return pieces;
        }
        pieces.add(new Extent(at, extent.offset() - at, 0, null, 0));
        at = extent.offset();
      }
      if (pieces.size() >= EXTENTS_A_TRANSACTION) {
        return pieces;
      }
      var stop = Math.min(extent.end(), to);
      pieces.add(extent.slice(at, stop));
      at = stop;
    }
    if (at < to && at >= baseLength) {
      pieces.add(new Extent(at, to - at, 0, null, 0));
    }
    return pieces;
  }
}
