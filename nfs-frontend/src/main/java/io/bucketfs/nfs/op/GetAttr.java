package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** GETATTR (RFC 8881, 18.7). */
record GetAttr(AttributeMask asked) implements Operation {
  static GetAttr read(ByteBuf in) {
    return new GetAttr(AttributeMask.read(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    if (Attribute.asksWriteOnly(asked)) {
      throw new NfsException(NfsStatus.INVAL);
    }
    var object = Describe.current(c, asked);
    c.services().attributes().write(c.out(), asked, object, c.minorVersion());
    return NfsStatus.OK;
  }
}
