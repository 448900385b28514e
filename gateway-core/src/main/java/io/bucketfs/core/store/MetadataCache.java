package io.bucketfs.core.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Committed inodes and names in memory, in front of the metadata store, bounded. Only the committer
 * publishes changes, after they are durable. A reader that loads a value keeps it only if nothing
 * was published in its {@link Stripe} meanwhile, so that a publication which overtakes it wins;
 * nobody holds a lock while it waits for the store.
 *
 * <p>Thread-safe.
 */
public final class MetadataCache {
  /** The child number of a name that is known not to exist. */
  static final long ABSENT = 0;

  private static final int STRIPES = 256;

  private final KeyValueStore store;
  private final Stripe[] stripes = new Stripe[STRIPES];
  private final Cache<InodeKey, Inode> inodes;
  private final Cache<DirentKey, Long> dirents;

  /**
   * @param entriesMax how many inodes, and how many names, are kept at most
   */
  public MetadataCache(KeyValueStore store, long entriesMax) {
    this.store = store;
    Arrays.setAll(stripes, _ -> new Stripe());
    inodes = Caffeine.newBuilder().maximumSize(entriesMax).executor(Runnable::run).build();
    dirents = Caffeine.newBuilder().maximumSize(entriesMax).executor(Runnable::run).build();
  }

  @Nullable Inode inodeIfPresent(InodeKey key) {
    return inodes.getIfPresent(key);
  }

  /** The committed inode, or null. */
  public @Nullable Inode inode(InodeKey key, Patience patience) throws IOException {
    var cached = inodes.getIfPresent(key);
    if (cached != null) {
      return cached;
    }
    if (!patience.mayUseDisk()) {
      var value = store.getFromMemory(Family.INODES, Keys.inode(key.mount(), key.number()));
      // Not cached: the event loop must not wait for a publication of the same key.
      return value == null ? null : Inode.decode(key, value);
    }
    var stripe = stripeOf(key);
    var stamp = stripe.stamp();
    var value = store.get(Family.INODES, Keys.inode(key.mount(), key.number()));
    if (value == null) {
      return null;
    }
    var loaded = Inode.decode(key, value);
    stripe.keepIfUnchanged(stamp, () -> inodes.put(key, loaded));
    return loaded;
  }

  /** The number of the committed child with a name, or null. */
  public @Nullable Long child(DirentKey key, Patience patience) throws IOException {
    var cached = dirents.getIfPresent(key);
    if (cached == null) {
      if (!patience.mayUseDisk()) {
        var value =
            store.getFromMemory(
                Family.DIRENTS, Keys.dirent(key.mount(), key.directory(), key.name()));
        return value == null ? null : Long.valueOf(Dirent.decode(value).inode());
      }
      var stripe = stripeOf(key);
      var stamp = stripe.stamp();
      var value = store.get(Family.DIRENTS, Keys.dirent(key.mount(), key.directory(), key.name()));
      var loaded = value == null ? ABSENT : Dirent.decode(value).inode();
      stripe.keepIfUnchanged(stamp, () -> dirents.put(key, loaded));
      cached = loaded;
    }
    return cached == ABSENT ? null : cached;
  }

  /** All committed names of an inode; at most {@code max}. */
  public List<DirentKey> names(InodeKey inode, int max) throws IOException {
    var from = Keys.inode(inode.mount(), inode.number());
    var to = Keys.inode(inode.mount(), inode.number() + 1);
    return decodeLinks(store.scan(Family.LINKS, from, to, max));
  }

  /** The committed path of a name without a leading slash, or null where it is gone. */
  public @Nullable String path(DirentKey name) throws IOException {
    return Paths.path(name, key -> inode(key, Patience.FOREVER));
  }

  /** The store below, for scans. */
  public KeyValueStore store() {
    return store;
  }

  static List<DirentKey> decodeLinks(List<Entry> entries) {
    var names = new ArrayList<DirentKey>(entries.size());
    for (var entry : entries) {
      names.add(DirentKey.ofLink(entry.key()));
    }
    return names;
  }

  void publish(Batch batch) {
    batch
        .inodes()
        .forEach((key, pending) ->
            stripeOf(key)
                .change(() -> {
                  var inode = pending.inode();
                  if (inode == null) {
                    inodes.invalidate(key);
                  } else {
                    inodes.put(key, inode);
                  }
                }));
    batch.dirents().forEach((key, child) -> stripeOf(key).change(() -> dirents.put(key, child)));
  }

  private Stripe stripeOf(Object key) {
    var hash = key.hashCode();
    return stripes[(hash ^ hash >>> 16) & (STRIPES - 1)];
  }

  /** Tells a load of one of its keys whether something was published since it began. */
  private static final class Stripe {
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private long changes;

    long stamp() {
      lock.lock();
      try {
        return changes;
      } finally {
        lock.unlock();
      }
    }

    void keepIfUnchanged(long stamp, Runnable keep) {
      lock.lock();
      try {
        if (changes == stamp) {
          keep.run();
        }
      } finally {
        lock.unlock();
      }
    }

    void change(Runnable change) {
      lock.lock();
      try {
        changes++;
        change.run();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Forgets everything of a mount that is gone. */
  public void forget(int mount) {
    inodes.asMap().keySet().removeIf(key -> key.mount() == mount);
    dirents.asMap().keySet().removeIf(key -> key.mount() == mount);
  }
}
