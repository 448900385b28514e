package io.bucketfs.core.importer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Of which keys something became known while somebody was looking at the bucket, be it that this
 * gateway wrote or deleted them or that another look saw them: what a LIST or HEAD says of them may
 * be older than what is known here (CORRECTNESS 14).
 *
 * <p>Remembers a key only as long as an observation lasts that began before it was written. Any
 * thread; the lock is held for a few map operations.
 */
public final class RecentExports {
  private record ObjectName(int mount, String key) {}

  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<ObjectName, Long> finished = new HashMap<>();

  /** Observations that are under way, by when they began. */
  @GuardedBy("lock")
  private final TreeMap<Long, Integer> running = new TreeMap<>();

  @GuardedBy("lock")
  private long clock;

  /** From before a request is sent until its outcome is committed. */
  public final class Observation implements AutoCloseable {
    private final long begun;

    private Observation(long begun) {
      this.begun = begun;
    }

    /** Whether what was observed of a key may be out of date. */
    public boolean isOutdated(int mount, String key) {
      lock.lock();
      try {
        var at = finished.get(new ObjectName(mount, key));
        return at != null && at > begun;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void close() {
      lock.lock();
      try {
        running.computeIfPresent(begun, (_, count) -> count == 1 ? null : count - 1);
        if (running.isEmpty()) {
          finished.clear();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** Starts an observation. */
  public Observation observe() {
    lock.lock();
    try {
      running.merge(clock, 1, Integer::sum);
      return new Observation(clock);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Notes that a key was written, deleted or seen; called inside the transaction that commits it.
   */
  public void finished(int mount, String key) {
    lock.lock();
    try {
      clock++;
      if (!running.isEmpty()) {
        finished.put(new ObjectName(mount, key), clock);
      }
    } finally {
      lock.unlock();
    }
  }
}
