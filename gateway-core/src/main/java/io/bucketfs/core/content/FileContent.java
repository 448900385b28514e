package io.bucketfs.core.content;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A file in use: its extents in memory, its unstable writes (the overlay), and what is being
 * fetched for it.
 *
 * <p>The overlay holds extents, size and times of writes that no metadata transaction has
 * persisted. It is seen by every reader at once, and becomes durable by a commit.
 *
 * <p>Locks, in this order: {@link #commits} (one commit at a time), {@link #gate} (writers share
 * it; commits, truncates and snapshots take it alone, so that no write is half way through; held
 * over disk writes, never on an event loop), {@link #lock} (fields; never held over anything that
 * waits).
 */
final class FileContent {
  final InodeKey key;
  final ReentrantLock commits = new ReentrantLock();
  final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);
  final ReentrantLock lock = new ReentrantLock();

  /** Who uses this object; guarded by the map entry of {@link ContentTable}. */
  int users;

  final AtomicInteger opens = new AtomicInteger();
  final AtomicInteger writers = new AtomicInteger();

  /** The content whose extents are loaded, or 0. */
  @GuardedBy("lock")
  private long loaded;

  @GuardedBy("lock")
  private ExtentMap map = new ExtentMap();

  /** The content that the sequence counts for; also that of all unstable writes. */
  @GuardedBy("lock")
  private long counted;

  @GuardedBy("lock")
  private long sequence;

  /** By their sequence. */
  @GuardedBy("lock")
  private final SequencedMap<Long, Unstable> unstable = new LinkedHashMap<>();

  /** Up to this sequence a commit may be about to persist the unstable writes. */
  @GuardedBy("lock")
  private long captured;

  /** What is reserved of the mount's quota for unstable writes and those that are under way. */
  @GuardedBy("lock")
  private long reservedBytes;

  /** How long the file gets by those writes; 0 where it does not grow. */
  @GuardedBy("lock")
  private long reservedEnd;

  /** What the last commit made of the inode; null before one. */
  @GuardedBy("lock")
  private @Nullable Inode published;

  /** Read without the lock for attributes, written under it. */
  private volatile @Nullable Overlay overlay;

  /** The last day on which {@link LastReads} noted a read. */
  volatile int readDay;

  /** The last day that it stored together with bytes. */
  volatile int storedDay;

  /** Granules of the base that are on their way, by their number. */
  @GuardedBy("lock")
  final Map<Long, CompletableFuture<Void>> fetching = new HashMap<>();

  /** Who reads it from front to back; null until somebody reads. */
  @GuardedBy("lock")
  private @Nullable ReadStreams streams;

  /** Grows whenever extents are forgotten: a fill that began before that is not laid any more. */
  @GuardedBy("lock")
  private long fence;

  /**
   * An unstable write.
   *
   * @param mark keeps the log from it on
   * @param bytes a copy for {@link RedoLog}, or null
   * @param alone whether nothing can be stored that it would have to be laid over
   */
  record Unstable(Extent extent, LogFloor.Mark mark, byte @Nullable [] bytes, boolean alone) {}

  /**
   * What unstable writes changed in the inode.
   *
   * @param sinceNanos when the first of them was written
   * @param modifyNanos when the last of them was written
   * @param writes how many there were
   * @param taken how many of them a commit took that may have ended
   * @param takenSequence that of the inode's content once it has
   */
  record Overlay(
      long sizeBytes,
      long sinceNanos,
      long modifyNanos,
      long writes,
      long taken,
      long takenSequence) {

    private Overlay taken(long sequence) {
      return new Overlay(sizeBytes, sinceNanos, modifyNanos, writes, writes, sequence);
    }

    private Overlay without(Overlay committed) {
      return new Overlay(
          sizeBytes, committed.modifyNanos, modifyNanos, writes - committed.writes, 0, 0);
    }

    /**
     * The change counter of a file with these writes: it grows with each of them and with each
     * change of the inode, and stays as it is where they become a part of the inode.
     */
    long change(Inode inode) {
      var content = inode.content();
      var isIn = content != null && content.sequence() >= takenSequence;
      return inode.change() + writes - (isIn ? taken : 0);
    }
  }

  FileContent(InodeKey key) {
    this.key = key;
  }

  @Nullable Overlay overlay() {
    return overlay;
  }

  /**
   * How long a file is with what unstable writes made of it. The larger one counts: a truncate
   * comes after a commit of all of them, and none makes the file shorter.
   */
  static long sizeBytes(Inode inode, @Nullable Overlay overlay) {
    return overlay == null ? inode.sizeBytes() : Math.max(inode.sizeBytes(), overlay.sizeBytes);
  }

  /** A write may have begun with the inode of before a commit that has been published since. */
  @GuardedBy("lock")
  private Inode newest(Inode known) {
    var other = published;
    return other != null && other.change() > known.change() ? other : known;
  }

  /** Whether the extents of the inode's content are in memory. */
  boolean isLoaded(Inode inode) {
    lock.lock();
    try {
      return loaded == inode.requireContent().id();
    } finally {
      lock.unlock();
    }
  }

  /** Installs extents that were read from the store. The gate is held alone. */
  void install(Inode inode, ExtentMap extents) {
    lock.lock();
    try {
      var content = inode.requireContent();
      sequence =
          counted == content.id() ? Math.max(sequence, content.sequence()) : content.sequence();
      counted = content.id();
      loaded = content.id();
      fence++;
      map = extents;
      unstable.values().forEach(write -> map.lay(write.extent));
    } finally {
      lock.unlock();
    }
  }

  /** Forgets the extents, so that the next use reads them again. */
  void unload() {
    lock.lock();
    try {
      loaded = 0;
      fence++;
      map = new ExtentMap();
    } finally {
      lock.unlock();
    }
  }

  /** The extents that overlap a range, or null where this content is not loaded. */
  @Nullable List<Extent> overlapping(long content, long from, long to) {
    lock.lock();
    try {
      return loaded == content ? map.overlapping(from, to) : null;
    } finally {
      lock.unlock();
    }
  }

  /** As {@link ExtentMap#seek}; -1 where this content is not loaded. */
  long seek(long content, long from, long to, long baseLength, boolean data) {
    lock.lock();
    try {
      return loaded == content ? map.seek(from, to, baseLength, data) : -1;
    } finally {
      lock.unlock();
    }
  }

  /**
   * What was never written of a file whose extents are loaded, as holes: once the file is exported
   * they would look like bytes of the base. That may be of an earlier snapshot, and have there what
   * was cut off since, so that the holes count as changed now.
   */
  List<Extent> gaps(Inode inode) {
    var content = inode.requireContent();
    var base = content.base();
    var start = base == null ? 0 : base.length();
    lock.lock();
    try {
      return map.gaps(start, inode.sizeBytes(), content.sequence());
    } finally {
      lock.unlock();
    }
  }

  List<Extent> allExtents() {
    lock.lock();
    try {
      return map.all();
    } finally {
      lock.unlock();
    }
  }

  int extentCount() {
    lock.lock();
    try {
      return map.size();
    } finally {
      lock.unlock();
    }
  }

  /** The sequence for the next write. */
  long nextSequence() {
    lock.lock();
    try {
      return ++sequence;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Reserves what a write up to the given end makes the file grow by; false where that was refused.
   * The gate is held, shared.
   *
   * @param reserve reserves a number of bytes, or refuses
   */
  boolean reserve(Inode inode, long end, LongPredicate reserve) {
    lock.lock();
    try {
      var old = overlay;
      var from = Math.max(reservedEnd, sizeBytes(newest(inode), old));
      if (end <= from) {
        return true;
      }
      if (!reserve.test(end - from)) {
        return false;
      }
      reservedEnd = end;
      reservedBytes += end - from;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Takes back what was reserved for writes that failed, where no other is to be committed. */
  long unreserve() {
    gate.writeLock().lock();
    try {
      return takeReserved();
    } finally {
      gate.writeLock().unlock();
    }
  }

  /**
   * As {@link #unreserve}, but 0 where others have the gate: those who write commit it, or fail.
   */
  long tryUnreserve() {
    if (!gate.writeLock().tryLock()) {
      return 0;
    }
    try {
      return takeReserved();
    } finally {
      gate.writeLock().unlock();
    }
  }

  private long takeReserved() {
    lock.lock();
    try {
      if (overlay != null) {
        return 0;
      }
      var unused = reservedBytes;
      reservedBytes = 0;
      reservedEnd = 0;
      return unused;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes a write visible.
   *
   * @return the unstable writes of which nothing is left to see, and which nobody needs any more:
   *     those under it, or itself where others that began later lie over all of it
   */
  List<Unstable> wrote(
      Inode inode, Extent extent, LogFloor.Mark mark, byte @Nullable [] bytes, long nowNanos) {
    lock.lock();
    try {
      var under = map.overlapping(extent.offset(), extent.end());
      // What is fetched from a base is stored before it is in the map.
      var alone = inode.requireContent().base() == null && under.isEmpty();
      var superseded = takeSuperseded(under, extent);
      map.lay(extent);
      var write = new Unstable(extent, mark, bytes, alone);
      if (isSeen(extent)) {
        unstable.put(extent.sequence(), write);
      } else {
        superseded.add(write);
      }
      var old = overlay;
      var size = Math.max(sizeBytes(newest(inode), old), extent.end());
      overlay =
          old == null
              ? new Overlay(size, nowNanos, nowNanos, 1, 0, 0)
              : new Overlay(
                  size, old.sinceNanos, nowNanos, old.writes + 1, old.taken, old.takenSequence);
      return superseded;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private boolean isSeen(Extent extent) {
    for (var there : map.overlapping(extent.offset(), extent.end())) {
      if (there.sequence() == extent.sequence()) {
        return true;
      }
    }
    return false;
  }

  /** Takes out what lies whole under a write, but for what a commit may have taken already. */
  @GuardedBy("lock")
  private List<Unstable> takeSuperseded(List<Extent> under, Extent over) {
    var taken = new ArrayList<Unstable>();
    for (var extent : under) {
      // Writers are beside each other: what is under one by its range may be over it by its
      // sequence.
      if (extent.sequence() <= captured
          || extent.sequence() > over.sequence()
          || extent.offset() < over.offset()
          || extent.end() > over.end()) {
        continue;
      }
      var write = unstable.get(extent.sequence());
      if (write != null && write.extent.equals(extent)) {
        unstable.remove(extent.sequence());
        taken.add(write);
      }
    }
    return taken;
  }

  /** What {@link #filled} asks back. */
  @GuardedBy("lock")
  long fence() {
    return fence;
  }

  /** Who reads it from front to back. */
  @GuardedBy("lock")
  ReadStreams streams(ContentLimits limits) {
    var known = streams;
    if (known == null) {
      known = new ReadStreams(limits.granuleBytes(), limits.readAheadBytesMax());
      streams = known;
    }
    return known;
  }

  /** The extents that overlap a range; the lock is held. */
  @GuardedBy("lock")
  List<Extent> overlappingLocked(long from, long to) {
    return map.overlapping(from, to);
  }

  /**
   * Makes fetched bytes visible where nothing lies over them, unless extents were forgotten since.
   */
  void filled(long startFence, Extent fill) {
    lock.lock();
    try {
      if (fence == startFence) {
        map.lay(fill);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes out an extent whose record goes away; of this content only. */
  void dropped(long content, Extent extent) {
    lock.lock();
    try {
      var record = extent.record();
      if (loaded == content && record != null) {
        map.drop(record, extent.offset(), extent.end());
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Puts a moved copy in the place of an extent, unless it was overwritten; of this content only.
   */
  void moved(long content, Extent from, Extent to) {
    lock.lock();
    try {
      if (loaded != content) {
        return;
      }
      for (var there : map.overlapping(from.offset(), from.end())) {
        if (there.equals(from)) {
          map.put(to);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * What a commit has to persist.
   *
   * @param reservedBytes what was reserved of the mount's quota for it
   */
  record Capture(
      long content, List<Unstable> writes, Overlay overlay, long sequence, long reservedBytes) {}

  /** Takes what is unstable now, or null where nothing is. The gate is held alone. */
  @Nullable Capture capture() {
    lock.lock();
    try {
      var known = overlay;
      if (known == null) {
        return null;
      }
      var current = known.taken(sequence);
      overlay = current;
      reservedEnd = current.sizeBytes;
      captured = sequence;
      return new Capture(counted, List.copyOf(unstable.values()), current, sequence, reservedBytes);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Notes that a capture is durable.
   *
   * @param inode as it was published; null where the file is gone
   */
  void committed(Capture capture, @Nullable Inode inode) {
    lock.lock();
    try {
      published = inode;
      capture.writes.forEach(write -> unstable.remove(write.extent.sequence()));
      reservedBytes -= capture.reservedBytes;
      var left = overlay;
      if (capture.overlay.equals(left)) {
        overlay = null;
        reservedEnd = 0;
      } else if (left != null) {
        overlay = left.without(capture.overlay);
      }
    } finally {
      lock.unlock();
    }
    capture.writes.forEach(write -> write.mark.release());
  }

  /** Replaces unstable writes by copies elsewhere in the log, after a sync failed. */
  void relocated(Map<Unstable, Unstable> copies) {
    lock.lock();
    try {
      unstable.replaceAll((_, write) -> copies.getOrDefault(write, write));
      copies.forEach((from, to) -> {
        for (var there : map.overlapping(from.extent.offset(), from.extent.end())) {
          if (there.sequence() == from.extent.sequence()) {
            var record = to.extent.record();
            map.put(
                new Extent(there.offset(), there.length(), there.sequence(), record, there.skip()));
          }
        }
      });
    } finally {
      lock.unlock();
    }
    copies.keySet().forEach(from -> from.mark.release());
  }
}
