package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.store.Extent;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** The extents of one content in memory, in order, not overlapping. Not thread-safe. */
final class ExtentMap {
  private final TreeMap<Long, Extent> extents = new TreeMap<>();

  /** Lays an extent over what is there. */
  void lay(Extent extent) {
    var overlay = ExtentOverlay.of(overlapping(extent.offset(), extent.end()), extent);
    overlay.removed().forEach(removed -> extents.remove(removed.offset()));
    overlay.added().forEach(added -> extents.put(added.offset(), added));
  }

  /** Puts an extent that is known not to overlap another one. */
  void put(Extent extent) {
    extents.put(extent.offset(), extent);
  }

  /** Whole extents that overlap a range, in order. */
  List<Extent> overlapping(long from, long to) {
    var at = extents.floorEntry(from);
    if (at != null && from < to && at.getValue().end() >= to) {
      return List.of(at.getValue());
    }
    var found = new ArrayList<Extent>();
    if (at != null && at.getKey() < from && at.getValue().end() > from) {
      found.add(at.getValue());
    }
    found.addAll(extents.subMap(from, to).values());
    return found;
  }

  /** All extents, in order; a copy. */
  List<Extent> all() {
    return List.copyOf(extents.values());
  }

  /** Takes out what maps a record. */
  void drop(ExtentRecord record, long from, long to) {
    for (var extent : overlapping(from, to)) {
      var mapped = extent.record();
      if (mapped != null
          && mapped.file() == record.file()
          && mapped.position() == record.position()) {
        extents.remove(extent.offset());
      }
    }
  }

  /**
   * Where, from an offset on, the first byte is that is data, or else that is in a hole.
   *
   * @param to where the search ends; also the answer where nothing is found
   * @param baseLength up to where bytes outside of all extents are those of the base
   */
  long seek(long from, long to, long baseLength, boolean data) {
    var before = extents.lowerEntry(from);
    var at = from;
    if (before != null && before.getValue().end() > from) {
      if ((before.getValue().record() != null) == data) {
        return from;
      }
      at = before.getValue().end();
    }
    for (var extent : extents.tailMap(at).values()) {
      if (at >= to) {
        return to;
      }
      if (extent.offset() > at) {
        var found = seekUnmapped(at, Math.min(extent.offset(), to), baseLength, data);
        if (found >= 0) {
          return found;
        }
      }
      if (extent.offset() < to && (extent.record() != null) == data) {
        return extent.offset();
      }
      at = extent.end();
    }
    var found = at < to ? seekUnmapped(at, to, baseLength, data) : -1;
    return found >= 0 ? found : to;
  }

  /** As {@link #seek}, where no extent is; -1 where nothing is found. */
  private static long seekUnmapped(long from, long to, long baseLength, boolean data) {
    if (data) {
      return from < baseLength ? from : -1;
    }
    var hole = Math.max(from, baseLength);
    return hole < to ? hole : -1;
  }

  /** Ranges where no extent is, as holes of a sequence. */
  List<Extent> gaps(long from, long to, long sequence) {
    var gaps = new ArrayList<Extent>();
    var before = extents.lowerEntry(from);
    var at = before == null ? from : Math.max(from, before.getValue().end());
    for (var extent : extents.tailMap(at).values()) {
      if (extent.offset() >= to) {
        break;
      }
      if (extent.offset() > at) {
        gaps.add(new Extent(at, extent.offset() - at, sequence, null, 0));
      }
      at = extent.end();
    }
    if (at < to) {
      gaps.add(new Extent(at, to - at, sequence, null, 0));
    }
    return gaps;
  }

  int size() {
    return extents.size();
  }
}
