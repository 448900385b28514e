package io.bucketfs.core.writeback;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * Whose bytes may be on their way: so many files of a mount at a time. What comes before and after
 * the request of one, such as transactions and their syncs, takes no turn of another.
 */
final class ExportTurns {
  private final int perMountMax;
  private final Map<Integer, Semaphore> permits = new ConcurrentHashMap<>();

  ExportTurns(int perMountMax) {
    this.perMountMax = perMountMax;
  }

  /** A turn, until it is closed. */
  static final class Turn implements AutoCloseable {
    private final Semaphore permit;

    private Turn(Semaphore permit) {
      this.permit = permit;
    }

    @Override
    public void close() {
      permit.release();
    }
  }

  /** Waits for a turn. */
  Turn take(int mount) throws InterruptedException {
    var permit = permits.computeIfAbsent(mount, _ -> new Semaphore(perMountMax));
    permit.acquire();
    return new Turn(permit);
  }
}
