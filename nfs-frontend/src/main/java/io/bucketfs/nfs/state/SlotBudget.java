package io.bucketfs.nfs.state;

import io.bucketfs.core.access.ClientAddress;

/**
 * Memory that one client's slots and the replies they keep may take: that of a slot with a usual
 * reply is reserved before the slot is offered, that of larger replies is taken when they are kept.
 * Nearly all replies are small, so that a client with 64 slots needs 48 KiB and not the 512 KiB
 * that its slots could keep. Whoever does keep large ones gets no more requests that ask for it
 * admitted once its share is taken; those that run already are kept nevertheless.
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

  /** Takes what a reply that is kept has beyond the usual, or gives it back where negative. */
  void add(int bytes) {
    if (bytes != 0) {
      shares.add(holder, bytes);
    }
  }

  /** Whether another large reply can be kept. */
  boolean hasRoomFor(int bytes) {
    return shares.hasRoomFor(holder, bytes);
  }

  /** Whether most of it is taken. */
  boolean isTight() {
    return shares.isTight(holder);
  }
}
