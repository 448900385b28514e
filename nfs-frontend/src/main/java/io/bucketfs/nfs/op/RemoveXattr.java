package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.ChangeInfo;
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
    var attribute = Names.xattr(name);
    c.once(
        file,
        ChangeInfo.class,
        caller -> c.fileSystem().removeXattr(caller, file, attribute, c.patience()),
        info -> ChangeInfos.write(c.out(), info));
    c.forgetKnown();
    return NfsStatus.OK;
  }
}
