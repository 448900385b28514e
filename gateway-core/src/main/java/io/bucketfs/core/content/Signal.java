package io.bucketfs.core.content;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Wakes one background loop; raised while it works, it works once more. Thread-safe. */
final class Signal {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private boolean raised;

  void raise() {
    lock.lock();
    try {
      raised = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until it is raised, and lowers it. */
  void await() throws InterruptedException {
    lock.lock();
    try {
      while (!raised) {
        changed.await();
      }
      raised = false;
    } finally {
      lock.unlock();
    }
  }
}
