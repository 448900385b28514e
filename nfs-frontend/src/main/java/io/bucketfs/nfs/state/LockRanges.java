package io.bucketfs.nfs.state;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/**
 * The byte ranges that one lock-owner holds on one file: disjoint, sorted, neighbours of one type
 * joined, as POSIX has it. They are in the file's tree, too. Not thread-safe.
 */
final class LockRanges {
  private final LockState owner;
  private final LockTree tree;

  /** Ranges by their first byte. */
  private final TreeMap<Long, HeldLock> held =
      new TreeMap<>((Comparator<Long>) Long::compareUnsigned);

  LockRanges(LockState owner, LockTree tree) {
    this.owner = owner;
    this.tree = tree;
  }

  boolean isEmpty() {
    return held.isEmpty();
  }

  int size() {
    return held.size();
  }

  /** All of them in order. */
  Collection<HeldLock> all() {
    return Collections.unmodifiableCollection(held.values());
  }

  /** Those that a change of the given range can touch: what it overlaps, and its neighbours. */
  List<HeldLock> around(ByteRange range) {
    var first = range.first() == 0 ? 0 : range.first() - 1;
    var last = range.last() == -1 ? -1 : range.last() + 1;
    return overlapping(new ByteRange(first, last));
  }

  /** Whether one of them goes beyond a range on both sides. */
  boolean splits(ByteRange range) {
    var before = held.lowerEntry(range.first());
    return before != null
        && Long.compareUnsigned(before.getValue().range().last(), range.last()) > 0;
  }

  /** Takes over what was noted. */
  void resume(HeldLock lock) {
    held.put(lock.range().first(), lock);
    tree.add(lock);
  }

  /** Locks a range, replacing what the owner held of it. */
  void lock(ByteRange range, boolean exclusive) {
    unlock(range);
    var first = range.first();
    var last = range.last();
    if (first != 0) {
      var before = held.lowerEntry(first);
      if (before != null
          && before.getValue().exclusive() == exclusive
          && before.getValue().range().last() + 1 == first) {
        first = before.getKey();
        remove(before.getValue());
      }
    }
    if (last != -1) {
      var after = held.get(last + 1);
      if (after != null && after.exclusive() == exclusive) {
        last = after.range().last();
        remove(after);
      }
    }
    add(first, last, exclusive);
  }

  /** Unlocks a range; what it covers partly is cut or split. */
  void unlock(ByteRange range) {
    for (var cut : overlapping(range)) {
      var first = cut.range().first();
      var last = cut.range().last();
      remove(cut);
      if (Long.compareUnsigned(first, range.first()) < 0) {
        add(first, range.first() - 1, cut.exclusive());
      }
      if (Long.compareUnsigned(last, range.last()) > 0) {
        add(range.last() + 1, last, cut.exclusive());
      }
    }
  }

  /** Unlocks everything. */
  void clear() {
    held.values().forEach(tree::remove);
    held.clear();
  }

  private void add(long first, long last, boolean exclusive) {
    var added = new HeldLock(owner, new ByteRange(first, last), exclusive);
    held.put(first, added);
    tree.add(added);
  }

  private void remove(HeldLock gone) {
    held.remove(gone.range().first());
    tree.remove(gone);
  }

  private List<HeldLock> overlapping(ByteRange range) {
    var result = new ArrayList<HeldLock>();
    var entry = held.floorEntry(range.first());
    if (entry == null) {
      entry = held.ceilingEntry(range.first());
    }
    while (entry != null && Long.compareUnsigned(entry.getKey(), range.last()) <= 0) {
      if (entry.getValue().range().overlaps(range)) {
        result.add(entry.getValue());
      }
      entry = held.higherEntry(entry.getKey());
    }
    return result;
  }
}
