package io.bucketfs.core.store;

/** A name in a directory. */
public record DirentKey(int mount, long directory, String name) {
  /** 2⁶⁴ divided by the golden ratio. */
  private static final long SPREAD = 0x9E37_79B9_7F4A_7C15L;

  /**
   * Spreads the directory over all bits: directories that were found together have numbers in a
   * row, often with the same numbered names in each, and a hash that adds both up maps many of them
   * to one.
   */
  @Override
  public int hashCode() {
    return (int) (((directory + mount) * SPREAD) >>> 32) ^ name.hashCode();
  }

  /** The name of a key of the family DIRENTS. */
  public static DirentKey ofEntry(byte[] key) {
    var reader = new RecordReader(key);
    return new DirentKey(reader.i32(), reader.i64(), reader.restText());
  }

  /** The name of a key of the family LINKS. */
  public static DirentKey ofLink(byte[] key) {
    var reader = new RecordReader(key);
    var mount = reader.i32();
    reader.i64();
    return new DirentKey(mount, reader.i64(), reader.restText());
  }
}
