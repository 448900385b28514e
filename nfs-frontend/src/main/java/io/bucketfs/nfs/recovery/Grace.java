package io.bucketfs.nfs.recovery;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.nfs.state.Client;
import io.bucketfs.nfs.state.Opaque;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The time after a start in which clients take back what they held before (RFC 8881, 8.4.2). It
 * ends after one lease, or once all recorded clients are done; it is skipped where none is
 * recorded.
 */
public final class Grace {
  private static final int REMEMBERED_MAX = 10_000;

  private final ClientRecords records;
  private final Execution execution;
  private final long endNanos;
  private final Set<Opaque> recorded;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Set<Opaque> awaited;

  /**
   * Owners that sent RECLAIM_COMPLETE since the start. Linux does not send it again when it comes
   * back after its lease ran out.
   */
  @GuardedBy("lock")
  private final Map<Opaque, Boolean> completed =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Opaque, Boolean> eldest) {
          return size() > REMEMBERED_MAX;
        }
      };

  private volatile boolean active;

  public Grace(Set<Opaque> recorded, ClientRecords records, Execution execution, Duration length) {
    this.records = records;
    this.execution = execution;
    this.recorded = Set.copyOf(recorded);
    awaited = new HashSet<>(recorded);
    active = !recorded.isEmpty();
    endNanos = execution.nanoTime() + length.toNanos();
  }

  /** Whether reclaims are taken and new opens and locks are not. */
  public boolean isActive() {
    return active;
  }

  /** How many clients have not reclaimed yet. */
  public int awaitedCount() {
    lock.lock();
    try {
      return active ? awaited.size() : 0;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Lets a reclaim pass.
   *
   * @throws NfsException NO_GRACE where it is too late, RECLAIM_BAD where the client is not known
   *     from before
   */
  public void requireReclaim(Client client) throws NfsException {
    if (!active || client.isReclaimComplete()) {
      throw new NfsException(NfsStatus.NO_GRACE);
    }
    if (!recorded.contains(client.owner())) {
      throw new NfsException(NfsStatus.RECLAIM_BAD);
    }
  }

  /**
   * Lets a new open or lock pass.
   *
   * @throws NfsException GRACE where others may still reclaim, or this client may
   */
  public void requireNew(Client client) throws NfsException {
    if (active || (!client.isReclaimComplete() && !hasCompletedBefore(client.owner()))) {
      throw new NfsException(NfsStatus.GRACE);
    }
  }

  /**
   * Lets an operation pass that a reclaim could conflict with.
   *
   * @throws NfsException GRACE
   */
  public void requireOver() throws NfsException {
    if (active) {
      throw new NfsException(NfsStatus.GRACE);
    }
  }

  private boolean hasCompletedBefore(Opaque owner) {
    lock.lock();
    try {
      return completed.containsKey(owner);
    } finally {
      lock.unlock();
    }
  }

  /** Notes that a client is done. */
  public void complete(Client client) {
    lock.lock();
    try {
      completed.put(client.owner(), true);
      awaited.remove(client.owner());
      if (awaited.isEmpty()) {
        active = false;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Notes that a client is gone for good: it reclaims nothing, now or after the next start. */
  public void forget(Client client) {
    records.forget(client.owner());
    lock.lock();
    try {
      awaited.remove(client.owner());
      if (awaited.isEmpty()) {
        active = false;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the grace period once its time is over; who did not come back may not reclaim later. */
  public void tick() {
    if (!active || execution.nanoTime() - endNanos < 0) {
      return;
    }
    lock.lock();
    try {
      for (var owner : awaited) {
        if (!completed.containsKey(owner)) {
          records.forget(owner);
        }
      }
      awaited.clear();
      active = false;
    } finally {
      lock.unlock();
    }
  }
}
