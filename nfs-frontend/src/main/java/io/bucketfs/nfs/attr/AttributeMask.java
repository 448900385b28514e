package io.bucketfs.nfs.attr;

import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/**
 * {@code bitmap4} of attribute numbers.
 *
 * @param low attributes 0 to 63
 * @param high attributes 64 to 127
 * @param beyond whether any attribute above that was in it
 */
public record AttributeMask(long low, long high, boolean beyond) {
  /** No attribute. */
  public static final AttributeMask NONE = new AttributeMask(0, 0, false);

  private static final int WORDS_MAX = 8;

  /** The given attributes. */
  public static AttributeMask of(int... numbers) {
    var mask = NONE;
    for (var number : numbers) {
      mask = mask.with(number);
    }
    return mask;
  }

  /** Reads a bitmap. */
  public static AttributeMask read(ByteBuf in) {
    var words = Xdr.readLength(in, WORDS_MAX);
    long low = 0;
    long high = 0;
    var beyond = false;
    for (var i = 0; i < words; i++) {
      var word = Xdr.readInt(in) & 0xffff_ffffL;
      switch (i) {
        case 0 -> low = word;
        case 1 -> low |= word << 32;
        case 2 -> high = word;
        case 3 -> high |= word << 32;
        default -> beyond |= word != 0;
      }
    }
    return new AttributeMask(low, high, beyond);
  }

  /** Writes the bitmap without trailing zero words. */
  public void write(ByteBuf out) {
    var words = high >>> 32 != 0 ? 4 : high != 0 ? 3 : low >>> 32 != 0 ? 2 : low != 0 ? 1 : 0;
    out.writeInt(words);
    for (var i = 0; i < words; i++) {
      out.writeInt((int) ((i < 2 ? low : high) >>> (32 * (i & 1))));
    }
  }

  public AttributeMask with(int number) {
    return number < 64
        ? new AttributeMask(low | 1L << number, high, beyond)
        : new AttributeMask(low, high | 1L << number, beyond);
  }

  public boolean has(int number) {
    return ((number < 64 ? low : high) & 1L << number) != 0;
  }

  /** What both have. */
  public AttributeMask and(AttributeMask other) {
    return new AttributeMask(low & other.low, high & other.high, false);
  }

  /** Whether all of it is in the other. */
  public boolean isWithin(AttributeMask other) {
    return !beyond && (low & ~other.low) == 0 && (high & ~other.high) == 0;
  }

  public boolean isEmpty() {
    return low == 0 && high == 0 && !beyond;
  }
}
