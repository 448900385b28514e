package io.bucketfs.core.barrier;

import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileType;

/**
 * The file {@code .bucketfs/flush} in the root of each mount, and its directory. They are in no
 * table and no listing of the root; nothing of them changes.
 */
final class FlushFile {
  static final String DIRECTORY_NAME = ".bucketfs";
  static final String NAME = "flush";

  /** Inode numbers count up from 1 and never come here. */
  private static final long DIRECTORY_INODE = Long.MAX_VALUE - 1;

  private static final long INODE = Long.MAX_VALUE - 2;

  /** The directory's only cookie; those below 3 are the protocol's. */
  static final long COOKIE = 3;

  private static final int DIRECTORY_MODE = 0555;
  private static final int MODE = 0666;

  /** Of both, for ever. */
  static final long CHANGE = 1;

  private FlushFile() {}

  static FileId directory(int mount) {
    return new FileId(mount, DIRECTORY_INODE, 1);
  }

  static boolean isDirectory(FileId file) {
    return file.inode() == DIRECTORY_INODE;
  }

  static boolean isFile(FileId file) {
    return file.inode() == INODE;
  }

  /** Whether it is one of the two. */
  static boolean isEither(FileId file) {
    return file.inode() >= INODE;
  }

  static Attributes directoryAttributes(int mount) {
    return attributes(directory(mount), FileType.DIRECTORY, DIRECTORY_MODE, 2);
  }

  static Attributes fileAttributes(int mount) {
    return attributes(new FileId(mount, INODE, 1), FileType.FILE, MODE, 1);
  }

  static Attributes attributesOf(FileId file) {
    return isDirectory(file) ? directoryAttributes(file.mount()) : fileAttributes(file.mount());
  }

  private static Attributes attributes(FileId id, FileType type, int mode, int links) {
    return new Attributes(id, type, mode, links, 0, 0, 0, 0, CHANGE, 0, 0, 0, 0, 0);
  }
}
