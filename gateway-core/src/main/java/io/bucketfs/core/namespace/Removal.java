package io.bucketfs.core.namespace;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Dirent;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Epoch;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem.Renamed;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Permissions;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Takes names away, and moves them. */
final class Removal {
  private final Committer committer;
  private final Epoch epoch;

  Removal(Committer committer, Epoch epoch) {
    this.committer = committer;
    this.epoch = epoch;
  }

  /** A name that is there. */
  private record Found(DirentKey name, Dirent dirent, Inode inode) {}

  ChangeInfo remove(
      ActiveMount mount, Caller caller, FileId directory, String name, Patience patience)
      throws FileSystemException {
    return committer.commit(
        tx -> {
          var parent = Inodes.requireDirectory(tx, directory);
          Inodes.requireAccess(caller, parent, Permissions.EXECUTE);
          var found = find(tx, parent, name);
          if (found == null) {
            throw new FileSystemException(FsError.NOT_FOUND);
          }
          Inodes.requireRemovable(caller, parent, found.inode);
          if (Names.isReserved(parent.isRoot(), name)) {
            throw new FileSystemException(FsError.ACCESS, "kept by the gateway: " + name);
          }
          if (found.inode.isDirectory()) {
            requireEmpty(tx, found.inode);
          }
          markStale(tx, mount, found);
          var edit = parent.edit().modified(tx.nowNanos());
          unlink(tx, found, edit);
          var changed = edit.freeze();
          tx.put(changed);
          markIfEmpty(tx, changed);
          return tx.noted(caller, change(parent, changed));
        },
        patience);
  }

  private ChangeInfo change(Inode before, Inode after) {
    return new ChangeInfo(
        before.attributes(epoch.value()).change(), after.attributes(epoch.value()).change());
  }

  private static @Nullable Found find(Tx tx, Inode parent, String name)
      throws IOException, FileSystemException {
    var key = parent.key();
    var dirent = tx.dirent(key.mount(), key.number(), name);
    return dirent == null
        ? null
        : new Found(
            new DirentKey(key.mount(), key.number(), name),
            dirent,
            tx.requireInode(new InodeKey(key.mount(), dirent.inode())));
  }

  private static void requireEmpty(Tx tx, Inode directory) throws FileSystemException, IOException {
    if (!directory.imported()) {
      // It was listed a moment ago; somebody put something there since.
      throw new FileSystemException(FsError.DELAY);
    }
    if (!tx.isEmptyDirectory(directory.key().mount(), directory.key().number())) {
      throw new FileSystemException(FsError.NOT_EMPTY);
    }
  }

  /**
   * Takes a name away from its inode, and the inode away with its last name. Extents and an inode
   * with content are left to the reaper, which waits for the last close.
   */
  private static void unlink(Tx tx, Found found, Inode.Edit parent) throws IOException {
    var inode = found.inode;
    tx.deleteDirent(found.name.mount(), found.name.directory(), found.name.name(), found.dirent);
    parent.explicitTimes = false;
    if (inode.isDirectory()) {
      parent.links--;
      tx.deleteInode(inode.key());
      tx.deleteDirty(inode.key());
      return;
    }
    var edit = inode.edit().changed(tx.nowNanos());
    edit.links--;
    if (edit.links > 0) {
      tx.put(edit.freeze());
      return;
    }
    tx.deleteDirty(inode.key());
    var content = inode.content();
    if (content == null) {
      tx.deleteInode(inode.key());
    } else {
      tx.put(edit.freeze());
      tx.orphan(inode.key(), content.id());
    }
  }

  /** Notes that a name goes whose object may be in the bucket, or on its way there. */
  private static void markStale(Tx tx, ActiveMount mount, Found found) throws IOException {
    var path = tx.path(found.name);
    if (path == null || found.inode.localOnly()) {
      return;
    }
    var number = mount.mount().number();
    var key = mount.keyOf(path) + (found.inode.isDirectory() ? "/" : "");
    var remote = tx.remote(number, key);
    if (remote != null || tx.job(number, key) != null || tx.upload(number, key) != null) {
      var directory = path.substring(0, Math.max(0, path.lastIndexOf('/')));
      var bytes = remote == null ? 0 : remote.version().sizeBytes();
      tx.bulkJobs().markRemoved(number, key, directory, bytes);
    }
  }

  /** As {@link #markStale}, for everything below a directory that moves. */
  private static void markTreeStale(Tx tx, ActiveMount mount, Found directory) throws IOException {
    var path = tx.path(directory.name);
    if (path == null) {
      return;
    }
    var number = mount.mount().number();
    var prefix = mount.keyOf(path) + "/";
    var from = Keys.text(number, prefix);
    var to = Keys.endOfPrefix(from);
    if (!tx.scan(Family.REMOTE, from, to, 1).isEmpty()
        || !tx.scan(Family.JOBS, from, to, 1).isEmpty()
        || !tx.scan(Family.UPLOADS, from, to, 1).isEmpty()
        || !tx.scan(Family.STALE, from, to, 1).isEmpty()) {
      tx.bulkJobs().markMoved(number, prefix, path, directory.inode.key().number());
    }
  }

  /** A directory that lost its last child may need a marker to be seen in the bucket. */
  private static void markIfEmpty(Tx tx, Inode directory) throws IOException {
    if (tx.isEmptyDirectory(directory.key().mount(), directory.key().number())) {
      tx.markDirty(directory);
    }
  }

  Renamed rename(
      ActiveMount mount,
      Caller caller,
      FileId fromDirectory,
      String fromName,
      FileId toDirectory,
      String toName,
      Patience patience)
      throws FileSystemException {
    return committer.commit(
        tx -> {
          var from = Inodes.requireDirectory(tx, fromDirectory);
          var to = Inodes.requireDirectory(tx, toDirectory);
          Inodes.requireAccess(caller, from, Permissions.EXECUTE);
          Inodes.requireAccess(caller, to, Permissions.EXECUTE);
          var moved = find(tx, from, fromName);
          if (moved == null) {
            throw new FileSystemException(FsError.NOT_FOUND);
          }
          var replaced = find(tx, to, toName);
          if (replaced != null && replaced.inode.key().equals(moved.inode.key())) {
            // Two names of one inode: POSIX wants nothing to happen.
            return tx.noted(caller, new Renamed(change(from, from), change(to, to)));
          }
          requireMovable(tx, mount, caller, from, to, moved, toName);
          if (replaced != null) {
            requireReplaceable(tx, caller, to, moved.inode, replaced.inode);
          }
          return tx.noted(caller, move(tx, mount, from, to, moved, replaced, toName));
        },
        patience);
  }

  private static void requireMovable(
      Tx tx, ActiveMount mount, Caller caller, Inode from, Inode to, Found moved, String toName)
      throws FileSystemException, IOException {
    Inodes.requireRemovable(caller, from, moved.inode);
    Inodes.requireAccess(caller, to, Permissions.WRITE | Permissions.EXECUTE);
    if (to.localOnly()
        || Names.isReserved(to.isRoot(), toName)
        || Names.isReserved(from.isRoot(), moved.name.name())) {
      throw new FileSystemException(FsError.ACCESS, "reserved for the gateway");
    }
    Inodes.requireKeyFits(
        tx,
        mount,
        new DirentKey(to.key().mount(), to.key().number(), toName),
        moved.inode.isDirectory());
    if (moved.inode.isDirectory()) {
      var ancestor = to;
      while (!ancestor.isRoot()) {
        if (ancestor.key().equals(moved.inode.key())) {
          throw new FileSystemException(FsError.INVALID, "a directory cannot move below itself");
        }
        ancestor = tx.requireInode(new InodeKey(to.key().mount(), ancestor.parent()));
      }
    }
  }

  private static void requireReplaceable(
      Tx tx, Caller caller, Inode to, Inode moved, Inode replaced)
      throws FileSystemException, IOException {
    Inodes.requireRemovable(caller, to, replaced);
    if (moved.isDirectory() != replaced.isDirectory()) {
      throw new FileSystemException(FsError.EXISTS);
    }
    if (replaced.isDirectory()) {
      requireEmpty(tx, replaced);
    }
  }

  private Renamed move(
      Tx tx,
      ActiveMount mount,
      Inode from,
      Inode to,
      Found moved,
      @Nullable Found replaced,
      String toName)
      throws IOException {
    var now = tx.nowNanos();
    if (moved.inode.isDirectory()) {
      markTreeStale(tx, mount, moved);
    } else {
      markStale(tx, mount, moved);
    }
    var fromEdit = from.edit().modified(now);
    var sameDirectory = from.key().equals(to.key());
    var toEdit = sameDirectory ? fromEdit : to.edit().modified(now);
    fromEdit.explicitTimes = false;
    if (replaced != null) {
      unlink(tx, replaced, toEdit);
    }
    tx.deleteDirent(moved.name.mount(), moved.name.directory(), moved.name.name(), moved.dirent);
    tx.putDirent(toEdit, toName, moved.inode.key().number());
    toEdit.explicitTimes = false;
    var child = moved.inode.edit().changed(now);
    child.localOnly = false;
    if (moved.inode.isDirectory()) {
      fromEdit.links--;
      toEdit.links++;
      child.parent = to.key().number();
      child.name = toName;
    }
    var inode = child.freeze();
    tx.put(inode);
    tx.markDirty(inode);
    var fromAfter = fromEdit.freeze();
    tx.put(fromAfter);
    var toAfter = sameDirectory ? fromAfter : toEdit.freeze();
    if (!sameDirectory) {
      tx.put(toAfter);
      markIfEmpty(tx, fromAfter);
    }
    return new Renamed(change(from, fromAfter), change(to, toAfter));
  }
}
