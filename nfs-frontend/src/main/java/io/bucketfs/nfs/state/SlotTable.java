package io.bucketfs.nfs.state;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The slots of a session (RFC 8881, 2.10.6.1). A slot is made when it is first used. How many there
 * are is steered while the session lives:
 *
 * <ul>
 *   <li>More are offered at once, by raising target and limit together.
 *   <li>Fewer are asked for by lowering the target. The limit follows when the client is seen to
 *       obey: with a new request on a slot whose last reply told the lower target, it says that it
 *       uses none above. A slot that goes keeps only its sequence number, from which the client may
 *       count on if the slot comes back; it may also begin anew.
 * </ul>
 *
 * Thread-safe.
 */
final class SlotTable {
  /** What Linux can use. */
  static final int SLOTS_MAX = 1024;

  /** No session is asked to make do with fewer. */
  static final int SLOTS_MIN = 16;

  private static final int SLOTS_FIRST = 16;

  /** What a slot takes, a reply of {@link Slot#USUAL_REPLY_BYTES} included. */
  static final int SLOT_BYTES = 256 + Slot.USUAL_REPLY_BYTES;

  private final SlotBudget budget;
  private final int cachedReplyBytesMax;
  private final ReentrantLock lock = new ReentrantLock();

  /** Replaced as a whole when it grows. Elements are set under the lock and never replaced. */
  private volatile @Nullable Slot[] slots;

  /** How many slots may be used. */
  private volatile int limit;

  /** How many slots the client is asked to use; never above the limit. */
  private volatile int target;

  /** Counts each lowering of the target, so that replies that told it are known. */
  private volatile int generation;

  @GuardedBy("lock")
  private boolean disposed;

  /** Whether an earlier process made the slots, whose clients count on from where they are. */
  private final boolean resumed;

  private SlotTable(SlotBudget budget, int cachedReplyBytesMax, int granted, boolean resumed) {
    this.budget = budget;
    this.cachedReplyBytesMax = cachedReplyBytesMax;
    this.resumed = resumed;
    limit = granted;
    target = granted;
    slots = new @Nullable Slot[Math.min(SLOTS_FIRST, granted)];
  }

  /**
   * A table of up to so many slots, or null where there is no memory for even one.
   *
   * @param cachedReplyBytesMax the largest reply that a slot keeps
   */
  static @Nullable SlotTable reserve(SlotBudget budget, int cachedReplyBytesMax, int asked) {
    var modest = budget.isTight() ? Math.min(asked, SLOTS_MIN) : asked;
    var granted = budget.reserve(modest, SLOT_BYTES);
    return granted == 0 ? null : new SlotTable(budget, cachedReplyBytesMax, granted, false);
  }

  /** The table of an earlier process, or null where there is no memory for all of its slots. */
  static @Nullable SlotTable resume(SlotBudget budget, int cachedReplyBytesMax, int slots) {
    return budget.reserveAll(slots, SLOT_BYTES)
        ? new SlotTable(budget, cachedReplyBytesMax, slots, true)
        : null;
  }

  /** The slot with the given number, or null where there is none. */
  @Nullable Slot slot(int number) {
    if (number < 0 || number >= limit) {
      return null;
    }
    var present = slots;
    var slot = number < present.length ? present[number] : null;
    return slot != null ? slot : make(number);
  }

  private @Nullable Slot make(int number) {
    lock.lock();
    try {
      if (disposed) {
        return null;
      }
      var present = slots;
      if (number >= present.length) {
        var length = Math.max(number + 1, Math.min(SLOTS_MAX, 2 * present.length));
        present = Arrays.copyOf(present, length);
      }
      var slot = present[number];
      if (slot == null) {
        slot = new Slot(budget, cachedReplyBytesMax, resumed);
        present[number] = slot;
      }
      slots = present;
      return slot;
    } finally {
      lock.unlock();
    }
  }

  int limit() {
    return limit;
  }

  int target() {
    return target;
  }

  int generation() {
    return generation;
  }

  /** The numbers of the slots of which something was noted. */
  List<Integer> noted() {
    var present = slots;
    return IntStream.range(0, present.length)
        .filter(number -> {
          var slot = present[number];
          return slot != null && slot.isNoted();
        })
        .boxed()
        .toList();
  }

  /**
   * Offers more slots, as far as there is memory for the replies they keep. Returns whether there
   * are more than before.
   */
  boolean raise(int wanted) {
    lock.lock();
    try {
      var bounded = Math.min(wanted, SLOTS_MAX);
      if (disposed || bounded <= target) {
        return false;
      }
      var before = limit;
      if (bounded > before) {
        limit = before + budget.reserve(bounded - before, SLOT_BYTES);
      }
      target = Math.min(bounded, limit);
      return limit > before;
    } finally {
      lock.unlock();
    }
  }

  /** Asks the client to use fewer slots. */
  void lower(int wanted) {
    lock.lock();
    try {
      if (!disposed && wanted < target) {
        target = Math.max(1, wanted);
        var next = generation + 1;
        generation = next;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Notes that the client has seen the target of a generation and says which slot is the highest
   * that it uses.
   */
  void obeyed(int seenGeneration, int highestUsed) {
    if (limit == target || seenGeneration != generation || highestUsed >= target) {
      return;
    }
    lock.lock();
    try {
      if (seenGeneration != generation || disposed) {
        return;
      }
      var present = slots;
      var before = limit;
      while (limit > target) {
        var last = limit - 1;
        var slot = last < present.length ? present[last] : null;
        if (slot != null && !slot.retire()) {
          break; // a request runs on it
        }
        limit = last;
      }
      budget.release(before - limit, SLOT_BYTES);
    } finally {
      lock.unlock();
    }
  }

  /** Lets go of all kept replies; there are no slots any more. */
  void dispose() {
    lock.lock();
    try {
      if (disposed) {
        return;
      }
      disposed = true;
      budget.release(limit, SLOT_BYTES);
      for (var slot : slots) {
        if (slot != null) {
          slot.dispose();
        }
      }
    } finally {
      lock.unlock();
    }
  }
}
