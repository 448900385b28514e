package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disk cap (CORRECTNESS 6 and 22). Who appends asks for room first.
 *
 * <p>The cap counts everything: dirty and clean bytes, the index and its log. Where the host's file
 * system runs low it shrinks, so that the host keeps its free bytes. Above nine tenths the evictor
 * runs; at the cap who appends waits.
 *
 * <p>Dirty bytes have six tenths of the cap. Half of these is divided among the mounts, so that
 * each has a share that nobody takes from it; the other half is lent to who asks first. A writer
 * whose mount is within its share goes at full speed. Beyond, exports are hurried, and the nearer
 * the mount comes to what it can have, the longer its writers are held, down from the rate at which
 * its bytes become clean to none at all. So a store that is slow or gone slows the writers of its
 * own mount, smoothly, and nobody else. Who cannot wait that long is told to come back.
 */
final class DiskSpace {
  private static final Logger LOG = LoggerFactory.getLogger(DiskSpace.class);

  /** Kept free for the evictor's own copies and for metadata: two extent files. */
  static final long RESERVE_BYTES = 128L << 20;

  private static final long HOST_BYTES_MAX = 1L << 60;

  private static final Duration POLL = Duration.ofMillis(20);
  private static final Duration EXPORT_EVERY = Duration.ofSeconds(1);
  private static final Duration MEASURE_EVERY = Duration.ofMillis(500);

  private final ExtentStore extents;
  private final KeyValueStore metadata;
  private final MountTable mounts;
  private final Execution execution;
  private final long freeBytesMin;
  private final Meters.Counter heldWrites;
  private final AtomicLong exported;
  private final Map<Integer, WriterPace> paces = new ConcurrentHashMap<>();
  private volatile long bytesMax;
  private volatile Host host;
  private volatile Runnable onFull = () -> {};
  private volatile Runnable onDirty = () -> {};

  /** What those who wait for room are going to write. */
  private final AtomicLong waitingBytes = new AtomicLong();

  /** What those who were given room have not appended yet. */
  private final AtomicLong promisedBytes = new AtomicLong();

  /** Bytes of pinned files that are here, as the evictor counted them last. */
  private volatile long pinnedBytes;

  private volatile IntToLongFunction exportable = _ -> 0;

  /** What the host's file system has for us, when it was asked last. */
  private record Host(long possibleBytes, long atNanos) {}

  /**
   * @param freeBytesMin what the host's file system keeps free
   */
  DiskSpace(
      ExtentStore extents,
      KeyValueStore metadata,
      MountTable mounts,
      Execution execution,
      Meters meters,
      long bytesMax,
      long freeBytesMin) {
    this.extents = extents;
    this.metadata = metadata;
    this.mounts = mounts;
    this.execution = execution;
    this.bytesMax = bytesMax;
    this.freeBytesMin = freeBytesMin;
    heldWrites = meters.counter("cache_held_writes");
    var now = execution.nanoTime();
    host = new Host(Long.MAX_VALUE, now - MEASURE_EVERY.toNanos());
    exported = new AtomicLong(now - EXPORT_EVERY.toNanos());
  }

  /** Sets who gives clean bytes back; called from any thread, often, not waiting. */
  void onFull(Runnable evict) {
    onFull = evict;
  }

  /**
   * Sets who makes bytes clean, and who counts those that are not. Called from any thread, not
   * waiting.
   *
   * @param bytes committed bytes of a mount that S3 does not have
   * @param export called at most once a second
   */
  void onDirty(IntToLongFunction bytes, Runnable export) {
    exportable = bytes;
    onDirty = export;
  }

  long usedBytes() {
    return extents.diskBytes() + metadata.diskBytes();
  }

  /** The cap that was ordered. */
  long bytesMax() {
    return bytesMax;
  }

  /** Changes the cap; one below what is used is reached by evicting and exporting. */
  void setBytesMax(long bytes) {
    bytesMax = bytes;
    onFull.run();
  }

  /** The cap as it is now, given what the host has left. */
  long effectiveBytesMax() {
    return Math.clamp(possibleBytes(), 0, bytesMax);
  }

  /** What could be used if the host were filled up to what it keeps free. */
  private long possibleBytes() {
    var last = host;
    var now = execution.nanoTime();
    if (now - last.atNanos >= MEASURE_EVERY.toNanos()) {
      var possible = Long.MAX_VALUE;
      try {
        // Far from what could overflow.
        possible = usedBytes() + Math.min(extents.usableBytes(), HOST_BYTES_MAX) - freeBytesMin;
      } catch (IOException e) {
        LOG.debug("What the disk has left cannot be told", e);
      }
      last = new Host(possible, now);
      host = last;
    }
    return last.possibleBytes;
  }

  /**
   * Bytes that are to be freed, so that there is some room and those who wait for it have theirs.
   */
  long excessBytes() {
    var max = effectiveBytesMax();
    var used = usedBytes();
    var waiting = waitingBytes.get();
    var wanted = waiting == 0 ? 0 : used + promisedBytes.get() + waiting - limit(max);
    return Math.max(0, Math.max(used - highWater(max), wanted));
  }

  /** What may be used but by the evictor. */
  private static long limit(long max) {
    return max - Math.min(RESERVE_BYTES, max / 20);
  }

  private static long highWater(long max) {
    return max - max / 10;
  }

  /** What may be dirty of all mounts together. */
  long dirtyBytesMax() {
    return forDirty(effectiveBytesMax());
  }

  /**
   * Six tenths, but less where much is pinned: a third of the disk is for what may make way, so
   * that some extent file is always worth evicting.
   */
  private long forDirty(long max) {
    var pinned = Math.min(pinnedBytes, forPinned(max));
    return Math.min(limit(max) / 10 * 6, limit(max) / 3 * 2 - pinned);
  }

  private static long forPinned(long max) {
    return limit(max) / 10 * 3;
  }

  /** What pinned files may hold: three tenths. */
  long pinnedBytesMax() {
    return forPinned(effectiveBytesMax());
  }

  /** Notes what pinned files hold. */
  void pinned(long bytes) {
    pinnedBytes = bytes;
  }

  /** What is left for bytes that S3 has too, pinned ones included, beside what is dirty. */
  long cleanBytesMax() {
    var dirty = 0L;
    for (var mount : mounts.all()) {
      dirty += dirtyBytes(mount.mount().number());
    }
    return Math.max(0, highWater(effectiveBytesMax()) - metadata.diskBytes() - dirty);
  }

  /** Whether so many bytes fit without an eviction. */
  boolean isFree(long bytes) {
    return usedBytes() - extents.spareBytes() + bytes <= highWater(effectiveBytesMax());
  }

  /** Bytes of a mount that S3 does not have, committed or not. */
  long dirtyBytes(int mount) {
    return exportable.applyAsLong(mount) + pace(mount).unstableBytes();
  }

  private WriterPace pace(int mount) {
    var present = paces.get(mount);
    return present != null
        ? present
        : paces.computeIfAbsent(mount, _ -> new WriterPace(execution.nanoTime()));
  }

  /** Notes bytes that were written and are not committed. */
  void wrote(int mount, long bytes) {
    pace(mount).wrote(bytes);
  }

  /** Notes that bytes which were written are committed. */
  void committed(int mount, long bytes) {
    pace(mount).committed(bytes);
  }

  /** Notes that bytes which were written need not be committed any more. */
  void superseded(int mount, long bytes) {
    pace(mount).superseded(bytes);
  }

  /** Forgets a mount that is gone. */
  void forget(int mount) {
    paces.remove(mount);
  }

  /**
   * Returns once so many bytes may be appended that S3 has too. They count as used until {@link
   * #appended} is told of all of them.
   */
  void awaitClean(long bytes, Patience patience) throws FileSystemException {
    if (!tryTake(bytes, highWater(effectiveBytesMax()))) {
      awaitBelowCap(bytes, patience);
    }
  }

  /** Gives room for so many bytes where they fit under a limit with all that was promised. */
  private boolean tryTake(long bytes, long limit) {
    if (usedBytes() + promisedBytes.addAndGet(bytes) <= limit) {
      return true;
    }
    promisedBytes.addAndGet(-bytes);
    return false;
  }

  /** Notes that bytes for which room was given are on the disk, or are not going to be. */
  void appended(long bytes) {
    promisedBytes.addAndGet(-bytes);
  }

  /**
   * Returns once so many bytes may be written to a mount. They count as used until {@link
   * #appended} is told of all of them.
   */
  void awaitDirty(int mount, long bytes, Patience patience) throws FileSystemException {
    var max = effectiveBytesMax();
    var used = usedBytes();
    if (used + bytes > share(forDirty(max))) {
      awaitShare(mount, bytes, patience);
    }
    if (!tryTake(bytes, highWater(max))) {
      awaitBelowCap(bytes, patience);
    }
  }

  private void awaitBelowCap(long bytes, Patience patience) throws FileSystemException {
    patience.requireWaiting();
    waitingBytes.addAndGet(bytes);
    try {
      while (true) {
        onFull.run();
        export();
        if (tryTake(bytes, limit(effectiveBytesMax()))) {
          return;
        }
        pause(POLL.toNanos(), patience, "the disk cap is reached");
      }
    } finally {
      waitingBytes.addAndGet(-bytes);
    }
  }

  /** Holds a writer whose mount is beyond its share. */
  private void awaitShare(int mount, long bytes, Patience patience) throws FileSystemException {
    var held = false;
    while (true) {
      var fill = fill(mount);
      if (fill < 0) {
        return;
      }
      patience.requireWaiting();
      export();
      if (!held) {
        heldWrites.add(1);
        held = true;
      }
      if (fill < 1) {
        awaitTurn(mount, bytes, fill, patience);
        return;
      }
      pause(POLL.toNanos(), patience, "all that may be dirty is");
    }
  }

  private void awaitTurn(int mount, long bytes, double fill, Patience patience)
      throws FileSystemException {
    var now = execution.nanoTime();
    var wait = pace(mount).turn(bytes, dirtyBytes(mount), fill, patience.remainingNanos(now), now);
    if (wait.isEmpty()) {
      throw new FileSystemException(FsError.DELAY, "the store is slower than the writers");
    }
    if (wait.getAsLong() > 0) {
      sleep(wait.getAsLong());
    }
  }

  /**
   * How much of what a mount may borrow it has: below 0 where it is within its share, 1 where it
   * has everything.
   */
  private double fill(int mount) {
    var max = dirtyBytesMax();
    var share = share(max);
    var own = dirtyBytes(mount) - share;
    if (own < 0) {
      return -1;
    }
    var lendable = max / 2;
    for (var other : mounts.all()) {
      var number = other.mount().number();
      if (number != mount) {
        lendable -= Math.max(0, dirtyBytes(number) - share);
      }
    }
    return lendable <= 0 ? 1 : Math.min(1, (double) own / lendable);
  }

  /** What of the dirty bytes each mount has for itself. */
  private long share(long dirtyMax) {
    return dirtyMax / 2 / Math.max(1, mounts.all().size());
  }

  private void pause(long nanos, Patience patience, String why) throws FileSystemException {
    if (patience.remainingNanos(execution.nanoTime()) < nanos) {
      throw new FileSystemException(FsError.DELAY, why);
    }
    sleep(nanos);
  }

  private void sleep(long nanos) throws FileSystemException {
    try {
      execution.sleep(Duration.ofNanos(nanos));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FileSystemException(FsError.DELAY, "interrupted");
    }
  }

  private void export() {
    var now = execution.nanoTime();
    var last = exported.get();
    if (now - last >= EXPORT_EVERY.toNanos() && exported.compareAndSet(last, now)) {
      onDirty.run();
    }
  }
}
