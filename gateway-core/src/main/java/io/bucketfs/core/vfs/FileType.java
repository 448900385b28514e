package io.bucketfs.core.vfs;

/** The type of an inode, with its POSIX {@code st_mode} type bits. */
public enum FileType {
  FILE(0100000),
  DIRECTORY(0040000),
  SYMLINK(0120000),
  BLOCK_DEVICE(0060000),
  CHARACTER_DEVICE(0020000),
  SOCKET(0140000),
  FIFO(0010000);

  private final int modeBits;

  FileType(int modeBits) {
    this.modeBits = modeBits;
  }

  /** The {@code S_IFMT} bits of this type. */
  public int modeBits() {
    return modeBits;
  }

  /** Returns the type for the {@code S_IFMT} bits of a mode, or FILE where there are none. */
  public static FileType ofMode(int mode) {
    for (var type : values()) {
      if (type.modeBits == (mode & 0170000)) {
        return type;
      }
    }
    return FILE;
  }
}
