package io.bucketfs.core.vfs;

/**
 * The permanent name of an inode: it survives rename and restart, and is never used again for
 * another file.
 *
 * @param mount number of the mount in the registry, positive
 * @param inode inode number inside the mount, positive; {@link #ROOT_INODE} is the mount's root
 * @param generation tells apart two lives of one inode number
 */
public record FileId(int mount, long inode, int generation) {
  /** The inode number of every mount's root directory. */
  public static final long ROOT_INODE = 1;

  public FileId {
    if (mount <= 0 || inode <= 0) {
      throw new IllegalArgumentException("mount and inode are positive: " + mount + ", " + inode);
    }
  }

  /** The root directory of a mount. */
  public static FileId root(int mount) {
    return new FileId(mount, ROOT_INODE, 1);
  }
}
