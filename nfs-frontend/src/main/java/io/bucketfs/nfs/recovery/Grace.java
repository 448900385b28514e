package io.bucketfs.nfs.recovery;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.nfs.state.Client;
import io.bucketfs.nfs.state.Clients;
import io.bucketfs.nfs.state.Journal;
import io.bucketfs.nfs.state.Opaque;
import io.bucketfs.nfs.state.SequenceStatus;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The time after a loss of power in which clients take back what they held before (RFC 8881,
 * 8.4.2). It ends after one lease, or once all recorded clients are done; it is skipped where none
 * is recorded, and after a stop or the end of the process alone, which all state outlives. Who is
 * in the middle of reclaiming when its time is over may go on, for another lease at most.
 *
 * <p>Who may reclaim is decided by durable records, which keep to RFC 8881, 8.4.3: a client's
 * record goes, durably, <em>before</em> anything of what it held is given to another, and before
 * the grace period ends in which it did not come back. So a client that was cut off while others
 * had its locks cannot take them back from a later server, which would know nothing of the others.
 */
public final class Grace implements Clients.Forgetting {
  private static final Logger LOG = LoggerFactory.getLogger(Grace.class);
  private static final int REMEMBERED_MAX = 10_000;

  /** Who has not reclaimed anything for so long is not in the middle of it. */
  private static final long RECLAIM_PAUSE_NANOS_MAX = Duration.ofSeconds(2).toNanos();

  private final ClientRecords records;
  private final Journal journal;
  private final Execution execution;
  private final long endNanos;
  private final long lengthNanos;
  private final Set<Opaque> recorded;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Set<Opaque> awaited;

  @GuardedBy("lock")
  private boolean ending;

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
  private volatile long lastReclaimNanos;

  /**
   * @param recorded owners of the clients that may reclaim
   */
  public Grace(
      Set<Opaque> recorded,
      ClientRecords records,
      Journal journal,
      Execution execution,
      Duration length) {
    this.records = records;
    this.journal = journal;
    this.execution = execution;
    this.recorded = Set.copyOf(recorded);
    awaited = new HashSet<>(recorded);
    lengthNanos = length.toNanos();
    endNanos = execution.nanoTime() + lengthNanos;
    lastReclaimNanos = endNanos - 2 * RECLAIM_PAUSE_NANOS_MAX;
  }

  /**
   * Begins, where anybody is to be awaited.
   *
   * @param resumed clients that an earlier process had, which go on
   * @param whole whether nobody was awaited when that process ended
   */
  public void begin(List<Client> resumed, boolean whole) {
    lock.lock();
    try {
      for (var client : resumed) {
        if (client.isReclaimComplete()) {
          completed.put(client.owner(), true);
          awaited.remove(client.owner());
        }
      }
      active = !whole && !awaited.isEmpty();
      if (!whole && !active) {
        journal.noteWhole();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether reclaims are taken and new opens and locks are not. */
  public boolean isActive() {
    return active;
  }

  /** The owners of the clients that have not reclaimed yet, in order. */
  public List<Opaque> awaited() {
    lock.lock();
    try {
      return active
          ? awaited.stream().sorted(Comparator.comparing(Opaque::toString)).toList()
          : List.of();
    } finally {
      lock.unlock();
    }
  }

  /** How long it lasts at most from now. */
  public Duration remaining() {
    return active ? Duration.ofNanos(Math.max(0, endNanos - execution.nanoTime())) : Duration.ZERO;
  }

  /** What SEQUENCE tells a client that may take back what it held (RFC 8881, 18.46.3). */
  public int sequenceFlags(Client client) {
    return active && !client.isReclaimComplete() && recorded.contains(client.owner())
        ? SequenceStatus.RESTART_RECLAIM_NEEDED
        : 0;
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
    lastReclaimNanos = execution.nanoTime();
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
      endIfNobodyIsAwaited();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void endIfNobodyIsAwaited() {
    if (active && awaited.isEmpty()) {
      active = false;
      journal.noteWhole();
      LOG.info("The grace period is over");
    }
  }

  /**
   * Sees to it that a client cannot reclaim what it held until now, since another is to get some of
   * it. Durable when this returns.
   */
  public void forfeit(Client client, Patience patience) throws NfsException {
    if (client.isRecorded()) {
      records.forget(client.owner(), patience);
      client.setRecorded(false);
    }
  }

  /** A client that forfeited may be recorded again once it has freed all that was taken from it. */
  public void rememberAgain(Client client) {
    if (!client.isRecorded() && client.isConfirmed() && client.hasFreedAllLost()) {
      remember(client);
    }
  }

  @Override
  public void remember(Client client) {
    var _ = records.keep(client.owner()).thenRun(() -> client.setRecorded(true));
  }

  /** Notes that a client is gone for good: it reclaims nothing, now or after the next start. */
  @Override
  public CompletionStage<Void> forget(Client client) {
    return records
        .drop(client.owner())
        .thenRun(() -> {
          client.setRecorded(false);
          lock.lock();
          try {
            awaited.remove(client.owner());
            endIfNobodyIsAwaited();
          } finally {
            lock.unlock();
          }
        });
  }

  private boolean isOver(long now) {
    var over = now - endNanos;
    return over >= lengthNanos || (over >= 0 && now - lastReclaimNanos >= RECLAIM_PAUSE_NANOS_MAX);
  }

  /**
   * Ends the grace period once its time is over. Who did not come back may not reclaim later, which
   * is durable before anybody gets anything new.
   */
  public void tick() {
    if (!active || !isOver(execution.nanoTime())) {
      return;
    }
    Set<Opaque> late;
    lock.lock();
    try {
      if (ending || !active) {
        return;
      }
      ending = true;
      late = Set.copyOf(awaited);
    } finally {
      lock.unlock();
    }
    LOG.info("{} clients did not come back in the grace period", late.size());
    var dropped =
        late.stream()
            .map(owner -> records.drop(owner).toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new);
    var _ =
        CompletableFuture.allOf(dropped)
            .whenComplete((_, failure) -> {
              lock.lock();
              try {
                ending = false;
                if (failure == null) {
                  awaited.removeAll(late);
                  endIfNobodyIsAwaited();
                }
              } finally {
                lock.unlock();
              }
            });
  }
}
