package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** REMOVEXATTR (RFC 8276, 8.4.4). */
record RemoveXattr(ByteBuf name) implements Operation {
  static RemoveXattr read(ByteBuf in) {
    return new RemoveXattr(Names.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile();
    var info = c.fileSystem().removeXattr(c.caller(file), file, Names.xattr(name), c.patience());
    c.forgetKnown();
    ChangeInfos.write(c.out(), info);
    return NfsStatus.OK;
  }
}
