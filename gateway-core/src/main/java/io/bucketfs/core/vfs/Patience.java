package io.bucketfs.core.vfs;

import java.time.Duration;

/**
 * How long an operation may wait. {@link #NONE} is for event loops: what would wait throws {@link
 * WouldBlock}. Any other patience ends in {@link FsError#DELAY} once it is used up by a wait that
 * may be given up without harm, such as an S3 fetch; waits for local durability are never given up.
 */
public final class Patience {
  /** Does not wait at all. */
  public static final Patience NONE = new Patience(Long.MIN_VALUE);

  /** Waits for as long as it takes. For background work and tests. */
  public static final Patience FOREVER = new Patience(Long.MAX_VALUE);

  private final long deadlineNanos;

  private Patience(long deadlineNanos) {
    this.deadlineNanos = deadlineNanos;
  }

  /**
   * Waits at most for the given time from now.
   *
   * @param nanoTime the present reading of {@code Execution.nanoTime()}
   */
  public static Patience atMost(Duration time, long nanoTime) {
    return new Patience(nanoTime + time.toNanos());
  }

  /** Whether nothing may wait. */
  public boolean isNone() {
    return this == NONE;
  }

  /** Throws {@link WouldBlock} where nothing may wait. Call it before the first side effect. */
  public void requireWaiting() {
    if (this == NONE) {
      throw WouldBlock.INSTANCE;
    }
  }

  /** Nanoseconds that are left, at least 0; {@link Long#MAX_VALUE} means no end. */
  public long remainingNanos(long nanoTime) {
    if (this == FOREVER) {
      return Long.MAX_VALUE;
    }
    return this == NONE ? 0 : Math.max(0, deadlineNanos - nanoTime);
  }
}
