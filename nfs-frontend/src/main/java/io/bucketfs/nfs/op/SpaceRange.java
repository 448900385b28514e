package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/**
 * What ALLOCATE and DEALLOCATE have in common: a range of the current file, which an open or nobody
 * in particular writes (RFC 7862, 15.1, 15.4).
 */
record SpaceRange(StateId stateId, long offset, long length) {
  static SpaceRange read(ByteBuf in) {
    return new SpaceRange(StateId.read(in), Xdr.readLong(in), Xdr.readLong(in));
  }

  /** A change of the file, with which its rider is noted. */
  @FunctionalInterface
  interface Change {
    void run(Rider rider, FileId file) throws FileSystemException;
  }

  /** The file that is changed, once it may be. */
  FileId requireTarget(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.ISDIR);
    IoAccess.requireWrite(c, file, c.resolve(stateId));
    return file;
  }

  /** Changes the file once, however often that is asked for. */
  static void change(Compound c, FileId file, Change change)
      throws NfsException, FileSystemException {
    c.once(
        file,
        ChangeInfo.class,
        caller -> {
          change.run(caller.rider(), file);
          return ChangeInfo.NONE;
        },
        _ -> {});
    c.forgetKnown();
  }
}
