package io.bucketfs.core.namespace;

import io.bucketfs.core.content.Contents;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.object.Xattrs;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Epoch;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Transaction;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.FileSystem.XattrMode;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Permissions;
import java.io.IOException;
import java.util.List;

/**
 * Extended attributes by the rules of Linux for {@code user.}: those who may read the bytes read
 * them, those who may write the bytes set them; only files and directories have any; in a sticky
 * directory's own only its owner sets them.
 */
final class XattrChanges {
  /** With {@code user.} in front a name has 255 bytes. */
  private static final int NAME_BYTES_MAX = 250;

  private static final String RESERVED = "bucketfs.";

  private final Committer committer;
  private final Contents contents;
  private final Epoch epoch;

  XattrChanges(Committer committer, Contents contents, Epoch epoch) {
    this.committer = committer;
    this.contents = contents;
    this.epoch = epoch;
  }

  static byte[] get(Caller caller, Inode inode, String name) throws FileSystemException {
    Inodes.requireAccess(caller, inode, Permissions.READ);
    var value = inode.xattrs().get(name);
    if (value == null) {
      throw new FileSystemException(FsError.NO_XATTR);
    }
    return value;
  }

  static List<String> names(Caller caller, Inode inode) throws FileSystemException {
    Inodes.requireAccess(caller, inode, Permissions.READ);
    return inode.xattrs().names();
  }

  ChangeInfo set(
      ActiveMount mount, Caller caller, InodeKey key, String name, byte[] value, XattrMode mode)
      throws FileSystemException {
    Names.requireXattr(name, NAME_BYTES_MAX);
    if (name.startsWith(RESERVED)) {
      throw new FileSystemException(FsError.PERMISSION, "the name belongs to the gateway");
    }
    if (value.length > Xattrs.METADATA_BYTES_MAX) {
      throw new FileSystemException(FsError.XATTR_TOO_BIG);
    }
    return change(
        key,
        tx -> {
          var before = requireWritable(tx, caller, key);
          var exists = before.xattrs().get(name) != null;
          switch (mode) {
            case EITHER -> {}
            case CREATE -> {
              if (exists) {
                throw new FileSystemException(FsError.EXISTS);
              }
            }
            case REPLACE -> {
              if (!exists) {
                throw new FileSystemException(FsError.NO_XATTR);
              }
            }
          }
          var xattrs = before.xattrs().with(name, value);
          if (xattrs.metadataBytes() + foreignBytes(tx, mount, before)
              > Xattrs.METADATA_BYTES_MAX) {
            throw new FileSystemException(FsError.XATTR_TOO_BIG);
          }
          return tx.noted(caller, put(tx, before, xattrs));
        });
  }

  ChangeInfo remove(Caller caller, InodeKey key, String name) throws FileSystemException {
    return change(
        key,
        tx -> {
          var before = requireWritable(tx, caller, key);
          if (before.xattrs().get(name) == null) {
            throw new FileSystemException(FsError.NO_XATTR);
          }
          return tx.noted(caller, put(tx, before, before.xattrs().without(name)));
        });
  }

  /** What a client sees of the change attribute counts unstable writes too. */
  private ChangeInfo change(InodeKey key, Transaction<ChangeInfo> transaction)
      throws FileSystemException {
    return contents.hasUnstable(key)
        ? contents.exclusively(key, transaction)
        : committer.commit(transaction);
  }

  private static Inode requireWritable(Tx tx, Caller caller, InodeKey key)
      throws FileSystemException, IOException {
    var inode = tx.requireInode(key);
    switch (inode.type()) {
      case FILE, DIRECTORY -> {}
      case SYMLINK, BLOCK_DEVICE, CHARACTER_DEVICE, SOCKET, FIFO ->
          throw new FileSystemException(FsError.PERMISSION);
    }
    Inodes.requireAccess(caller, inode, Permissions.WRITE);
    if (inode.type() == FileType.DIRECTORY
        && (inode.mode() & Inodes.STICKY) != 0
        && caller.uid() != 0
        && caller.uid() != inode.uid()) {
      throw new FileSystemException(FsError.PERMISSION);
    }
    return inode;
  }

  /** What other tools' metadata take of the object that will carry the attributes. */
  private static int foreignBytes(Tx tx, ActiveMount mount, Inode inode) throws IOException {
    var names = tx.names(inode.key(), 1);
    var path = names.isEmpty() ? null : tx.path(names.getFirst());
    if (path == null) {
      return 0;
    }
    var key = mount.keyOf(path) + (inode.isDirectory() ? "/" : "");
    var remote = tx.remote(inode.key().mount(), key);
    return remote == null ? 0 : Xattrs.metadataBytes(remote.foreignMetadata());
  }

  private ChangeInfo put(Tx tx, Inode before, Xattrs xattrs) throws IOException {
    var edit = before.edit().changed(tx.nowNanos());
    edit.xattrs = xattrs;
    edit.exclusiveVerifier = 0;
    var after = edit.freeze();
    tx.put(after);
    tx.markDirty(after);
    return new ChangeInfo(
        before.attributes(epoch.value()).change(), after.attributes(epoch.value()).change());
  }
}
