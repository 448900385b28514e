package io.bucketfs.core.mount;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import java.util.Collection;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The mounts that are served now. Readers see an immutable snapshot; changes are rare and replace
 * it.
 */
public final class MountTable {
  private volatile TreeMap<Integer, ActiveMount> mounts = new TreeMap<>();
  private final AtomicLong changes = new AtomicLong(1);

  /** The mount with a number; STALE where it is not served any longer. */
  public ActiveMount require(int number) throws FileSystemException {
    var mount = mounts.get(number);
    if (mount == null) {
      throw new FileSystemException(FsError.STALE, "mount " + number + " is gone");
    }
    return mount;
  }

  /** The mount with a number, or null. */
  public @Nullable ActiveMount get(int number) {
    return mounts.get(number);
  }

  /** The mount with a name, or null. */
  public @Nullable ActiveMount byName(String name) {
    for (var mount : mounts.values()) {
      if (mount.mount().name().equals(name)) {
        return mount;
      }
    }
    return null;
  }

  /** All mounts, by number. */
  public Collection<ActiveMount> all() {
    return mounts.values();
  }

  /** Grows with every change. */
  public long changes() {
    return changes.get();
  }

  /** Serves a mount, or replaces the one with the same number. */
  public synchronized void put(ActiveMount mount) {
    var changed = new TreeMap<>(mounts);
    changed.put(mount.mount().number(), mount);
    mounts = changed;
    changes.incrementAndGet();
  }

  /** Stops serving a mount. */
  public synchronized void remove(int number) {
    var changed = new TreeMap<>(mounts);
    changed.remove(number);
    mounts = changed;
    changes.incrementAndGet();
  }
}
