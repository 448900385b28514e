package io.bucketfs.core.content;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How fast the writers of a mount may go: one after another, at the rate at which its bytes become
 * clean where it has half of what it may have more of; faster with less, slower with more. Any
 * thread.
 */
final class WriterPace {
  private static final Duration MEASURE_EVERY = Duration.ofMillis(500);

  /** What is looked at less often says nothing: nobody was held meanwhile. */
  private static final Duration MEASURE_MAX = Duration.ofSeconds(5);

  /** The rate at which bytes become clean, until it was seen; and the least that is believed. */
  private static final double DRAIN_BYTES_A_SECOND = 64 << 20;

  private static final double DRAIN_BYTES_A_SECOND_MIN = 1 << 20;

  /** The weight of what is new in the rate. */
  private static final double NEW_WEIGHT = 0.3;

  private static final double FILL_MIN = 1e-3;

  private final AtomicLong unstableBytes = new AtomicLong();
  private final AtomicLong writtenBytes = new AtomicLong();
  private final ReentrantLock lock = new ReentrantLock();

  /** When the next one may go on. */
  @GuardedBy("lock")
  private long freeAtNanos;

  @GuardedBy("lock")
  private long measuredAtNanos;

  @GuardedBy("lock")
  private long measuredCleanBytes;

  @GuardedBy("lock")
  private double drainBytesASecond = DRAIN_BYTES_A_SECOND;

  WriterPace(long nowNanos) {
    freeAtNanos = nowNanos;
    measuredAtNanos = nowNanos - MEASURE_MAX.toNanos();
  }

  /** Notes bytes that were written and are not committed. */
  void wrote(long bytes) {
    unstableBytes.addAndGet(bytes);
    writtenBytes.addAndGet(bytes);
  }

  /** Notes that bytes which were written are committed. */
  void committed(long bytes) {
    unstableBytes.addAndGet(-bytes);
  }

  /** Notes that bytes which were written are not going to be committed. */
  void superseded(long bytes) {
    unstableBytes.addAndGet(-bytes);
    writtenBytes.addAndGet(-bytes);
  }

  /** Bytes that were written and are not committed. */
  long unstableBytes() {
    return unstableBytes.get();
  }

  /**
   * Takes a writer's turn.
   *
   * @param bytes what it is going to write
   * @param dirtyBytes what is dirty of the mount now
   * @param fill what the mount has of what it may have more of: from 0 to below 1
   * @param waitMaxNanos how long the writer can wait
   * @return in how many nanoseconds its turn is; empty, with no turn taken, where that is too long
   */
  OptionalLong turn(long bytes, long dirtyBytes, double fill, long waitMaxNanos, long nowNanos) {
    lock.lock();
    try {
      measure(dirtyBytes, nowNanos);
      var start = nowNanos - freeAtNanos > 0 ? nowNanos : freeAtNanos;
      if (start - nowNanos > waitMaxNanos) {
        return OptionalLong.empty();
      }
      var rate = drainBytesASecond * (1 - fill) / Math.max(fill, FILL_MIN);
      freeAtNanos = start + (long) (bytes / rate * 1e9);
      return OptionalLong.of(start - nowNanos);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void measure(long dirtyBytes, long now) {
    var nanos = now - measuredAtNanos;
    if (nanos < MEASURE_EVERY.toNanos()) {
      return;
    }
    var clean = writtenBytes.get() - dirtyBytes;
    if (nanos < MEASURE_MAX.toNanos()) {
      var seen = Math.max(0, clean - measuredCleanBytes) * 1e9 / nanos;
      drainBytesASecond =
          Math.max(
              DRAIN_BYTES_A_SECOND_MIN, (1 - NEW_WEIGHT) * drainBytesASecond + NEW_WEIGHT * seen);
    }
    measuredAtNanos = now;
    measuredCleanBytes = clean;
  }
}
