package io.bucketfs.nfs.op;

import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.export.HandleCodec;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** PUTFH (RFC 8881, 18.19). Whether the object still exists is found out by those who use it. */
record PutFh(int length, long head, long inode, long generation, long mac) implements Operation {
  static PutFh read(ByteBuf in) {
    var length = Xdr.readLength(in, HandleCodec.BYTES_MAX);
    if (length != HandleCodec.BYTES) {
      Xdr.skip(in, length + Xdr.padding(length));
      return new PutFh(length, 0, 0, 0, 0);
    }
    return new PutFh(
        length, Xdr.readLong(in), Xdr.readLong(in), Xdr.readLong(in), Xdr.readLong(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    if (length != HandleCodec.BYTES) {
      throw new NfsException(NfsStatus.BADHANDLE);
    }
    var decoded = c.services().handles().read(head, inode, generation, mac);
    if (decoded instanceof Handle.Node node && c.services().exports().of(node) == null) {
      throw new NfsException(NfsStatus.STALE);
    }
    c.setCurrent(decoded);
    c.requireFlavorAfterPut();
    return NfsStatus.OK;
  }
}
