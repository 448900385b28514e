package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** DEALLOCATE (RFC 7862, 15.4): the range becomes a hole. */
record Deallocate(StateId stateId, long offset, long length) implements Operation {
  static Deallocate read(ByteBuf in) {
    return new Deallocate(StateId.read(in), Xdr.readLong(in), Xdr.readLong(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.ISDIR);
    IoAccess.requireWrite(c, file, c.resolve(stateId));
    if (offset >= 0) {
      // No file reaches further than a signed number does.
      var bytes = length < 0 ? Long.MAX_VALUE : length;
      c.fileSystem().deallocate(file, offset, bytes, c.patience());
    }
    c.forgetKnown();
    return NfsStatus.OK;
  }
}
