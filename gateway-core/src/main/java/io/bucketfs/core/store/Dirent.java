package io.bucketfs.core.store;

/**
 * What a name stands for.
 *
 * @param inode number of the child
 * @param cookie the entry's place in READDIR, above 2, never used again in its directory
 */
public record Dirent(long inode, long cookie) {
  byte[] encode() {
    return new RecordWriter(16).i64(inode).i64(cookie).toBytes();
  }

  /** Reads a stored record, for scans. */
  public static Dirent decode(byte[] value) {
    var reader = new RecordReader(value);
    return new Dirent(reader.i64(), reader.i64());
  }
}
