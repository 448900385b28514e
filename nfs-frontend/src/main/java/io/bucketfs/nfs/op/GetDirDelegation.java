package io.bucketfs.nfs.op;

import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** GET_DIR_DELEGATION (RFC 8881, 18.39): never given, and said in a way that no client minds. */
record GetDirDelegation() implements Operation {
  private static final int UNAVAILABLE = 1;

  static GetDirDelegation read(ByteBuf in) {
    Xdr.skip(in, 4);
    AttributeMask.read(in);
    Xdr.skip(in, 24);
    AttributeMask.read(in);
    AttributeMask.read(in);
    return new GetDirDelegation();
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    c.current();
    c.out().writeInt(UNAVAILABLE);
    Xdr.writeBoolean(c.out(), false);
    return NfsStatus.OK;
  }
}
