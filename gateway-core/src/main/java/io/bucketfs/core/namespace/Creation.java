package io.bucketfs.core.namespace;

import io.bucketfs.core.content.ContentEdits;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Epoch;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem.Created;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Permissions;
import io.bucketfs.core.vfs.SetAttributes;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Makes inodes and names. */
final class Creation {
  private static final int SET_GROUP_ID = 02000;
  private static final int DEFAULT_FILE_MODE = 0644;
  private static final int DEFAULT_DIRECTORY_MODE = 0755;
  private static final int SYMLINK_MODE = 0777;
  private static final int TARGET_BYTES_MAX = 4_096;
  private static final int LINKS_MAX = 65_000;

  private final Committer committer;
  private final Epoch epoch;

  Creation(Committer committer, Epoch epoch) {
    this.committer = committer;
    this.epoch = epoch;
  }

  /** Makes a regular file, or returns null where the name is taken. */
  @Nullable Created file(
      ActiveMount mount,
      Caller caller,
      FileId directory,
      String name,
      long exclusiveVerifier,
      SetAttributes initial,
      Patience patience)
      throws FileSystemException {
    return committer.commit(
        tx -> {
          var place = new Place(tx, mount, caller, directory, name);
          if (place.isTaken()) {
            return null;
          }
          place.requireWritable(false);
          var file = place.inode(FileType.FILE, initial, DEFAULT_FILE_MODE);
          file.exclusiveVerifier = exclusiveVerifier;
          file.content = Content.empty(tx.newContent());
          if (initial.sizeBytes() != null && initial.sizeBytes() > 0) {
            ContentEdits.resize(tx, file, initial.sizeBytes());
          }
          var created = place.add(file);
          tx.requireQuota();
          return tx.noted(caller, created);
        },
        patience);
  }

  Created node(
      ActiveMount mount,
      Caller caller,
      FileId directory,
      String name,
      NewNode node,
      SetAttributes initial,
      Patience patience)
      throws FileSystemException {
    if (node instanceof NewNode.Symlink symlink
        && (symlink.target().length == 0 || symlink.target().length > TARGET_BYTES_MAX)) {
      throw new FileSystemException(
          symlink.target().length == 0 ? FsError.INVALID : FsError.NAME_TOO_LONG);
    }
    return committer.commit(
        tx -> {
          var place = new Place(tx, mount, caller, directory, name);
          if (place.isTaken()) {
            throw new FileSystemException(FsError.EXISTS);
          }
          place.requireWritable(node instanceof NewNode.Directory);
          var created =
              place.add(
                  switch (node) {
                    case NewNode.Directory _ -> place.directory(initial);
                    case NewNode.Symlink symlink -> place.symlink(symlink.target(), initial);
                    case NewNode.Special special -> place.special(special, initial);
                  });
          tx.requireQuota();
          return tx.noted(caller, created);
        },
        patience);
  }

  ChangeInfo link(
      ActiveMount mount,
      Caller caller,
      FileId file,
      FileId directory,
      String name,
      Patience patience)
      throws FileSystemException {
    return committer.commit(
        tx -> {
          var place = new Place(tx, mount, caller, directory, name);
          var inode = tx.requireInode(InodeKey.of(file));
          if (inode.isDirectory()) {
            throw new FileSystemException(FsError.IS_A_DIRECTORY);
          }
          if (inode.links() == 0) {
            throw new FileSystemException(FsError.STALE);
          }
          if (inode.links() >= LINKS_MAX) {
            throw new FileSystemException(FsError.TOO_MANY_LINKS);
          }
          if (place.isTaken()) {
            throw new FileSystemException(FsError.EXISTS);
          }
          place.requireWritable(false);
          if (inode.localOnly()) {
            throw new FileSystemException(FsError.ACCESS);
          }
          var edit = inode.edit().changed(tx.nowNanos());
          edit.links++;
          return tx.noted(caller, place.add(edit).directory());
        },
        patience);
  }

  /** Where a new name is to be, inside one transaction. */
  private final class Place {
    private final Tx tx;
    private final ActiveMount mount;
    private final Caller caller;
    private final Inode directory;
    private final String name;

    Place(Tx tx, ActiveMount mount, Caller caller, FileId directory, String name)
        throws FileSystemException, IOException {
      this.tx = tx;
      this.mount = mount;
      this.caller = caller;
      this.directory = Inodes.requireDirectory(tx, directory);
      this.name = name;
      Inodes.requireAccess(caller, this.directory, Permissions.EXECUTE);
    }

    boolean isTaken() throws IOException {
      return tx.dirent(directory.key().mount(), directory.key().number(), name) != null;
    }

    void requireWritable(boolean forDirectory) throws FileSystemException, IOException {
      Inodes.requireAccess(caller, directory, Permissions.WRITE | Permissions.EXECUTE);
      if (directory.localOnly() || Names.isReserved(directory.isRoot(), name)) {
        throw new FileSystemException(FsError.ACCESS, "reserved for the gateway: " + name);
      }
      Inodes.requireKeyFits(
          tx,
          mount,
          new DirentKey(directory.key().mount(), directory.key().number(), name),
          forDirectory);
    }

    Inode.Edit inode(FileType type, SetAttributes initial, int defaultMode)
        throws FileSystemException, IOException {
      var key = new InodeKey(directory.key().mount(), tx.newInode(directory.key().mount()));
      var edit = new Inode.Edit(key, type).times(tx.nowNanos());
      var inheritsGroup = (directory.mode() & SET_GROUP_ID) != 0;
      edit.uid = caller.uid();
      edit.gid = inheritsGroup ? directory.gid() : caller.gid();
      edit.mode = defaultMode;
      AttributeChanges.apply(tx, caller, edit, initial, true);
      if (inheritsGroup && type == FileType.DIRECTORY) {
        edit.mode |= SET_GROUP_ID;
      }
      return edit;
    }

    Inode.Edit directory(SetAttributes initial) throws FileSystemException, IOException {
      var edit = inode(FileType.DIRECTORY, initial, DEFAULT_DIRECTORY_MODE);
      edit.links = 2;
      edit.parent = directory.key().number();
      edit.name = name;
      // Nothing in the bucket can be below a directory that was not there.
      edit.imported = true;
      return edit;
    }

    Inode.Edit symlink(byte[] target, SetAttributes initial)
        throws FileSystemException, IOException {
      var edit = inode(FileType.SYMLINK, initial, SYMLINK_MODE);
      // As on Linux: nobody looks at it, and a umask does not apply.
      edit.mode = SYMLINK_MODE;
      edit.target = target;
      edit.sizeBytes = target.length;
      return edit;
    }

    Inode.Edit special(NewNode.Special special, SetAttributes initial)
        throws FileSystemException, IOException {
      var edit = inode(special.type(), initial, DEFAULT_FILE_MODE);
      edit.deviceMajor = special.deviceMajor();
      edit.deviceMinor = special.deviceMinor();
      return edit;
    }

    /** Adds the name and puts inode and directory. */
    Created add(Inode.Edit child) throws IOException {
      var before = directory.attributes(epoch.value()).change();
      var parent = directory.edit().modified(tx.nowNanos());
      parent.explicitTimes = false;
      if (child.type == FileType.DIRECTORY) {
        parent.links++;
      }
      tx.putDirent(parent, name, child.key.number());
      var inode = child.freeze();
      var changed = parent.freeze();
      tx.put(inode);
      tx.put(changed);
      tx.markDirty(inode);
      return new Created(
          inode.attributes(epoch.value()),
          true,
          new ChangeInfo(before, changed.attributes(epoch.value()).change()));
    }
  }
}
