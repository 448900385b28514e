package io.bucketfs.core.store;

/** A name in a directory. */
public record DirentKey(int mount, long directory, String name) {
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
