package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.FileSystem.XattrMode;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** SETXATTR (RFC 8276, 8.4.2). */
record SetXattr(int option, ByteBuf name, ByteBuf value) implements Operation {
  /** What Linux allows; longer ones are refused, not taken for bad XDR. */
  private static final int VALUE_BYTES_MAX = 65_536;

  static SetXattr read(ByteBuf in) {
    return new SetXattr(Xdr.readInt(in), Names.read(in), Xdr.readSlice(in, Integer.MAX_VALUE - 8));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var mode =
        switch (option) {
          case 0 -> XattrMode.EITHER;
          case 1 -> XattrMode.CREATE;
          case 2 -> XattrMode.REPLACE;
          default -> throw new NfsException(NfsStatus.INVAL);
        };
    var file = c.currentFile();
    var attribute = Names.xattr(name);
    if (value.readableBytes() > VALUE_BYTES_MAX) {
      throw new NfsException(NfsStatus.XATTR2BIG);
    }
    var bytes = new byte[value.readableBytes()];
    value.getBytes(value.readerIndex(), bytes);
    c.once(
        file,
        ChangeInfo.class,
        caller -> c.fileSystem().setXattr(caller, file, attribute, bytes, mode, c.patience()),
        info -> ChangeInfos.write(c.out(), info));
    c.forgetKnown();
    return NfsStatus.OK;
  }
}
