package io.bucketfs.core.store;

import org.jspecify.annotations.Nullable;

/**
 * What the inodes of a mount take, its root left out.
 *
 * @param bytes lengths of all files and symlinks, holes included, as an object has them
 * @param inodes how many there are, those included that are only open still
 */
public record Usage(long bytes, long inodes) {
  public static final Usage NONE = new Usage(0, 0);

  /** What one inode takes; nothing for one that is not there, or a root. */
  static Usage of(@Nullable Inode inode) {
    return inode == null || inode.isRoot() ? NONE : new Usage(inode.sizeBytes(), 1);
  }

  Usage plus(Usage other) {
    return new Usage(bytes + other.bytes, inodes + other.inodes);
  }

  Usage minus(Usage other) {
    return new Usage(bytes - other.bytes, inodes - other.inodes);
  }

  /** The stored form. */
  public byte[] encode() {
    return new RecordWriter(16).i64(bytes).i64(inodes).toBytes();
  }

  /** What {@link #encode} made. */
  public static Usage decode(byte[] value) {
    var reader = new RecordReader(value);
    return new Usage(reader.i64(), reader.i64());
  }
}
