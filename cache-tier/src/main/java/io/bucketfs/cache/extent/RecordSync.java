package io.bucketfs.cache.extent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.cache.NativeWait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The length of one extent file, and how much of it is durable.
 *
 * <p>Syncs are grouped. A caller needs a sync that begins after its record was written, so whoever
 * comes while one is running waits for the next, and one of the waiting leads that. All records
 * below the first one that was still being written when a successful sync began are durable.
 *
 * <p>A failed sync poisons the file for good: the kernel marks pages as clean that never reached
 * the medium, so that a later sync that succeeds proves nothing.
 */
final class RecordSync {
  private final String name;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition syncEnded = lock.newCondition();

  @GuardedBy("lock")
  private long end;

  /** Positions of records that are being written. */
  @GuardedBy("lock")
  private final TreeSet<Long> inFlight = new TreeSet<>();

  /** What lies behind this record, which could not be written, is not found by a replay. */
  @GuardedBy("lock")
  private long broken = Long.MAX_VALUE;

  private final Condition settled = lock.newCondition();

  @GuardedBy("lock")
  private long durableBelow;

  @GuardedBy("lock")
  private boolean poisoned;

  @GuardedBy("lock")
  private boolean running;

  @GuardedBy("lock")
  private long begun;

  @GuardedBy("lock")
  private long ended;

  RecordSync(String name, long end, boolean poisoned) {
    this.name = name;
    this.end = end;
    this.poisoned = poisoned;
  }

  long end() {
    lock.lock();
    try {
      return end;
    } finally {
      lock.unlock();
    }
  }

  boolean poisoned() {
    lock.lock();
    try {
      return poisoned;
    } finally {
      lock.unlock();
    }
  }

  /** Whether a record is being written. */
  boolean busy() {
    lock.lock();
    try {
      return !inFlight.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  boolean durable() {
    lock.lock();
    try {
      return durableBelow == end;
    } finally {
      lock.unlock();
    }
  }

  /** The place below which no record is being written. */
  long settledBelow() {
    lock.lock();
    try {
      return firstUnsettled();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private long firstUnsettled() {
    return inFlight.isEmpty() ? end : inFlight.first();
  }

  /** Takes a place at or behind the end for a record; one caller at a time. */
  void begin(long position, long recordBytes) {
    lock.lock();
    try {
      inFlight.add(position);
      end = position + recordBytes;
    } finally {
      lock.unlock();
    }
  }

  /** Gives back the place of the last record, which could not be written. */
  void retract(long position, long endBefore) {
    lock.lock();
    try {
      inFlight.remove(position);
      end = endBefore;
    } finally {
      lock.unlock();
    }
  }

  /** The record at the position is written, or given up. */
  void finish(long position) {
    lock.lock();
    try {
      inFlight.remove(position);
      settled.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The record at the position could not be written, and others may be behind it already. */
  void fail(long position) {
    lock.lock();
    try {
      broken = Math.min(broken, position);
      inFlight.remove(position);
      settled.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Returns once all records before one that is written are written too.
   *
   * @throws IOException where one of them could not be, so that a replay would not come that far
   */
  void awaitSettled(long position) throws IOException {
    lock.lock();
    try {
      while (position < broken && firstUnsettled() < position) {
        settled.awaitUninterruptibly();
      }
      if (broken < position) {
        throw new IOException("a record before it in " + name + " could not be written");
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Returns once the record at the position is durable.
   *
   * @param sync makes the file durable, with no lock held
   */
  void require(long position, NativeWait.Action sync) throws IOException {
    lock.lock();
    try {
      requireSound();
      if (position < durableBelow) {
        return;
      }
      var wanted = begun + 1;
      while (ended < wanted) {
        if (running) {
          syncEnded.awaitUninterruptibly();
        } else {
          lead(sync);
        }
        requireSound();
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void lead(NativeWait.Action sync) throws IOException {
    running = true;
    begun++;
    var settled = firstUnsettled();
    var succeeded = false;
    var tried = true;
    lock.unlock();
    try {
      sync.run();
      succeeded = true;
    } catch (InterruptedIOException e) {
      // The sync never began, so another caller may lead it.
      tried = false;
      throw e;
    } finally {
      lock.lock();
      running = false;
      if (succeeded) {
        ended = begun;
        durableBelow = Math.max(durableBelow, settled);
      } else if (tried) {
        poisoned = true;
      }
      syncEnded.signalAll();
    }
  }

  @GuardedBy("lock")
  private void requireSound() throws IOException {
    if (poisoned) {
      throw new IOException("a sync of " + name + " failed; its records must be appended again");
    }
  }
}
