package io.bucketfs.core.namespace;

import io.bucketfs.core.content.ContentEdits;
import io.bucketfs.core.content.Contents;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Transaction;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Permissions;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.SetAttributes.TimeChange;
import java.io.IOException;
import java.util.Objects;

/** Changes owner, mode, size and times by the rules of POSIX. */
final class AttributeChanges {
  private static final int MODE_BITS = 07777;
  private static final int SET_IDS = 06000;
  private static final int SET_GROUP_ID = 02000;

  private final Committer committer;
  private final Contents contents;

  AttributeChanges(Committer committer, Contents contents) {
    this.committer = committer;
    this.contents = contents;
  }

  /**
   * Makes sure that a change may be waited for; to be called before the first side effect.
   *
   * @throws io.bucketfs.core.vfs.WouldBlock where it may not
   */
  void requirePatience(InodeKey key, SetAttributes change, Patience patience) {
    if (isOfContent(key, change)) {
      patience.requireWaiting();
    } else {
      committer.requireCommit(patience);
    }
  }

  /** Whether writes to the file must not go on meanwhile. */
  private boolean isOfContent(InodeKey key, SetAttributes change) {
    // Times that a client sets must not be overtaken by those of writes before.
    return change.sizeBytes() != null || contents.hasUnstable(key);
  }

  Inode change(
      Caller caller, Inode inode, SetAttributes change, boolean throughOpen, Patience patience)
      throws FileSystemException {
    var key = inode.key();
    Transaction<Inode> transaction =
        tx -> {
          var before = tx.requireInode(key);
          requireAllowed(caller, before, change, throughOpen);
          var edit = before.edit().changed(tx.nowNanos());
          edit.exclusiveVerifier = 0;
          apply(tx, caller, edit, change, false);
          resize(tx, edit, change);
          var after = edit.freeze();
          tx.put(after);
          if (isExported(before, after)) {
            tx.markDirty(after);
          }
          tx.requireQuota();
          tx.noted(caller, ChangeInfo.NONE);
          return after;
        };
    if (isOfContent(key, change)) {
      patience.requireWaiting();
      return contents.exclusively(key, transaction);
    }
    return committer.commit(transaction, patience);
  }

  private static boolean isExported(Inode before, Inode after) {
    return before.mode() != after.mode()
        || before.uid() != after.uid()
        || before.gid() != after.gid()
        || before.modifyNanos() != after.modifyNanos()
        || before.sizeBytes() != after.sizeBytes()
        || !Objects.equals(before.content(), after.content());
  }

  private static void resize(Tx tx, Inode.Edit edit, SetAttributes change) throws IOException {
    var size = change.sizeBytes();
    if (size != null) {
      ContentEdits.resize(tx, edit, size);
      if (change.modifyTime() == null) {
        edit.modifyNanos = tx.nowNanos();
      }
    }
  }

  private static void requireAllowed(
      Caller caller, Inode inode, SetAttributes change, boolean throughOpen)
      throws FileSystemException {
    var owner = caller.uid() == 0 || caller.uid() == inode.uid();
    if (change.mode() != null && !owner) {
      throw new FileSystemException(FsError.PERMISSION);
    }
    var size = change.sizeBytes();
    if (size != null) {
      if (inode.type() != FileType.FILE) {
        throw new FileSystemException(
            inode.isDirectory() ? FsError.IS_A_DIRECTORY : FsError.INVALID);
      }
      if (size < 0 || size > Contents.FILE_BYTES_MAX) {
        throw new FileSystemException(FsError.FILE_TOO_BIG);
      }
      if (!throughOpen) {
        Inodes.requireAccess(caller, inode, Permissions.WRITE);
      }
    }
    if (!owner
        && (change.accessTime() instanceof TimeChange.ClientTime
            || change.modifyTime() instanceof TimeChange.ClientTime)) {
      throw new FileSystemException(FsError.PERMISSION);
    }
    if (!owner && (change.accessTime() != null || change.modifyTime() != null)) {
      Inodes.requireAccess(caller, inode, Permissions.WRITE);
    }
  }

  /**
   * Applies everything but the size.
   *
   * @param isNew whether the inode is being made, so that modes are taken as they are
   */
  static void apply(Tx tx, Caller caller, Inode.Edit inode, SetAttributes change, boolean isNew)
      throws FileSystemException {
    var superuser = caller.uid() == 0;
    var uid = change.uid();
    if (uid != null && uid != inode.uid) {
      if (!superuser) {
        throw new FileSystemException(FsError.PERMISSION);
      }
      inode.uid = uid;
    }
    var gid = change.gid();
    if (gid != null && gid != inode.gid) {
      if (!superuser && (caller.uid() != inode.uid || !caller.isMember(gid))) {
        throw new FileSystemException(FsError.PERMISSION);
      }
      inode.gid = gid;
    }
    var changesOwner = !isNew && (uid != null || gid != null);
    if (changesOwner && !superuser && inode.type != FileType.DIRECTORY) {
      inode.mode &= ~SET_IDS;
    }
    var mode = change.mode();
    if (mode != null) {
      inode.mode = mode & MODE_BITS;
      if (!superuser && inode.type != FileType.DIRECTORY && !caller.isMember(inode.gid)) {
        inode.mode &= ~SET_GROUP_ID;
      }
    }
    if (change.accessTime() != null) {
      inode.accessNanos = nanos(change.accessTime(), tx);
    }
    if (change.modifyTime() != null) {
      inode.modifyNanos = nanos(change.modifyTime(), tx);
      if (inode.type == FileType.DIRECTORY) {
        inode.explicitTimes = change.modifyTime() instanceof TimeChange.ClientTime;
      }
    }
  }

  private static long nanos(TimeChange time, Tx tx) {
    return switch (time) {
      case TimeChange.ServerTime _ -> tx.nowNanos();
      case TimeChange.ClientTime client -> client.nanos();
    };
  }
}
