package io.bucketfs.cache.extent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.local.Disk.DiskFile;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps the number of open file descriptors near a limit, by closing those not used for longest.
 */
final class OpenHandles {
  private final int handlesMax;
  private final ReentrantLock lock = new ReentrantLock();

  /** Least recently used first. */
  @GuardedBy("lock")
  private final Map<Long, ExtentFile> used = new LinkedHashMap<>(16, 0.75f, true);

  OpenHandles(int handlesMax) {
    this.handlesMax = handlesMax;
  }

  /** The open file; the caller has acquired it. */
  DiskFile of(ExtentFile file) throws IOException {
    lock.lock();
    try {
      used.put(file.number(), file);
      if (used.size() > handlesMax) {
        closeOldest();
      }
    } finally {
      lock.unlock();
    }
    return file.handle();
  }

  /** Notes that an open file is used, unless it would have to wait for that. */
  void touch(ExtentFile file) {
    if (lock.tryLock()) {
      try {
        var _ = used.get(file.number());
      } finally {
        lock.unlock();
      }
    }
  }

  @GuardedBy("lock")
  private void closeOldest() throws IOException {
    // Those in use stay, and are looked at again when the next one is opened.
    var excess = used.size() - handlesMax;
    for (var all = used.values().iterator(); excess > 0 && all.hasNext(); ) {
      if (all.next().closeIfIdle()) {
        all.remove();
        excess--;
      }
    }
  }
}
