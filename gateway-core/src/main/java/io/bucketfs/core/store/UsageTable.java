package io.bucketfs.core.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What each mount takes and may take. The counters move with the transactions that put inodes, and
 * are stored in the same batch; nothing ever counts at start.
 *
 * <p>A write that is not committed yet has reserved what it makes its file grow by, so that it
 * cannot fail later and writers together cannot take more than the quota.
 *
 * <p>A count of all inodes goes on beside the changes, a page at a time: what was counted already
 * is kept up to date by every transaction from then on, what was not is left alone. So it is exact
 * when it ends, however much was changed meanwhile.
 *
 * <p>Thread-safe. Only transactions change counters.
 */
public final class UsageTable {
  private final Map<Integer, OfMount> mounts = new ConcurrentHashMap<>();

  /** One inode's part in a transaction. */
  record Charge(InodeKey inode, Usage delta) {}

  private static final class OfMount {
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private Usage usage;

    /** Whether the usage is what the inodes say; else it is being counted. */
    @GuardedBy("lock")
    private boolean known;

    @GuardedBy("lock")
    private long reservedBytes;

    @GuardedBy("lock")
    private @Nullable Usage counted;

    /** Which count goes on: a new one ends the one before. */
    @GuardedBy("lock")
    private int count;

    /** Inodes up to this number are counted. */
    @GuardedBy("lock")
    private long countedTo;

    private volatile long bytesMax = Long.MAX_VALUE;
    private volatile long inodesMax = Long.MAX_VALUE;

    OfMount(@Nullable Usage stored) {
      usage = stored == null ? Usage.NONE : stored;
      known = stored != null;
    }

    @GuardedBy("lock")
    private void add(InodeKey inode, Usage delta) {
      usage = usage.plus(delta);
      if (counted != null && inode.number() <= countedTo) {
        counted = counted.plus(delta);
      }
    }

    @GuardedBy("lock")
    private boolean fitsBytes(long more) {
      return more <= bytesMax - usage.bytes() - reservedBytes;
    }
  }

  /**
   * Begins to keep the counters of a mount.
   *
   * @param stored null where they are not known, and have to be counted
   */
  public void begin(int mount, @Nullable Usage stored) {
    mounts.put(mount, new OfMount(stored));
  }

  /** Forgets a mount that is gone. */
  public void forget(int mount) {
    mounts.remove(mount);
  }

  /** Sets what a mount may take; what it has above that stays. */
  public void limit(int mount, long bytesMax, long inodesMax) {
    var of = mounts.get(mount);
    if (of != null) {
      of.bytesMax = bytesMax;
      of.inodesMax = inodesMax;
    }
  }

  /** What a mount takes now, reserved bytes included. */
  public Usage usage(int mount) {
    var of = mounts.get(mount);
    if (of == null) {
      return Usage.NONE;
    }
    of.lock.lock();
    try {
      return new Usage(of.usage.bytes() + of.reservedBytes, of.usage.inodes());
    } finally {
      of.lock.unlock();
    }
  }

  /** Whether the usage of a mount is known. */
  public boolean isKnown(int mount) {
    var of = mounts.get(mount);
    if (of == null) {
      return false;
    }
    of.lock.lock();
    try {
      return of.known;
    } finally {
      of.lock.unlock();
    }
  }

  /** Whether bytes of a mount are limited at all. */
  public boolean limitsBytes(int mount) {
    var of = mounts.get(mount);
    return of != null && of.bytesMax != Long.MAX_VALUE;
  }

  /** Sets bytes aside for a write that is not committed; false where the quota forbids it. */
  public boolean reserve(int mount, long bytes) {
    var of = mounts.get(mount);
    if (of == null) {
      return true;
    }
    of.lock.lock();
    try {
      if (!of.fitsBytes(bytes)) {
        return false;
      }
      of.reservedBytes += bytes;
      return true;
    } finally {
      of.lock.unlock();
    }
  }

  /** Ends a {@link #reserve} without a transaction. */
  public void release(int mount, long bytes) {
    var of = mounts.get(mount);
    if (of != null) {
      of.lock.lock();
      try {
        of.reservedBytes -= bytes;
      } finally {
        of.lock.unlock();
      }
    }
  }

  /**
   * Applies what a transaction changed in one mount, and ends the reservation of it.
   *
   * @param enforced whether to change nothing where it takes more than the quota leaves
   * @return false where it was refused
   */
  boolean apply(int mount, Iterable<Charge> charges, long released, boolean enforced) {
    var of = mounts.get(mount);
    if (of == null) {
      return true;
    }
    of.lock.lock();
    try {
      var sum = Usage.NONE;
      for (var charge : charges) {
        sum = sum.plus(charge.delta);
      }
      if (enforced
          && ((sum.bytes() > released && !of.fitsBytes(sum.bytes() - released))
              || (sum.inodes() > 0 && sum.inodes() > of.inodesMax - of.usage.inodes()))) {
        return false;
      }
      for (var charge : charges) {
        of.add(charge.inode, charge.delta);
      }
      of.reservedBytes -= released;
      return true;
    } finally {
      of.lock.unlock();
    }
  }

  /** Takes back an {@link #apply}. */
  void undo(int mount, Iterable<Charge> charges, long released) {
    var of = mounts.get(mount);
    if (of == null) {
      return;
    }
    of.lock.lock();
    try {
      for (var charge : charges) {
        of.add(charge.inode, Usage.NONE.minus(charge.delta));
      }
      of.reservedBytes += released;
    } finally {
      of.lock.unlock();
    }
  }

  /** What is to be stored of a mount, or null where it is not known. */
  @Nullable Usage stored(int mount) {
    var of = mounts.get(mount);
    if (of == null) {
      return null;
    }
    of.lock.lock();
    try {
      return of.known ? of.usage : null;
    } finally {
      of.lock.unlock();
    }
  }

  // Counting; in transactions.

  /** Begins a count of a mount, in place of one that goes on; returns what it is known by. */
  int beginCount(int mount) {
    var of = mounts.get(mount);
    if (of == null) {
      return 0;
    }
    of.lock.lock();
    try {
      of.counted = Usage.NONE;
      of.countedTo = 0;
      return ++of.count;
    } finally {
      of.lock.unlock();
    }
  }

  /** Adds the inodes of a page, up to and including the given number. */
  void count(int mount, int count, Usage page, long upTo) {
    var of = mounts.get(mount);
    if (of != null) {
      of.lock.lock();
      try {
        if (of.counted != null && of.count == count) {
          of.counted = of.counted.plus(page);
          of.countedTo = upTo;
        }
      } finally {
        of.lock.unlock();
      }
    }
  }

  /** The counters of a mount as they are kept, and as its inodes say. */
  public record Comparison(Usage kept, Usage counted) {
    public boolean isRight() {
      return kept.equals(counted);
    }
  }

  /**
   * Ends a count; what was counted is kept from now on. Null where the mount is gone or counted
   * anew.
   */
  @Nullable Comparison endCount(int mount, int count) {
    var of = mounts.get(mount);
    if (of == null) {
      return null;
    }
    of.lock.lock();
    try {
      var counted = of.counted;
      if (counted == null || of.count != count) {
        return null;
      }
      var compared = new Comparison(of.known ? of.usage : counted, counted);
      of.usage = counted;
      of.known = true;
      of.counted = null;
      return compared;
    } finally {
      of.lock.unlock();
    }
  }
}
