package io.bucketfs.cache.extent;

import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Which parts of a sealed extent file were used: one bit for so many bytes, by the position at
 * which a record begins. Any thread.
 */
final class UseMarks {
  private static final int BYTES_A_BIT = 64 << 10;
  private static final int BITS = 64;

  private volatile @Nullable AtomicLongArray marks;

  /** Begins to take marks, for a file that is this long and grows no longer. */
  void begin(long bytes) {
    marks = new AtomicLongArray(1 + Math.toIntExact(bytes / BYTES_A_BIT / BITS));
  }

  /** Notes a use of the record at a position. */
  void note(long position) {
    var bits = marks;
    var word = (int) (position / BYTES_A_BIT / BITS);
    if (bits == null || word >= bits.length()) {
      return;
    }
    var bit = 1L << (position / BYTES_A_BIT % BITS);
    if ((bits.getPlain(word) & bit) == 0) {
      var _ = bits.getAndAccumulate(word, bit, (all, one) -> all | one);
    }
  }

  boolean has(long position) {
    var bits = marks;
    var word = (int) (position / BYTES_A_BIT / BITS);
    return bits != null
        && word < bits.length()
        && (bits.get(word) & (1L << (position / BYTES_A_BIT % BITS))) != 0;
  }
}
