package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Permissions;
import io.bucketfs.nfs.state.Share;
import io.bucketfs.nfs.state.ShareState;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;

/** Whether a stateid lets a client read, write or resize a file (RFC 8881, 8.2.3, 9.1.2). */
final class IoAccess {
  private IoAccess() {}

  /** Checks a READ. */
  static void requireRead(Compound c, FileId file, StateId id)
      throws NfsException, FileSystemException {
    if (id.isForAnyone()) {
      c.services().grace().requireOver();
      requireFile(c.attributes(file));
      requirePermission(c, file, Permissions.READ | Permissions.EXECUTE);
      if (!id.equals(StateId.READ_BYPASS)) {
        c.services().openFiles().requireNotDenied(file, Share.READ, c.ledger());
      }
      return;
    }
    var state = require(c, file, id);
    if ((state.open().access() & Share.READ) == 0) {
      // A client that opened for writing reads to fill the page it writes to.
      var permissions = Permissions.of(c.caller(file), c.attributes(file));
      if ((permissions & Permissions.READ) == 0) {
        throw new NfsException(NfsStatus.OPENMODE);
      }
    }
  }

  /** Checks a WRITE. */
  static void requireWrite(Compound c, FileId file, StateId id)
      throws NfsException, FileSystemException {
    if (id.isForAnyone()) {
      c.services().grace().requireOver();
      requireFile(c.attributes(file));
      requirePermission(c, file, Permissions.WRITE);
      c.services().openFiles().requireNotDenied(file, Share.WRITE, c.ledger());
    } else if ((require(c, file, id).open().access() & Share.WRITE) == 0) {
      throw new NfsException(NfsStatus.OPENMODE);
    }
  }

  /**
   * Checks a SETATTR of the size.
   *
   * @return whether the caller holds the file open for writing, so that mode bits do not matter
   */
  static boolean requireResize(Compound c, FileId file, StateId id)
      throws NfsException, FileSystemException {
    if (id.isForAnyone()) {
      c.services().grace().requireOver();
      requireFile(c.attributes(file));
      c.services().openFiles().requireNotDenied(file, Share.WRITE, c.ledger());
      return false;
    }
    if ((require(c, file, id).open().access() & Share.WRITE) == 0) {
      throw new NfsException(NfsStatus.OPENMODE);
    }
    return true;
  }

  private static ShareState require(Compound c, FileId file, StateId id)
      throws NfsException, FileSystemException {
    try {
      return c.services().openFiles().require(c.client(), id, file);
    } catch (NfsException e) {
      requireFile(c.attributes(file)); // says more about a directory than BAD_STATEID
      throw e;
    }
  }

  /** The status that READ, WRITE and others give for what is no regular file. */
  static void requireFile(Attributes attributes) throws NfsException {
    switch (attributes.type()) {
      case FILE -> {}
      case DIRECTORY -> throw new NfsException(NfsStatus.ISDIR);
      case SYMLINK -> throw new NfsException(NfsStatus.SYMLINK);
      case BLOCK_DEVICE, CHARACTER_DEVICE, SOCKET, FIFO ->
          throw new NfsException(NfsStatus.WRONG_TYPE);
    }
  }

  private static void requirePermission(Compound c, FileId file, int anyOf)
      throws NfsException, FileSystemException {
    var a = c.attributes(file);
    var caller = c.caller(file);
    // The owner may always: the mode may have changed since an open that this server forgot.
    if (caller.uid() != a.uid() && (Permissions.of(caller, a) & anyOf) == 0) {
      throw new NfsException(NfsStatus.ACCESS);
    }
  }
}
