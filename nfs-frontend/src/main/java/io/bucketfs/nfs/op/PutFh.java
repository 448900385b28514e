package io.bucketfs.nfs.op;

import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.export.HandleCodec;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** PUTFH (RFC 8881, 18.19). Whether the object still exists is found out by those who use it. */
record PutFh(ByteBuf handle) implements Operation {
  static PutFh read(ByteBuf in) {
    return new PutFh(Xdr.readSlice(in, HandleCodec.BYTES_MAX));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    var decoded = c.services().handles().read(handle.duplicate());
    if (decoded instanceof Handle.Node node && c.services().exports().of(node) == null) {
      throw new NfsException(NfsStatus.STALE);
    }
    c.setCurrent(decoded);
    c.requireFlavorAfterPut();
    return NfsStatus.OK;
  }
}
