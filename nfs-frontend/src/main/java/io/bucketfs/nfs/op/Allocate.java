package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/**
 * ALLOCATE (RFC 7862, 15.1): the file reaches to the end of the range; space needs no reservation.
 */
record Allocate(StateId stateId, long offset, long length) implements Operation {
  static Allocate read(ByteBuf in) {
    return new Allocate(StateId.read(in), Xdr.readLong(in), Xdr.readLong(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.ISDIR);
    IoAccess.requireWrite(c, file, c.resolve(stateId));
    if (offset < 0 || length < 0) {
      throw new NfsException(NfsStatus.FBIG);
    }
    c.fileSystem().allocate(file, offset, length, c.patience());
    c.forgetKnown();
    return NfsStatus.OK;
  }
}
