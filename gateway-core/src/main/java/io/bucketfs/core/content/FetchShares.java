package io.bucketfs.core.content;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who may fetch (CORRECTNESS 22): each mount has a share that nobody takes from it, and may borrow
 * up to half of a rest that is there for all. So the GETs that hang on a store that is slow or gone
 * never keep those of another mount from running. In the order of coming, within a mount.
 */
final class FetchShares {
  private static final int OWN_PART = 4;

  private final int ownMax;
  private final int borrowedMax;
  private final int lentMax;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<Integer, Share> shares = new HashMap<>();

  @GuardedBy("lock")
  private int lent;

  /** What a mount holds, and who waits. Used under the lock. */
  private static final class Share {
    private final Queue<Semaphore> waiting = new ArrayDeque<>();
    private int held;
  }

  /**
   * @param fetchesMax what one mount may have at most
   */
  FetchShares(int fetchesMax) {
    ownMax = Math.max(1, fetchesMax / OWN_PART);
    borrowedMax = Math.max(0, fetchesMax - ownMax);
    lentMax = 2 * borrowedMax;
  }

  /** Waits until the mount may have one more. */
  void acquire(int mount) throws InterruptedException {
    Semaphore turn;
    lock.lock();
    try {
      var share = shares.computeIfAbsent(mount, _ -> new Share());
      if (share.waiting.isEmpty() && take(share)) {
        return;
      }
      turn = new Semaphore(0);
      share.waiting.add(turn);
    } finally {
      lock.unlock();
    }
    try {
      turn.acquire();
    } catch (InterruptedException e) {
      giveUp(mount, turn);
      throw e;
    }
  }

  private void giveUp(int mount, Semaphore turn) {
    boolean had;
    lock.lock();
    try {
      var share = shares.get(mount);
      had = share == null || !share.waiting.remove(turn);
    } finally {
      lock.unlock();
    }
    if (had) {
      release(mount);
    }
  }

  @GuardedBy("lock")
  private boolean take(Share share) {
    if (share.held >= ownMax) {
      if (share.held >= ownMax + borrowedMax || lent >= lentMax) {
        return false;
      }
      lent++;
    }
    share.held++;
    return true;
  }

  /** Gives one back. */
  void release(int mount) {
    lock.lock();
    try {
      var share = shares.get(mount);
      if (share == null || share.held == 0) {
        throw new IllegalStateException("a fetch ended twice");
      }
      if (share.held > ownMax) {
        lent--;
      }
      share.held--;
      admit(share);
      for (var other : shares.values()) {
        admit(other);
      }
      if (share.held == 0 && share.waiting.isEmpty()) {
        shares.remove(mount);
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void admit(Share share) {
    while (!share.waiting.isEmpty() && take(share)) {
      share.waiting.remove().release();
    }
  }
}
