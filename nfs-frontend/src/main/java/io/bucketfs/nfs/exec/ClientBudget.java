package io.bucketfs.nfs.exec;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the requests of one client that wait on threads of their own, whichever connection they
 * came by. Thread-safe.
 */
final class ClientBudget {
  private final int parkedMax;
  private final AtomicInteger parked = new AtomicInteger();
  private final ConcurrentLinkedQueue<Runnable> waiting = new ConcurrentLinkedQueue<>();

  ClientBudget(int parkedMax) {
    this.parkedMax = parkedMax;
  }

  boolean isExhausted() {
    return parked.get() >= parkedMax;
  }

  void park() {
    parked.incrementAndGet();
  }

  void unpark() {
    if (parked.getAndDecrement() == parkedMax) {
      wakeAll();
    }
  }

  /** Runs an action once there is room again; may run it although there is none. */
  void whenFree(Runnable action) {
    waiting.add(action);
    if (!isExhausted()) {
      wakeAll();
    }
  }

  private void wakeAll() {
    for (var action = waiting.poll(); action != null; action = waiting.poll()) {
      action.run();
    }
  }
}
