package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** SECINFO_NO_NAME (RFC 8881, 18.45): for the current object or its parent. */
record SecInfoNoName(int style) implements Operation {
  private static final int CURRENT_FH = 0;
  private static final int PARENT = 1;

  static SecInfoNoName read(ByteBuf in) {
    var style = Xdr.readInt(in);
    if (style != CURRENT_FH && style != PARENT) {
      throw BadXdr.INSTANCE;
    }
    return new SecInfoNoName(style);
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    if (style == PARENT) {
      LookupParent.go(c);
    } else {
      c.current();
    }
    SecInfo.writeFlavors(c);
    return NfsStatus.OK;
  }
}
