package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** COMMIT (RFC 8881, 18.3). The whole file is committed, whatever the range. */
record Commit(long offset, int count) implements Operation {
  static Commit read(ByteBuf in) {
    return new Commit(Xdr.readLong(in), Xdr.readInt(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.ISDIR);
    IoAccess.requireFile(c.attributes(file));
    if (Long.compareUnsigned(offset, offset + (count & 0xffff_ffffL)) > 0) {
      throw new NfsException(NfsStatus.INVAL);
    }
    c.fileSystem().commit(file, c.patience());
    c.forgetKnown();
    // After the commit: writes that were lost until now must show.
    c.out().writeLong(c.fileSystem().writeVerifier());
    return NfsStatus.OK;
  }
}
