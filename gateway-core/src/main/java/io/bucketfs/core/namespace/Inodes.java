package io.bucketfs.core.namespace;

import io.bucketfs.core.importer.Importing;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.Paths;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Permissions;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Finds inodes, and what must hold of them before anything is done. */
final class Inodes {
  static final int STICKY = 01000;

  private final MetadataCache cache;
  private final MountTable mounts;
  private final Importing importing;

  Inodes(MetadataCache cache, MountTable mounts, Importing importing) {
    this.cache = cache;
    this.mounts = mounts;
    this.importing = importing;
  }

  static FileSystemException ofDisk(IOException e) {
    return new FileSystemException(FsError.IO, String.valueOf(e.getMessage()));
  }

  Inode require(FileId id, Patience patience) throws FileSystemException {
    mounts.require(id.mount());
    if (id.generation() != 1) {
      throw new FileSystemException(FsError.STALE);
    }
    return require(InodeKey.of(id), patience);
  }

  Inode require(InodeKey key, Patience patience) throws FileSystemException {
    try {
      var inode = cache.inode(key, patience);
      if (inode == null) {
        throw new FileSystemException(FsError.STALE);
      }
      return inode;
    } catch (IOException e) {
      throw ofDisk(e);
    }
  }

  /** An inode with its POSIX metadata. */
  Inode requireComplete(FileId id, Patience patience) throws FileSystemException {
    return complete(require(id, patience), patience);
  }

  Inode complete(Inode inode, Patience patience) throws FileSystemException {
    return inode.attributesPending() ? importing.ensureAttributes(inode, patience) : inode;
  }

  /** A directory with its POSIX metadata, whose children are known. */
  Inode requireListed(FileId id, Patience patience) throws FileSystemException {
    var inode = requireDirectory(require(id, patience));
    if (!inode.imported()) {
      inode = importing.ensureListed(inode, patience);
    }
    return complete(inode, patience);
  }

  /** A directory as {@link #requireListed} gives it, as fresh as its mount wants it for a use. */
  Inode requireFresh(FileId id, Patience patience) throws FileSystemException {
    var directory = requireListed(id, patience);
    return importing.directoryUsed(directory, patience) ? requireListed(id, patience) : directory;
  }

  /** An inode with its POSIX metadata, as fresh as its mount wants it for a use. */
  Inode requireFreshAttributes(FileId id, Patience patience) throws FileSystemException {
    var inode = requireComplete(id, patience);
    var changed =
        inode.isDirectory()
            ? importing.directoryUsed(inode, patience)
            : importing.fileUsed(inode, patience);
    return changed ? requireComplete(id, patience) : inode;
  }

  static Inode requireDirectory(Inode inode) throws FileSystemException {
    if (!inode.isDirectory()) {
      throw new FileSystemException(
          switch (inode.type()) {
            case SYMLINK -> FsError.IS_A_SYMLINK;
            case FILE, DIRECTORY, BLOCK_DEVICE, CHARACTER_DEVICE, SOCKET, FIFO ->
                FsError.NOT_A_DIRECTORY;
          });
    }
    return inode;
  }

  /** A directory as the transaction sees it, still linked, that may be changed by clients. */
  static Inode requireDirectory(Tx tx, FileId id) throws FileSystemException, IOException {
    var directory = requireDirectory(tx.requireInode(InodeKey.of(id)));
    if (directory.links() == 0) {
      throw new FileSystemException(FsError.STALE);
    }
    return directory;
  }

  static void requireAccess(Caller caller, Inode inode, int bits) throws FileSystemException {
    var granted = Permissions.of(caller, inode.type(), inode.mode(), inode.uid(), inode.gid());
    if ((granted & bits) != bits) {
      throw new FileSystemException(FsError.ACCESS);
    }
  }

  /**
   * In a sticky directory only the owner of entry or directory, and root, may take an entry away.
   */
  static void requireRemovable(Caller caller, Inode directory, Inode child)
      throws FileSystemException {
    requireAccess(caller, directory, Permissions.WRITE | Permissions.EXECUTE);
    if ((directory.mode() & STICKY) != 0
        && caller.uid() != 0
        && caller.uid() != child.uid()
        && caller.uid() != directory.uid()) {
      throw new FileSystemException(FsError.PERMISSION);
    }
  }

  /** The mount, if it may be changed. */
  ActiveMount requireWritable(FileId id) throws FileSystemException {
    var mount = mounts.require(id.mount());
    if (mount.mount().policy().readOnly()) {
      throw new FileSystemException(FsError.READ_ONLY);
    }
    return mount;
  }

  ActiveMount mount(int number) throws FileSystemException {
    return mounts.require(number);
  }

  /** The committed child with a name, or null. */
  @Nullable Inode child(Inode directory, String name, Patience patience)
      throws FileSystemException {
    try {
      var key = directory.key();
      var number = cache.child(new DirentKey(key.mount(), key.number(), name), patience);
      return number == null ? null : cache.inode(new InodeKey(key.mount(), number), patience);
    } catch (IOException e) {
      throw ofDisk(e);
    }
  }

  /** Fails where the object key of a new name would be too long. */
  static void requireKeyFits(Tx tx, ActiveMount mount, DirentKey name, boolean directory)
      throws FileSystemException, IOException {
    var path = tx.path(name);
    if (path == null) {
      throw new FileSystemException(FsError.STALE);
    }
    Names.requireKeyFits(mount.keyOf(path) + (directory ? "/" : ""));
  }

  /** The committed path of an inode's first name, or null where it has none. */
  @Nullable String path(Inode inode) throws FileSystemException {
    try {
      if (inode.isDirectory()) {
        return Paths.<IOException>directoryPath(
            inode.key(), key -> cache.inode(key, Patience.FOREVER));
      }
      var names = cache.names(inode.key(), 1);
      return names.isEmpty() ? null : cache.path(names.getFirst());
    } catch (IOException e) {
      throw ofDisk(e);
    }
  }
}
