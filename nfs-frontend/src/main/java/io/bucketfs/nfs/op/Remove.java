package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** REMOVE (RFC 8881, 18.25). */
record Remove(ByteBuf name) implements Operation {
  static Remove read(ByteBuf in) {
    return new Remove(Names.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var directory = c.currentFile();
    if (c.attributes(directory).type() != FileType.DIRECTORY) {
      throw new NfsException(NfsStatus.NOTDIR);
    }
    var child = Names.component(name);
    c.services().grace().requireOver();
    c.once(
        directory,
        ChangeInfo.class,
        caller -> c.fileSystem().remove(caller, directory, child, c.patience()),
        info -> ChangeInfos.write(c.out(), info));
    c.forgetKnown();
    return NfsStatus.OK;
  }
}
