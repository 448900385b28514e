package io.bucketfs.core.writeback;

import io.bucketfs.core.content.ByteRun;
import io.bucketfs.core.object.MultipartStore;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts an object into parts: what did not change is copied by the store, the rest is sent. Only the
 * last part may be shorter than the least size, so that a short change takes unchanged bytes behind
 * it along, and a short unchanged run is sent with its neighbours.
 */
final class PartLayout {
  /** By how much more has to be unchanged to be copied where there would be too many parts. */
  private static final int COARSER = 4;

  /**
   * A part.
   *
   * @param offset of its first byte in the object
   * @param isCopied whether the store copies it from the same place of the base
   */
  record Piece(int number, long offset, long length, boolean isCopied) {}

  private final long sizeBytes;
  private final long partBytes;
  private final long partBytesMin;
  private final long copiedPartBytes;
  private final List<Piece> pieces = new ArrayList<>();

  private PartLayout(long sizeBytes, MultipartLimits limits) {
    this.sizeBytes = sizeBytes;
    partBytes = limits.partBytesOf(sizeBytes);
    partBytesMin = limits.partBytesMin();
    copiedPartBytes = Math.max(limits.copiedPartBytes(), partBytes);
  }

  /**
   * The parts of an object.
   *
   * @param sizeBytes its size, at least 1
   * @param unchanged what the base has at the same place, in order and not adjacent
   */
  static List<Piece> of(long sizeBytes, List<ByteRun> unchanged, MultipartLimits limits) {
    for (var worthwhile = limits.partBytesMin(); ; worthwhile *= COARSER) {
      var layout = new PartLayout(sizeBytes, limits);
      layout.cut(unchanged, worthwhile);
      if (layout.pieces.size() <= MultipartStore.PARTS_MAX || worthwhile > sizeBytes) {
        return List.copyOf(layout.pieces);
      }
    }
  }

  private void cut(List<ByteRun> unchanged, long worthwhile) {
    var at = 0L;
    for (var run : unchanged) {
      var from = run.offset();
      var to = Math.min(run.end(), sizeBytes);
      if (from > at) {
        from = Math.max(from, at + partBytesMin);
      }
      if (to - from >= worthwhile) {
        add(at, from, partBytes, false);
        add(from, to, copiedPartBytes, true);
        at = to;
      }
    }
    add(at, sizeBytes, partBytes, false);
  }

  private void add(long from, long to, long lengthMax, boolean isCopied) {
    if (from >= to) {
      return;
    }
    var count = -Math.floorDiv(-(to - from), lengthMax);
    var length = -Math.floorDiv(-(to - from), count);
    for (var at = from; at < to; at += length) {
      pieces.add(new Piece(pieces.size() + 1, at, Math.min(length, to - at), isCopied));
    }
  }
}
