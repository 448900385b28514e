package io.bucketfs.nfs.state;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Opens and locks of one file. Exists while there are any. Its lock is held around every use of it,
 * which no checker sees, since {@link OpenFiles} locks in one method and unlocks in another.
 */
final class FileState {
  final ReentrantLock lock = new ReentrantLock();

  /** Set once it was taken out of the table: whoever sees it looks again. */
  boolean dead;

  private final Map<OwnerKey, OpenState> opens = new HashMap<>();
  private final Map<OwnerKey, LockState> locks = new HashMap<>();
  private final LockTree held = new LockTree();
  private final LockWaiters waiters;

  /** How many opens have READ, and WRITE, and deny them: conflicts are found by counting. */
  private int readers;

  private int writers;
  private int denyingRead;
  private int denyingWrite;

  FileState(StateBudget budget) {
    waiters = new LockWaiters(budget);
  }

  /** An owner is known by its client and its name there. */
  record OwnerKey(Client client, Opaque owner) {
    static OwnerKey of(ShareState state) {
      return new OwnerKey(state.client(), state.owner());
    }
  }

  boolean isEmpty() {
    return opens.isEmpty() && locks.isEmpty();
  }

  @Nullable OpenState open(OwnerKey key) {
    return opens.get(key);
  }

  Collection<OpenState> opens() {
    return opens.values();
  }

  void put(OpenState state) {
    opens.put(OwnerKey.of(state), state);
  }

  boolean remove(OpenState state) {
    return opens.remove(OwnerKey.of(state), state);
  }

  boolean holds(OpenState state) {
    return opens.get(OwnerKey.of(state)) == state;
  }

  boolean holds(LockState state) {
    return locks.get(OwnerKey.of(state)) == state;
  }

  /** To be called before (-1) and after (1) each change of an open's bits. */
  void count(OpenState open, int by) {
    readers += (open.access() & Share.READ) != 0 ? by : 0;
    writers += (open.access() & Share.WRITE) != 0 ? by : 0;
    denyingRead += (open.deny() & Share.READ) != 0 ? by : 0;
    denyingWrite += (open.deny() & Share.WRITE) != 0 ? by : 0;
  }

  /** An open, other than the given owner's, that forbids such an open; or null. */
  @Nullable OpenState conflict(@Nullable OwnerKey key, int access, int deny) {
    var own = key == null ? null : opens.get(key);
    if (own != null) {
      count(own, -1);
    }
    var conflicts =
        ((access & Share.READ) != 0 && denyingRead > 0)
            || ((access & Share.WRITE) != 0 && denyingWrite > 0)
            || ((deny & Share.READ) != 0 && readers > 0)
            || ((deny & Share.WRITE) != 0 && writers > 0);
    if (own != null) {
      count(own, 1);
    }
    if (conflicts) {
      for (var other : opens.values()) {
        if (other != own && ((other.deny() & access) != 0 || (other.access() & deny) != 0)) {
          return other;
        }
      }
    }
    return null;
  }

  @Nullable LockState locks(OwnerKey key) {
    return locks.get(key);
  }

  void put(LockState state) {
    locks.put(OwnerKey.of(state), state);
  }

  /** Takes out an owner's locks and frees the ranges. */
  boolean remove(LockState state) {
    state.ranges().clear();
    return locks.remove(OwnerKey.of(state), state);
  }

  /** The locks that were taken through an open. */
  List<LockState> locksThrough(OpenState open) {
    return locks.values().stream().filter(state -> state.open() == open).toList();
  }

  LockTree held() {
    return held;
  }

  LockWaiters waiters() {
    return waiters;
  }

  /** Those who wait and may lock now, told from now on. */
  List<LockWaiter> wake(long nowNanos) {
    return waiters.pick(
        waiter ->
            conflict(
                    new OwnerKey(waiter.client(), waiter.owner()),
                    waiter.range(),
                    waiter.exclusive())
                == null,
        nowNanos);
  }

  /** What keeps an owner from locking a range, or null. */
  @Nullable HeldLock conflict(OwnerKey key, ByteRange range, boolean exclusive) {
    return held.conflict(range, exclusive, locks.get(key));
  }
}
