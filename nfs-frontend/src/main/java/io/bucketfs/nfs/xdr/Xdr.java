package io.bucketfs.nfs.xdr;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Reads and writes the basic types of XDR. Readers throw {@link BadXdr} where bytes are missing or
 * a length is above what the caller allows, before anything is allocated.
 */
public final class Xdr {
  private static final byte[] NO_BYTES = {};

  private Xdr() {}

  /** Reads 32 bits. */
  public static int readInt(ByteBuf in) {
    requireReadable(in, 4);
    return in.readInt();
  }

  /** Reads 64 bits. */
  public static long readLong(ByteBuf in) {
    requireReadable(in, 8);
    return in.readLong();
  }

  /** Reads a boolean, which is 0 or 1 and nothing else. */
  public static boolean readBoolean(ByteBuf in) {
    var value = readInt(in);
    if (value != 0 && value != 1) {
      throw BadXdr.INSTANCE;
    }
    return value == 1;
  }

  /** Reads the length of an array or opaque, at most {@code max}. */
  public static int readLength(ByteBuf in, int max) {
    var length = readInt(in);
    if (length < 0 || length > max) {
      throw BadXdr.INSTANCE;
    }
    return length;
  }

  /** Reads a variable-length opaque as a slice of the input, which is not retained. */
  public static ByteBuf readSlice(ByteBuf in, int max) {
    var length = readLength(in, max);
    requireReadable(in, length + padding(length));
    var slice = in.readSlice(length);
    in.skipBytes(padding(length));
    return slice;
  }

  /** Reads a variable-length opaque into an array of its own. */
  public static byte[] readBytes(ByteBuf in, int max) {
    var length = readLength(in, max);
    requireReadable(in, length + padding(length));
    if (length == 0) {
      return NO_BYTES;
    }
    var bytes = new byte[length];
    in.readBytes(bytes).skipBytes(padding(length));
    return bytes;
  }

  /** Passes over a variable-length opaque. */
  public static void skipOpaque(ByteBuf in, int max) {
    var length = readLength(in, max);
    skip(in, length + padding(length));
  }

  /** Passes over a number of bytes. */
  public static void skip(ByteBuf in, int bytes) {
    requireReadable(in, bytes);
    in.skipBytes(bytes);
  }

  /** Writes a boolean. */
  public static void writeBoolean(ByteBuf out, boolean value) {
    out.writeInt(value ? 1 : 0);
  }

  /** Writes a variable-length opaque. */
  public static void writeOpaque(ByteBuf out, byte[] bytes) {
    out.writeInt(bytes.length);
    out.writeBytes(bytes);
    out.writeZero(padding(bytes.length));
  }

  /** Writes an unsigned number in decimal as an opaque, without making a string of it. */
  public static void writeDecimal(ByteBuf out, int number) {
    var value = number & 0xffff_ffffL;
    var digits = 1;
    for (var rest = value / 10; rest > 0; rest /= 10) {
      digits++;
    }
    out.writeInt(digits);
    var at = out.writerIndex();
    out.writeZero(digits + padding(digits));
    for (var i = digits - 1; i >= 0; i--) {
      out.setByte(at + i, '0' + (int) (value % 10));
      value /= 10;
    }
  }

  /** Writes a string as UTF-8. */
  public static void writeString(ByteBuf out, String text) {
    writeOpaque(out, text.getBytes(StandardCharsets.UTF_8));
  }

  /** How many zero bytes follow an opaque of the given length. */
  public static int padding(int length) {
    return -length & 3;
  }

  /** Throws where so many bytes are not there. */
  public static void requireReadable(ByteBuf in, int bytes) {
    if (in.readableBytes() < bytes) {
      throw BadXdr.INSTANCE;
    }
  }
}
