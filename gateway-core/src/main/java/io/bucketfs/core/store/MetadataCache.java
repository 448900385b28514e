package io.bucketfs.core.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Committed inodes and names in memory, in front of the metadata store, bounded. Only the committer
 * publishes changes, after they are durable. A reader that loads a value does so inside the cache's
 * own per-key atomicity, so that a publication which overtakes it wins.
 *
 * <p>Thread-safe.
 */
public final class MetadataCache {
  /** The child number of a name that is known not to exist. */
  static final long ABSENT = 0;

  private final KeyValueStore store;
  private final Cache<InodeKey, Inode> inodes;
  private final Cache<DirentKey, Long> dirents;

  /**
   * @param entriesMax how many inodes, and how many names, are kept at most
   */
  public MetadataCache(KeyValueStore store, long entriesMax) {
    this.store = store;
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
    if (patience.isNone()) {
      var value = store.getFromMemory(Family.INODES, Keys.inode(key.mount(), key.number()));
      // Not cached: the event loop must not wait for a publication of the same key.
      return value == null ? null : Inode.decode(key, value);
    }
    try {
      return inodes.asMap().computeIfAbsent(key, this::load);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  @SuppressWarnings("NullAway") // Caffeine's loader may return null for "no mapping"
  private Inode load(InodeKey key) {
    try {
      var value = store.get(Family.INODES, Keys.inode(key.mount(), key.number()));
      return value == null ? null : Inode.decode(key, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The number of the committed child with a name, or null. */
  public @Nullable Long child(DirentKey key, Patience patience) throws IOException {
    var cached = dirents.getIfPresent(key);
    if (cached == null) {
      if (patience.isNone()) {
        var value =
            store.getFromMemory(
                Family.DIRENTS, Keys.dirent(key.mount(), key.directory(), key.name()));
        return value == null ? null : Long.valueOf(Dirent.decode(value).inode());
      }
      try {
        cached = dirents.asMap().computeIfAbsent(key, this::load);
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }
    return cached == ABSENT ? null : cached;
  }

  private Long load(DirentKey key) {
    try {
      var value = store.get(Family.DIRENTS, Keys.dirent(key.mount(), key.directory(), key.name()));
      return value == null ? ABSENT : Dirent.decode(value).inode();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
      var reader = new RecordReader(entry.key());
      var mount = reader.i32();
      reader.i64();
      names.add(new DirentKey(mount, reader.i64(), reader.restText()));
    }
    return names;
  }

  void publish(Batch batch) {
    batch
        .inodes()
        .forEach((key, pending) -> {
          var inode = pending.inode();
          if (inode == null) {
            inodes.invalidate(key);
          } else {
            inodes.put(key, inode);
          }
        });
    batch.dirents().forEach(dirents::put);
  }

  /** Forgets everything of a mount that is gone. */
  public void forget(int mount) {
    inodes.asMap().keySet().removeIf(key -> key.mount() == mount);
    dirents.asMap().keySet().removeIf(key -> key.mount() == mount);
  }
}
