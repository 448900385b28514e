package io.bucketfs.core.content;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.Pin;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What operators keep on the local disk, by inode: it goes with a file or directory wherever it is
 * renamed to, and ends with it. A file is pinned where it is, or a directory above one of its
 * names. Any thread.
 */
public final class Pins {
  /** How many there may be in all. */
  public static final int PINS_MAX = 10_000;

  /** Stands for a pin whose record is damaged: nobody knows its size and time. */
  public static final Pin UNREADABLE = new Pin(0, 0);

  private static final Logger LOG = LoggerFactory.getLogger(Pins.class);

  /** So many damaged pins are named in the log. */
  private static final int LOGGED_MAX = 10;

  private static final int NAMES_MAX = 64;
  private static final int DEPTH_MAX = 1_024;

  private final Committer committer;
  private final MetadataCache cache;
  private final Map<InodeKey, Pin> pins = new ConcurrentHashMap<>();

  Pins(Committer committer, MetadataCache cache) {
    this.committer = committer;
    this.cache = cache;
  }

  /**
   * Reads what is stored. A pin that cannot be read keeps what it names all the same, with a size
   * of 0, and its record stays as it is until that is unpinned.
   */
  void open() throws IOException {
    var damaged = new ArrayList<String>();
    for (var entry : cache.store().scan(Family.PINS, new byte[0], null, Integer.MAX_VALUE)) {
      if (!InodeKey.isEntry(entry.key())) {
        damaged.add("the key " + HexFormat.of().formatHex(entry.key()) + " names no inode");
        continue;
      }
      var key = InodeKey.ofEntry(entry.key());
      try {
        pins.put(key, Pin.decode(entry.value()));
      } catch (IllegalArgumentException e) {
        pins.put(key, UNREADABLE);
        damaged.add(
            "inode %d of mount %d: %s".formatted(key.number(), key.mount(), e.getMessage()));
      }
    }
    if (!damaged.isEmpty()) {
      LOG.error(
          "{} pins cannot be read ({}); what they name is kept all the same, and bucketfs check"
              + " lists them: unpin it and pin it again",
          damaged.size(),
          String.join("; ", damaged.subList(0, Math.min(damaged.size(), LOGGED_MAX))));
    }
  }

  /** All pins, also those of files and directories that are gone since. */
  public Map<InodeKey, Pin> all() {
    return Map.copyOf(pins);
  }

  /** Adds a pin; durable when it returns. */
  public void add(InodeKey key, Pin pin) throws FileSystemException {
    committer.commit(tx -> {
      tx.put(Family.PINS, Keys.inode(key.mount(), key.number()), pin.encode());
      return true;
    });
    pins.put(key, pin);
  }

  /** Takes pins away; durable when it returns. */
  public void remove(Iterable<InodeKey> keys) throws FileSystemException {
    committer.commit(tx -> {
      keys.forEach(key -> tx.delete(Family.PINS, Keys.inode(key.mount(), key.number())));
      return true;
    });
    keys.forEach(pins::remove);
  }

  /** Forgets a mount that is gone. */
  void forget(int mount) {
    pins.keySet().removeIf(key -> key.mount() == mount);
  }

  boolean isEmpty() {
    return pins.isEmpty();
  }

  /** Whether a file or directory is kept, by itself or by what it is in. */
  public boolean holds(InodeKey key) throws IOException {
    return !pins.isEmpty() && holder(key) != null;
  }

  /** What keeps a file or directory: the nearest of what is pinned; null for nothing. */
  public @Nullable InodeKey holder(InodeKey key) throws IOException {
    if (pins.containsKey(key)) {
      return key;
    }
    if (key.number() == FileId.ROOT_INODE) {
      return null;
    }
    for (var name : cache.names(key, NAMES_MAX)) {
      var holder = above(name);
      if (holder != null) {
        return holder;
      }
    }
    return null;
  }

  private @Nullable InodeKey above(DirentKey name) throws IOException {
    var at = new InodeKey(name.mount(), name.directory());
    for (var depth = 0; depth < DEPTH_MAX; depth++) {
      if (pins.containsKey(at)) {
        return at;
      }
      var directory = cache.inode(at, Patience.FOREVER);
      if (directory == null || directory.isRoot()) {
        return null;
      }
      at = new InodeKey(at.mount(), directory.parent());
    }
    return null;
  }
}
