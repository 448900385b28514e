package io.bucketfs.core.store;

/**
 * What an operator keeps on the local disk: a file, or a directory with all that is in it.
 *
 * @param bytes lengths of its files when it was pinned
 * @param sinceNanos when that was
 */
public record Pin(long bytes, long sinceNanos) {
  private static final int FORMAT = 1;

  /** The stored form. */
  public byte[] encode() {
    return new RecordWriter(17).u8(FORMAT).i64(bytes).i64(sinceNanos).toBytes();
  }

  /** Reads a stored record. */
  public static Pin decode(byte[] value) {
    var reader = new RecordReader(value);
    var format = reader.u8();
    if (format != FORMAT) {
      throw new IllegalArgumentException("a pin is stored in the unknown format " + format);
    }
    return new Pin(reader.i64(), reader.i64());
  }
}
