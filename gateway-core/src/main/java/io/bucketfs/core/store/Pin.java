package io.bucketfs.core.store;

/**
 * What an operator keeps on the local disk: a file, or a directory with all that is in it.
 *
 * @param bytes lengths of its files when it was pinned
 * @param sinceNanos when that was
 */
public record Pin(long bytes, long sinceNanos) {
  private static final int FORMAT = 1;
  private static final int STORED_BYTES = 1 + 2 * Long.BYTES;

  public Pin {
    if (bytes < 0 || sinceNanos < 0) {
      throw new IllegalArgumentException("a pin has an impossible size or time");
    }
  }

  /** The stored form. */
  public byte[] encode() {
    return new RecordWriter(STORED_BYTES).u8(FORMAT).i64(bytes).i64(sinceNanos).toBytes();
  }

  /**
   * Reads a stored record.
   *
   * @throws IllegalArgumentException where it is damaged, or of another version of this program
   */
  public static Pin decode(byte[] value) {
    if (value.length > 0 && value[0] != FORMAT) {
      throw new IllegalArgumentException("a pin is stored in the unknown format " + value[0]);
    }
    if (value.length != STORED_BYTES) {
      throw new IllegalArgumentException("a pin has %d bytes".formatted(value.length));
    }
    var reader = new RecordReader(value);
    reader.u8();
    return new Pin(reader.i64(), reader.i64());
  }
}
