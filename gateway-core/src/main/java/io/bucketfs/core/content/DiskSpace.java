package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The disk cap. Who appends asks for room first; above the high-water mark the evictor runs and
 * what is dirty is exported, at the cap appenders wait, and are told to come back when they cannot
 * wait.
 */
final class DiskSpace {
  /** Kept free for the evictor's own copies and for metadata: two extent files. */
  static final long RESERVE_BYTES = 128L << 20;

  private static final Duration POLL = Duration.ofMillis(20);
  private static final Duration PRESS_EVERY = Duration.ofSeconds(1);

  private final ExtentStore extents;
  private final KeyValueStore metadata;
  private final Execution execution;
  private final long bytesMax;
  private final AtomicLong pressed;
  private volatile Runnable pressure = () -> {};

  DiskSpace(ExtentStore extents, KeyValueStore metadata, Execution execution, long bytesMax) {
    this.extents = extents;
    this.metadata = metadata;
    this.execution = execution;
    this.bytesMax = bytesMax;
    pressed = new AtomicLong(execution.nanoTime() - PRESS_EVERY.toNanos());
  }

  /** Sets who makes room; called from any thread, at most once a second, must not wait. */
  void onPressure(Runnable action) {
    pressure = action;
  }

  long usedBytes() {
    return extents.diskBytes() + metadata.diskBytes();
  }

  long bytesMax() {
    return bytesMax;
  }

  /** Bytes that are to be freed before the high-water mark is reached again; 0 below it. */
  long excessBytes() {
    return Math.max(0, usedBytes() - (bytesMax - bytesMax / 10));
  }

  /** Returns once so many bytes may be appended. */
  void await(long bytes, Patience patience) throws FileSystemException {
    if (usedBytes() + bytes <= bytesMax - bytesMax / 10) {
      return;
    }
    press();
    while (usedBytes() + bytes > bytesMax - Math.min(RESERVE_BYTES, bytesMax / 20)) {
      if (patience.remainingNanos(execution.nanoTime()) == 0) {
        throw new FileSystemException(FsError.DELAY, "the disk cap is reached");
      }
      try {
        execution.sleep(POLL);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new FileSystemException(FsError.DELAY, "interrupted");
      }
      press();
    }
  }

  private void press() {
    var now = execution.nanoTime();
    var last = pressed.get();
    if (now - last >= PRESS_EVERY.toNanos() && pressed.compareAndSet(last, now)) {
      pressure.run();
    }
  }
}
