package io.bucketfs.nfs.state;

import java.util.concurrent.atomic.AtomicLong;

/** Memory that the kept replies of all slots may take, reserved before a slot is offered. */
final class SlotBudget {
  private final long bytesMax;
  private final AtomicLong reserved = new AtomicLong();

  SlotBudget(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  /** Reserves room for up to so many slots, as many as there is room for, and returns how many. */
  int reserve(int slots, int bytesPerSlot) {
    while (true) {
      var before = reserved.get();
      var granted = Math.clamp((bytesMax - before) / bytesPerSlot, 0, slots);
      if (reserved.compareAndSet(before, before + (long) granted * bytesPerSlot)) {
        return granted;
      }
    }
  }

  void release(int slots, int bytesPerSlot) {
    reserved.addAndGet(-(long) slots * bytesPerSlot);
  }

  /** Whether most of it is taken. */
  boolean isTight() {
    return reserved.get() > bytesMax - bytesMax / 8;
  }

  long reservedBytes() {
    return reserved.get();
  }
}
