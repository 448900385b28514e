package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** IO_ADVISE (RFC 7862, 15.5): heard, and no hint is taken. */
record IoAdvise(StateId stateId) implements Operation {
  static IoAdvise read(ByteBuf in) {
    var id = StateId.read(in);
    Xdr.skip(in, 16);
    AttributeMask.read(in); // bitmaps are alike, whatever they are of
    return new IoAdvise(id);
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.ISDIR);
    IoAccess.requireRead(c, file, c.resolve(stateId));
    AttributeMask.NONE.write(c.out());
    return NfsStatus.OK;
  }
}
