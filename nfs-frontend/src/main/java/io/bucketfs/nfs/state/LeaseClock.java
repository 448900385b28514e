package io.bucketfs.nfs.state;

import io.bucketfs.core.runtime.Execution;
import java.time.Duration;

/**
 * The time by which leases age. It goes on only as long as a heartbeat runs: time in which this
 * process stood still does not count, since no client could have renewed in it. So the first look
 * at it after a pause is right, too, before any heartbeat noticed the pause.
 */
public final class LeaseClock {
  private final Execution execution;
  private final long lengthNanos;
  private final long stepNanosMax;
  private volatile Beat last;

  /**
   * A heartbeat.
   *
   * @param countedNanos this clock at that moment
   * @param atNanos the machine's clock at that moment
   */
  private record Beat(long countedNanos, long atNanos) {}

  /**
   * @param heartbeat how often {@link #beat} is called; this clock waits for one that is late by
   *     more than that
   */
  public LeaseClock(Execution execution, Duration length, Duration heartbeat) {
    this.execution = execution;
    lengthNanos = length.toNanos();
    stepNanosMax = 2 * heartbeat.toNanos();
    last = new Beat(0, execution.nanoTime());
  }

  /** Now, in nanoseconds of this clock. */
  public long now() {
    var beat = last;
    return beat.countedNanos + Math.min(execution.nanoTime() - beat.atNanos, stepNanosMax);
  }

  /** How long a lease lasts, in nanoseconds. */
  public long lengthNanos() {
    return lengthNanos;
  }

  /** To be called regularly, by one thread at a time. */
  public void beat() {
    var nanos = execution.nanoTime();
    var beat = last;
    last = new Beat(beat.countedNanos + Math.min(nanos - beat.atNanos, stepNanosMax), nanos);
  }
}
