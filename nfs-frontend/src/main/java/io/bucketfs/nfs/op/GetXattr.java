package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** GETXATTR (RFC 8276, 8.4.1). */
record GetXattr(ByteBuf name) implements Operation {
  static GetXattr read(ByteBuf in) {
    return new GetXattr(Names.read(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    // The pseudo-root has none.
    var file = c.currentFile(NfsStatus.NOXATTR);
    var value = c.fileSystem().xattr(c.caller(file), file, Names.xattr(name), c.patience());
    Xdr.writeOpaque(c.out(), value);
    return NfsStatus.OK;
  }
}
