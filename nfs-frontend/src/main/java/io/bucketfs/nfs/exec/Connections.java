package io.bucketfs.nfs.exec;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.access.ClientAddress;
import io.bucketfs.core.runtime.Meters;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All connections, in the order in which they came. It decides who has to go where there are too
 * many of them, and where they hold too much memory:
 *
 * <ul>
 *   <li>A flood of connections drives out strangers, the oldest first; then connections of the
 *       address that has most of them, as long as the newcomer's has fewer.
 *   <li>Over the memory budget, connections whose clients do not take their replies are cut, the
 *       largest first. They are asked to take at least {@link Outbox#PROGRESS_BYTES_MIN} a sweep.
 * </ul>
 *
 * Thread-safe.
 */
public final class Connections {
  private static final Logger LOG = LoggerFactory.getLogger(Connections.class);

  private final int connectionsMax;
  private final MemoryBudget budget;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Set<Connection> all = new LinkedHashSet<>();

  private final Meters.Counter cuts;
  private volatile int count;

  public Connections(int connectionsMax, long memoryBytesMax, Meters.Counter cuts) {
    this.cuts = cuts;
    this.connectionsMax = connectionsMax;
    budget = new MemoryBudget(memoryBytesMax);
  }

  MemoryBudget budget() {
    return budget;
  }

  /** Bytes that are held for requests and replies. */
  public long heldBytes() {
    return budget.heldBytes();
  }

  void countCut() {
    cuts.add(1);
  }

  /** How many there are. */
  public int count() {
    return count;
  }

  /** Takes a new connection in. Returns false where it has to be closed. */
  boolean admit(Connection fresh) {
    @Nullable Connection victim = null;
    lock.lock();
    try {
      if (all.size() >= connectionsMax) {
        victim = victimFor(fresh.clientAddress());
        if (victim == null) {
          return false;
        }
        all.remove(victim);
      }
      all.add(fresh);
      count = all.size();
    } finally {
      lock.unlock();
    }
    if (victim != null) {
      victim.cut("there are too many connections");
    }
    return true;
  }

  @GuardedBy("lock")
  private @Nullable Connection victimFor(ClientAddress newcomer) {
    Map<ClientAddress, Integer> counts = new HashMap<>();
    for (var connection : all) {
      if (connection.isStranger()) {
        return connection;
      }
      counts.merge(connection.clientAddress(), 1, Integer::sum);
    }
    var most =
        counts.entrySet().stream().max(Map.Entry.comparingByValue(Comparator.naturalOrder()));
    if (most.isEmpty() || most.get().getValue() <= counts.getOrDefault(newcomer, 0) + 1) {
      return null;
    }
    var address = most.get().getKey();
    return all.stream().filter(one -> one.clientAddress().equals(address)).findFirst().orElse(null);
  }

  void remove(Connection gone) {
    lock.lock();
    try {
      all.remove(gone);
      count = all.size();
    } finally {
      lock.unlock();
    }
  }

  private List<Connection> snapshot() {
    lock.lock();
    try {
      return new ArrayList<>(all);
    } finally {
      lock.unlock();
    }
  }

  /** To be called about once a second: closes what is idle or stuck, and makes room. */
  public void sweep() {
    var present = snapshot();
    if (budget.isOver()) {
      makeRoom(present);
    }
    present.forEach(Connection::sweep);
  }

  private void makeRoom(List<Connection> present) {
    var excess = budget.heldBytes() - budget.shareBytes(0);
    var stuck =
        present.stream()
            .filter(Connection::isStuck)
            .sorted(Comparator.comparingLong(Connection::heldBytes).reversed())
            .toList();
    for (var connection : stuck) {
      if (excess <= 0) {
        break;
      }
      excess -= connection.heldBytes();
      LOG.debug("{} holds {} bytes", connection.address(), connection.heldBytes());
      connection.cut("it does not take its replies, and memory is short");
    }
  }
}
