package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.nfs.export.Published;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import org.jspecify.annotations.Nullable;

/** Finds the root directories of mounts and sub-exports, and keeps clients below them. */
final class Roots {
  /** Deeper than paths can be; only a cycle goes on for longer. */
  private static final int DEPTH_MAX = 4096;

  private Roots() {}

  /**
   * Goes down a sub-export's path. Not as the caller, who may have no permission above it.
   *
   * @throws FileSystemException NOT_FOUND where there is no directory
   */
  static Attributes attributes(Compound c, Published export) throws FileSystemException {
    var fileSystem = c.services().fileSystem();
    var at = fileSystem.attributes(FileId.root(export.mount()), c.patience());
    if (export.via() == 0) {
      return at;
    }
    for (var name : export.path().split("/", -1)) {
      at = fileSystem.lookup(Caller.ROOT, at.id(), name, c.patience());
      if (at.type() != FileType.DIRECTORY) {
        throw new FileSystemException(FsError.NOT_FOUND);
      }
    }
    export.sawRoot(at.id());
    return at;
  }

  /** The root directory, or null where it does not exist at present. */
  static @Nullable FileId find(Compound c, Published export) throws FileSystemException {
    var known = export.root();
    if (known != null) {
      return known;
    }
    try {
      return attributes(c, export).id();
    } catch (FileSystemException e) {
      if (e.error() != FsError.NOT_FOUND) {
        throw e;
      }
      return null;
    }
  }

  /**
   * Makes sure that a directory is below the root. One that was moved out of it still has good
   * filehandles, which must not lead to what is above.
   *
   * @throws NfsException ACCESS where it is not
   */
  static void requireBelow(Compound c, FileId directory, @Nullable FileId root)
      throws NfsException, FileSystemException {
    var at = directory;
    for (var depth = 0; depth < DEPTH_MAX && !at.equals(root); depth++) {
      if (at.inode() == FileId.ROOT_INODE) {
        throw new NfsException(NfsStatus.ACCESS);
      }
      at = c.services().fileSystem().lookupParent(Caller.ROOT, at, c.patience()).id();
    }
  }
}
