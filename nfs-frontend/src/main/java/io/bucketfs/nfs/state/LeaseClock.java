package io.bucketfs.nfs.state;

import io.bucketfs.core.runtime.Execution;
import java.time.Duration;

/**
 * The time by which leases age. Time in which this process itself stood still does not count, since
 * no client could have renewed in it.
 */
public final class LeaseClock {
  private final Execution execution;
  private final long lengthNanos;
  private volatile long stoodStillNanos;
  private volatile long lastTickNanos;

  public LeaseClock(Execution execution, Duration length) {
    this.execution = execution;
    lengthNanos = length.toNanos();
    lastTickNanos = execution.nanoTime();
  }

  /** Now, in nanoseconds of this clock. */
  public long now() {
    return execution.nanoTime() - stoodStillNanos;
  }

  /** How long a lease lasts, in nanoseconds. */
  public long lengthNanos() {
    return lengthNanos;
  }

  /**
   * To be called regularly by one thread.
   *
   * @param interval how often; a gap of more than twice that is time that stood still
   */
  public void tick(Duration interval) {
    var now = execution.nanoTime();
    var gap = now - lastTickNanos;
    if (gap > 2 * interval.toNanos()) {
      stoodStillNanos = stoodStillNanos + gap - interval.toNanos();
    }
    lastTickNanos = now;
  }
}
