package io.bucketfs.nfs.state;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The byte ranges that one lock-owner holds on one file: disjoint, sorted, neighbours of one type
 * joined, as POSIX has it. Not thread-safe.
 */
final class LockRanges {
  /** Ranges by their first byte. */
  private final TreeMap<Long, Held> held = new TreeMap<>((Comparator<Long>) Long::compareUnsigned);

  /** A range and whether it is locked for writing. */
  record Held(ByteRange range, boolean exclusive) {}

  boolean isEmpty() {
    return held.isEmpty();
  }

  int size() {
    return held.size();
  }

  /** The first range that keeps others from locking the given one, or null. */
  @Nullable Held conflict(ByteRange range, boolean exclusive) {
    for (var other : overlapping(range)) {
      if (exclusive || other.exclusive) {
        return other;
      }
    }
    return null;
  }

  /** Locks a range, replacing what the owner held of it. */
  void lock(ByteRange range, boolean exclusive) {
    unlock(range);
    var first = range.first();
    var last = range.last();
    if (first != 0) {
      var before = held.lowerEntry(first);
      if (before != null
          && before.getValue().exclusive == exclusive
          && before.getValue().range.last() + 1 == first) {
        first = before.getKey();
        held.remove(before.getKey());
      }
    }
    if (last != -1) {
      var after = held.get(last + 1);
      if (after != null && after.exclusive == exclusive) {
        held.remove(last + 1);
        last = after.range.last();
      }
    }
    held.put(first, new Held(new ByteRange(first, last), exclusive));
  }

  /** Unlocks a range; what it covers partly is cut or split. */
  void unlock(ByteRange range) {
    for (var cut : overlapping(range)) {
      var first = cut.range.first();
      var last = cut.range.last();
      held.remove(first);
      if (Long.compareUnsigned(first, range.first()) < 0) {
        held.put(first, new Held(new ByteRange(first, range.first() - 1), cut.exclusive));
      }
      if (Long.compareUnsigned(last, range.last()) > 0) {
        var rest = new ByteRange(range.last() + 1, last);
        held.put(rest.first(), new Held(rest, cut.exclusive));
      }
    }
  }

  private List<Held> overlapping(ByteRange range) {
    var result = new ArrayList<Held>();
    var entry = held.floorEntry(range.first());
    if (entry == null) {
      entry = held.ceilingEntry(range.first());
    }
    while (entry != null && Long.compareUnsigned(entry.getKey(), range.last()) <= 0) {
      if (entry.getValue().range.overlaps(range)) {
        result.add(entry.getValue());
      }
      entry = held.higherEntry(entry.getKey());
    }
    return result;
  }
}
