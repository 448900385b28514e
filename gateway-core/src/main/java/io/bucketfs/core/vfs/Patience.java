package io.bucketfs.core.vfs;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long an operation may wait. {@link #NONE} is for event loops: what would wait throws {@link
 * WouldBlock}. {@link #DISK} is for threads that may wait in native code: it reads and writes on
 * the local disk and commits, and throws the same before it would wait for anything else. Any other
 * patience ends in {@link FsError#DELAY} once it is used up by a wait that may be given up without
 * harm, such as an S3 fetch; waits for local durability are never given up.
 */
public final class Patience {
  /** Does not wait at all. */
  public static final Patience NONE = new Patience(Long.MIN_VALUE);

  /** Reads, writes and commits on the local disk, and waits for nothing else. */
  public static final Patience DISK = new Patience(Long.MIN_VALUE);

  /** Waits for as long as it takes. For background work and tests. */
  public static final Patience FOREVER = new Patience(Long.MAX_VALUE);

  private final long deadlineNanos;
  private final @Nullable DiskRead read;

  private Patience(long deadlineNanos) {
    this(deadlineNanos, null);
  }

  private Patience(long deadlineNanos, @Nullable DiskRead read) {
    this.deadlineNanos = deadlineNanos;
    this.read = read;
  }

  /** As {@link #NONE}, with what was read; further reads are not offered. */
  public static Patience after(DiskRead read) {
    return new Patience(Long.MIN_VALUE, read);
  }

  /**
   * Waits at most for the given time from now.
   *
   * @param nanoTime the present reading of {@code Execution.nanoTime()}
   */
  public static Patience atMost(Duration time, long nanoTime) {
    return new Patience(nanoTime + time.toNanos());
  }

  /** Whether it may wait for more than the local disk. */
  public boolean mayWait() {
    return deadlineNanos != Long.MIN_VALUE;
  }

  /** Whether it may wait for the local disk. */
  public boolean mayUseDisk() {
    return mayWait() || this == DISK;
  }

  /** What was read for this attempt. */
  public @Nullable DiskRead read() {
    return read;
  }

  /** Throws {@link WouldBlock} unless it {@link #mayWait}. Call it before the first side effect. */
  public void requireWaiting() {
    if (!mayWait()) {
      throw WouldBlock.INSTANCE;
    }
  }

  /** Nanoseconds that are left, at least 0; {@link Long#MAX_VALUE} means no end. */
  public long remainingNanos(long nanoTime) {
    if (this == FOREVER) {
      return Long.MAX_VALUE;
    }
    return !mayWait() ? 0 : Math.max(0, deadlineNanos - nanoTime);
  }
}
