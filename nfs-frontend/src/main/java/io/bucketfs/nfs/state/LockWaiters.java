package io.bucketfs.nfs.state;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Those who wait for locks in one file, in the order in which they first asked. Guarded by the lock
 * of the {@link FileState}.
 *
 * <p>Whoever could lock now is told, and the others that could lock beside him. Who was told and
 * does not come within a moment loses his place to the next.
 */
final class LockWaiters {
  /** Beyond this, clients find out by asking again. */
  static final int WAITERS_MAX = 10_000;

  /** Linux asks again every 30 seconds; who did not ask for twice that has given up. */
  static final Duration REMEMBERED = Duration.ofSeconds(61);

  /** How long one who was told keeps the others waiting. */
  static final Duration PRECEDENCE = Duration.ofSeconds(1);

  /** So many are told at once. */
  private static final int TOLD_MAX = 64;

  private final StateBudget budget;
  private final Map<LockWaiter, Times> waiters = new LinkedHashMap<>();

  LockWaiters(StateBudget budget) {
    this.budget = budget;
  }

  /**
   * @param askedNanos when the waiter last asked
   * @param isTold whether it was told since
   */
  private record Times(long askedNanos, boolean isTold, long toldNanos) {
    boolean isOver(long nowNanos) {
      return nowNanos - askedNanos > REMEMBERED.toNanos()
          || (isTold && nowNanos - toldNanos > PRECEDENCE.toNanos());
    }
  }

  boolean isEmpty() {
    return waiters.isEmpty();
  }

  /** Remembers one who was refused, where there is room. Asking again keeps his place. */
  void add(LockWaiter waiter, long nowNanos) {
    if (waiters.containsKey(waiter)
        || (waiters.size() < WAITERS_MAX && budget.tryTake(waiter.client(), waiter.bytes()))) {
      waiters.put(waiter, new Times(nowNanos, false, 0));
    }
  }

  /** Forgets all of them. */
  void clear() {
    removeIf(_ -> true);
  }

  private void removeIf(Predicate<Map.Entry<LockWaiter, Times>> isOver) {
    waiters
        .entrySet()
        .removeIf(entry -> {
          var over = isOver.test(entry);
          if (over) {
            budget.give(entry.getKey().client(), entry.getKey().bytes());
          }
          return over;
        });
  }

  /** Forgets those of an owner in a range, since he got what he wanted or something else. */
  void remove(Client client, Opaque owner, ByteRange range) {
    if (!waiters.isEmpty()) {
      removeIf(
          entry -> entry.getKey().isOf(client, owner) && entry.getKey().range().overlaps(range));
    }
  }

  /**
   * Picks those who may try now, notes that they are told, and drops those who gave up.
   *
   * @param isFree whether nobody holds what one waits for
   */
  List<LockWaiter> pick(Predicate<LockWaiter> isFree, long nowNanos) {
    var picked = new ArrayList<LockWaiter>();
    if (waiters.isEmpty()) {
      return picked;
    }
    removeIf(one -> one.getKey().client().isGone() || one.getValue().isOver(nowNanos));
    var before = new ArrayList<LockWaiter>();
    for (var entry : waiters.entrySet()) {
      var waiter = entry.getKey();
      if (before.stream().anyMatch(waiter::excludes) || !isFree.test(waiter)) {
        continue;
      }
      before.add(waiter);
      if (!entry.getValue().isTold) {
        entry.setValue(new Times(entry.getValue().askedNanos, true, nowNanos));
        picked.add(waiter);
      }
      if (before.size() == TOLD_MAX) {
        break;
      }
    }
    return picked;
  }
}
