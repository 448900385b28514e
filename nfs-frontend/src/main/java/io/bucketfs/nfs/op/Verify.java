package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.attr.RawAttributes;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

/** VERIFY and NVERIFY (RFC 8881, 18.30, 18.15): compares attributes with those of the client. */
record Verify(RawAttributes wanted, boolean same) implements Operation {
  static Verify readVerify(ByteBuf in) {
    return new Verify(RawAttributes.read(in), true);
  }

  static Verify readNverify(ByteBuf in) {
    return new Verify(RawAttributes.read(in), false);
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var mask = wanted.mask();
    if (!mask.isWithin(Attribute.supported(c.minorVersion()))) {
      throw new NfsException(NfsStatus.ATTRNOTSUPP);
    }
    if (Attribute.asksWriteOnly(mask) || mask.has(Attribute.RDATTR_ERROR)) {
      throw new NfsException(NfsStatus.INVAL);
    }
    var object = Describe.current(c, mask);
    var ours = c.out().alloc().directBuffer();
    try {
      c.services().attributes().write(ours, mask, object, c.minorVersion());
      AttributeMask.read(ours);
      var values = Xdr.readSlice(ours, Integer.MAX_VALUE - 8);
      var equal = ByteBufUtil.equals(values, wanted.values());
      if (equal == same) {
        return NfsStatus.OK;
      }
    } finally {
      ours.release();
    }
    throw new NfsException(same ? NfsStatus.NOT_SAME : NfsStatus.SAME);
  }
}
