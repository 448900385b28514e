package io.bucketfs.core.store;

import io.bucketfs.core.vfs.FileId;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Builds paths by walking up directories. */
public final class Paths {
  private Paths() {}

  /** Deeper than any path can be whose key has at most 1,024 bytes. */
  private static final int DEPTH_MAX = 1_024;

  /**
   * Finds an inode, or null.
   *
   * @param <X> what it may throw
   */
  @FunctionalInterface
  public interface Lookup<X extends Exception> {
    @Nullable Inode find(InodeKey key) throws X;
  }

  /**
   * The path of a name inside its mount without a leading slash, or null where it hangs below a
   * directory that is gone.
   */
  public static <X extends Exception> @Nullable String path(DirentKey name, Lookup<X> lookup)
      throws X {
    var parts = new ArrayDeque<String>();
    parts.addFirst(name.name());
    var directory = name.directory();
    while (directory != FileId.ROOT_INODE) {
      var inode = lookup.find(new InodeKey(name.mount(), directory));
      if (inode == null || inode.parent() == 0 || parts.size() > DEPTH_MAX) {
        return null;
      }
      parts.addFirst(inode.name());
      directory = inode.parent();
    }
    return String.join("/", parts);
  }

  /** The path of a directory inside its mount; empty for the root, null where it is gone. */
  public static <X extends Exception> @Nullable String directoryPath(
      InodeKey directory, Lookup<X> lookup) throws X {
    if (directory.number() == FileId.ROOT_INODE) {
      return "";
    }
    var inode = lookup.find(directory);
    return inode == null || inode.parent() == 0
        ? null
        : path(new DirentKey(directory.mount(), inode.parent(), inode.name()), lookup);
  }
}
