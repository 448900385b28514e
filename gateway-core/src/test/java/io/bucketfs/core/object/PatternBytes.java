package io.bucketfs.core.object;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Content that a seed makes, readable from any offset, so that large objects need no memory. Word 0
 * is the seed itself: whoever sees the first eight bytes can make the rest and check it. From any
 * later word on, content looks like that of another seed from word 1 on.
 */
public final class PatternBytes {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long STEP = 0x9E3779B97F4A7C15L;

  private PatternBytes() {}

  /** Writes the bytes of a range of the content into an array. */
  public static void fill(long seed, long offset, byte[] target, int position, int count) {
    var at = position;
    var from = offset;
    var left = count;
    while (left > 0 && (from & 7) != 0) {
      target[at++] = at(seed, from++);
      left--;
    }
    for (; left >= 8; left -= 8, at += 8, from += 8) {
      LONGS.set(target, at, word(seed, from >>> 3));
    }
    while (left > 0) {
      target[at++] = at(seed, from++);
      left--;
    }
  }

  /** The byte at an offset. */
  public static byte at(long seed, long offset) {
    return (byte) (word(seed, offset >>> 3) >>> ((offset & 7) << 3));
  }

  /** A range of the content as an array of its own. */
  public static byte[] of(long seed, long offset, int count) {
    var bytes = new byte[count];
    fill(seed, offset, bytes, 0, count);
    return bytes;
  }

  /** The seed of content that starts with these bytes, at least eight. */
  static long seedOf(byte[] first) {
    return (long) LONGS.get(first, 0);
  }

  /** The seed of content of which these bytes, at least eight, are word 1. */
  static long seedOfRest(byte[] second) {
    return unmix((long) LONGS.get(second, 0)) - STEP;
  }

  private static long word(long seed, long index) {
    return index == 0 ? seed : mix(seed + index * STEP);
  }

  /** The finaliser of SplitMix64. */
  static long mix(long value) {
    var z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** What {@link #mix} made this of. */
  private static long unmix(long mixed) {
    var z = (mixed ^ (mixed >>> 31) ^ (mixed >>> 62)) * 0x319642B2D24D8EC3L;
    z = (z ^ (z >>> 27) ^ (z >>> 54)) * 0x96DE1B173F119089L;
    return z ^ (z >>> 30) ^ (z >>> 60);
  }
}
