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

  int size() {
    return extents.size();
  }
}
