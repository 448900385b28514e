package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** LINK (RFC 8881, 18.9): the saved file gets a name in the current directory. */
record Link(ByteBuf name) implements Operation {
  static Link read(ByteBuf in) {
    return new Link(Names.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.savedFile();
    var directory = c.currentFile();
    if (c.attributes(directory).type() != FileType.DIRECTORY) {
      throw new NfsException(NfsStatus.NOTDIR);
    }
    var child = Names.component(name);
    if (c.fileSystem().attributes(file, c.patience()).type() == FileType.DIRECTORY) {
      throw new NfsException(NfsStatus.ISDIR);
    }
    if (file.mount() != directory.mount()) {
      throw new NfsException(NfsStatus.XDEV);
    }
    c.once(
        directory,
        ChangeInfo.class,
        caller -> c.fileSystem().link(caller, file, directory, child, c.patience()),
        info -> ChangeInfos.write(c.out(), info));
    c.forgetKnown();
    return NfsStatus.OK;
  }
}
