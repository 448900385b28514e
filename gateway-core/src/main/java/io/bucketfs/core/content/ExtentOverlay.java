package io.bucketfs.core.content;

import io.bucketfs.core.store.Extent;
import java.util.ArrayList;
import java.util.List;

/**
 * What one extent does to those that it overlaps: the higher sequence lies on top, a fill from the
 * base lies under everything. The order in which extents arrive does not matter, so that writes
 * which overtake each other, and a log that is replayed, end in the same map.
 *
 * @param removed extents that are no longer there as they were
 * @param added what takes their place, the new extent's visible parts included
 */
record ExtentOverlay(List<Extent> removed, List<Extent> added) {

  /**
   * Lays an extent over others.
   *
   * @param overlapping all extents that overlap it, in order, not overlapping each other
   */
  static ExtentOverlay of(List<Extent> overlapping, Extent laid) {
    var removed = new ArrayList<Extent>();
    var added = new ArrayList<Extent>();
    var visibleFrom = laid.offset();
    for (var there : overlapping) {
      var stays = laid.isFill() || there.sequence() > laid.sequence();
      if (stays) {
        if (there.offset() > visibleFrom) {
          added.add(laid.slice(visibleFrom, there.offset()));
        }
        visibleFrom = Math.max(visibleFrom, there.end());
        continue;
      }
      removed.add(there);
      if (there.offset() < laid.offset()) {
        added.add(there.slice(there.offset(), laid.offset()));
      }
      if (there.end() > laid.end()) {
        added.add(there.slice(laid.end(), there.end()));
      }
    }
    if (visibleFrom < laid.end()) {
      added.add(laid.slice(visibleFrom, laid.end()));
    }
    return new ExtentOverlay(removed, added);
  }
}
