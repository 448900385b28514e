package io.bucketfs.core.store;

import io.bucketfs.core.vfs.FileId;

/** An inode inside the gateway; numbers are never used again, so it needs no generation. */
public record InodeKey(int mount, long number) {
  public static InodeKey of(FileId id) {
    return new InodeKey(id.mount(), id.inode());
  }

  /** The inode that a key of the metadata store begins with. */
  public static InodeKey ofEntry(byte[] key) {
    var reader = new RecordReader(key);
    return new InodeKey(reader.i32(), reader.i64());
  }

  /** Whether a key of the metadata store is an inode and nothing else. */
  public static boolean isEntry(byte[] key) {
    return key.length == Integer.BYTES + Long.BYTES;
  }
}
