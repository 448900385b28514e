package io.bucketfs.core.store;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.local.KeyValueStore.Entry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The writes of several transactions that go to disk together, readable before they do. A
 * transaction that fails is undone without touching the others. Used by the thread that runs it.
 */
final class Batch {
  /** A value that is not on disk yet; null means deleted. */
  record Pending(byte @Nullable [] value) {}

  /** An inode that is not on disk yet; null means deleted. */
  record PendingInode(@Nullable Inode inode) {}

  /** A dirty mark that changed; null means clean. Exactly one of inode and key is set. */
  record DirtyMark(
      int mount, @Nullable InodeKey inode, @Nullable String key, @Nullable Dirty dirty) {}

  private final Map<Family, NavigableMap<byte[], Pending>> families = new EnumMap<>(Family.class);
  private final Map<InodeKey, PendingInode> inodes = new LinkedHashMap<>();
  private final Map<DirentKey, Long> dirents = new LinkedHashMap<>();
  private final List<DirtyMark> marks = new ArrayList<>();
  private final List<Change> ranges = new ArrayList<>();
  private final List<Runnable> actions = new ArrayList<>();
  private final List<Runnable> undo = new ArrayList<>();
  private final Set<Integer> charged = new HashSet<>();
  private boolean orphans;

  private NavigableMap<byte[], Pending> family(Family family) {
    return families.computeIfAbsent(family, _ -> new TreeMap<>(Arrays::compareUnsigned));
  }

  /** Starts a transaction: from here on {@link #rollback} goes back to this state. */
  void begin() {
    undo.clear();
  }

  /** Undoes everything since {@link #begin}. */
  void rollback() {
    for (var i = undo.size() - 1; i >= 0; i--) {
      undo.get(i).run();
    }
    undo.clear();
  }

  @Nullable Pending get(Family family, byte[] key) {
    var pending = families.get(family);
    return pending == null ? null : pending.get(key);
  }

  void put(Family family, byte[] key, byte @Nullable [] value) {
    var map = family(family);
    var old = map.put(key, new Pending(value));
    undo.add(() -> restore(map, key, old));
  }

  private static <K, V> void restore(Map<K, V> map, K key, @Nullable V old) {
    if (old == null) {
      map.remove(key);
    } else {
      map.put(key, old);
    }
  }

  @Nullable PendingInode inode(InodeKey key) {
    return inodes.get(key);
  }

  void putInode(InodeKey key, @Nullable Inode inode) {
    var old = inodes.put(key, new PendingInode(inode));
    undo.add(() -> restore(inodes, key, old));
  }

  void dirent(DirentKey key, long child) {
    var old = dirents.put(key, child);
    undo.add(() -> restore(dirents, key, old));
  }

  void dirtied(int mount, @Nullable InodeKey inode, @Nullable String key, @Nullable Dirty dirty) {
    marks.add(new DirtyMark(mount, inode, key, dirty));
    undo.add(marks::removeLast);
  }

  void deleteRange(Family family, byte[] from, byte[] to) {
    ranges.add(new Change.DeleteRange(family, from, to));
    undo.add(ranges::removeLast);
  }

  void afterCommit(Runnable action) {
    actions.add(action);
    undo.add(actions::removeLast);
  }

  /** Notes that the counters of a mount changed. */
  void charged(int mount, Runnable takeBack) {
    charged.add(mount);
    undo.add(takeBack);
  }

  /** The mounts whose counters may have changed. */
  Set<Integer> charged() {
    return charged;
  }

  void orphaned() {
    orphans = true;
  }

  boolean hasOrphans() {
    return orphans;
  }

  Map<InodeKey, PendingInode> inodes() {
    return inodes;
  }

  Map<DirentKey, Long> dirents() {
    return dirents;
  }

  List<DirtyMark> marks() {
    return marks;
  }

  List<Runnable> actions() {
    return actions;
  }

  /** All writes, ready for the store. */
  List<Change> changes() {
    var changes = new ArrayList<Change>();
    inodes.forEach((key, pending) -> {
      var bytes = Keys.inode(key.mount(), key.number());
      var inode = pending.inode();
      changes.add(
          inode == null
              ? new Change.Delete(Family.INODES, bytes)
              : new Change.Put(Family.INODES, bytes, inode.encode()));
    });
    families.forEach((family, map) ->
        map.forEach((key, pending) -> {
          var value = pending.value();
          changes.add(
              value == null ? new Change.Delete(family, key) : new Change.Put(family, key, value));
        }));
    changes.addAll(ranges);
    return changes;
  }

  /** A scan of the store with the pending writes laid over it. */
  List<Entry> merge(Family family, byte[] from, byte @Nullable [] to, int max, KeyValueStore store)
      throws IOException {
    var map = families.get(family);
    if (map == null || map.isEmpty()) {
      return store.scan(family, from, to, max);
    }
    var over = to == null ? map.tailMap(from, true) : map.subMap(from, true, to, false);
    if (over.isEmpty()) {
      return store.scan(family, from, to, max);
    }
    var merged = new TreeMap<byte[], byte[]>(Arrays::compareUnsigned);
    var next = from;
    while (true) {
      var page = store.scan(family, next, to, max);
      for (var entry : page) {
        if (!over.containsKey(entry.key())) {
          merged.put(entry.key(), entry.value());
        }
      }
      if (page.size() < max || merged.size() >= max) {
        break;
      }
      next = Keys.after(page.getLast().key());
    }
    over.forEach((key, pending) -> {
      var value = pending.value();
      if (value != null) {
        merged.put(key, value);
      }
    });
    return merged.entrySet().stream()
        .limit(max)
        .map(entry -> new Entry(entry.getKey(), entry.getValue()))
        .toList();
  }

  /** The last entry at or before a key, with the pending writes laid over the store. */
  @Nullable Entry floor(Family family, byte[] from, byte[] at, KeyValueStore store)
      throws IOException {
    var map = families.get(family);
    var pending = map == null ? null : lastPut(map.subMap(from, true, at, true));
    var below = at;
    while (true) {
      var stored = store.floor(family, from, below);
      if (stored == null) {
        return pending;
      }
      var over = map == null ? null : map.get(stored.key());
      if (over == null) {
        return pending != null && Arrays.compareUnsigned(pending.key(), stored.key()) > 0
            ? pending
            : stored;
      }
      if (pending != null && Arrays.compareUnsigned(pending.key(), stored.key()) >= 0) {
        return pending;
      }
      // Deleted in this batch: look at what is before it.
      var before = before(stored.key());
      if (before == null || Arrays.compareUnsigned(before, from) < 0) {
        return pending;
      }
      below = before;
    }
  }

  private static @Nullable Entry lastPut(NavigableMap<byte[], Pending> map) {
    for (var entry : map.descendingMap().entrySet()) {
      var value = entry.getValue().value();
      if (value != null) {
        return new Entry(entry.getKey(), value);
      }
    }
    return null;
  }

  /**
   * The greatest key of the same length that is less; all keys of a family that is searched so have
   * one length.
   */
  private static byte @Nullable [] before(byte[] key) {
    var less = key.clone();
    for (var i = less.length - 1; i >= 0; i--) {
      if (less[i]-- != 0) {
        return less;
      }
    }
    return null;
  }
}
