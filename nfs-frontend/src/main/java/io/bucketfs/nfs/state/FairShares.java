package io.bucketfs.nfs.state;

import io.bucketfs.core.access.ClientAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongUnaryOperator;

/**
 * Something that there is only so much of, shared by those who ask: nobody gets more than is left
 * for all others. So one alone has half of it at most, two a third each, and whoever comes next
 * finds something, however greedy those before him were. Who asks is an address, since names cost
 * nothing.
 *
 * <p>Thread-safe. Several addresses that ask in the same moment may get one piece each too much.
 */
final class FairShares {
  private final long max;
  private final AtomicLong taken = new AtomicLong();
  private final ConcurrentHashMap<ClientAddress, Long> byHolder = new ConcurrentHashMap<>();

  FairShares(long max) {
    this.max = max;
  }

  /** Takes an amount, or nothing where that were more than a fair share. */
  boolean take(ClientAddress holder, long amount) {
    return takeUpTo(holder, 1, amount) == 1;
  }

  /** Takes as many pieces as are fair, and returns how many. */
  int takeUpTo(ClientAddress holder, int pieces, long amountEach) {
    var granted = new AtomicInteger();
    change(
        holder,
        had -> {
          var fair = (left() - had) / 2;
          granted.set(Math.clamp(fair / amountEach, 0, pieces));
          return granted.get() * amountEach;
        });
    return granted.get();
  }

  /** Whether an amount would be given. */
  boolean hasRoomFor(ClientAddress holder, long amount) {
    return (left() - heldBy(holder)) / 2 >= amount;
  }

  /** Takes an amount that cannot be refused, or gives some back where it is negative. */
  void add(ClientAddress holder, long amount) {
    change(holder, _ -> amount);
  }

  private void change(ClientAddress holder, LongUnaryOperator difference) {
    byHolder.compute(
        holder,
        (_, before) -> {
          var had = before == null ? 0 : before;
          var by = difference.applyAsLong(had);
          taken.addAndGet(by);
          return had + by == 0 ? null : (Long) (had + by);
        });
  }

  void give(ClientAddress holder, long amount) {
    add(holder, -amount);
  }

  /** What one address has. */
  long heldBy(ClientAddress holder) {
    return byHolder.getOrDefault(holder, 0L);
  }

  /** What all have together. */
  long taken() {
    return taken.get();
  }

  /** What nobody has. */
  long left() {
    return max - taken.get();
  }

  /** Whether most of it is taken, or most of what an address may have. */
  boolean isTight(ClientAddress holder) {
    var left = left();
    return left < max / 8 || heldBy(holder) >= left - left / 8 - 1;
  }
}
