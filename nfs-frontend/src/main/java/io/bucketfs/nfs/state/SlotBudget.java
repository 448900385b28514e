package io.bucketfs.nfs.state;

import io.bucketfs.core.access.ClientAddress;

/**
 * Memory that the kept replies of one client's slots may take, reserved before a slot is offered.
 *
 * @param shares what all clients share
 */
record SlotBudget(FairShares shares, ClientAddress holder) {
  /** Reserves room for up to so many slots, as many as there is room for, and returns how many. */
  int reserve(int slots, int bytesPerSlot) {
    return shares.takeUpTo(holder, slots, bytesPerSlot);
  }

  /** The same for slots that an earlier process granted: all of them, fair or not, or none. */
  boolean reserveAll(int slots, int bytesPerSlot) {
    var bytes = (long) slots * bytesPerSlot;
    if (bytes > shares.left()) {
      return false;
    }
    shares.add(holder, bytes);
    return true;
  }

  void release(int slots, int bytesPerSlot) {
    shares.give(holder, (long) slots * bytesPerSlot);
  }

  /** Whether most of it is taken. */
  boolean isTight() {
    return shares.isTight(holder);
  }
}
