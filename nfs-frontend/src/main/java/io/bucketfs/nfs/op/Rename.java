package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** RENAME (RFC 8881, 18.26): from the saved directory into the current one. */
record Rename(ByteBuf oldName, ByteBuf newName) implements Operation {
  static Rename read(ByteBuf in) {
    return new Rename(Names.read(in), Names.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var from = c.savedFile();
    var to = c.currentFile();
    if (c.attributes(to).type() != FileType.DIRECTORY
        || c.fileSystem().attributes(from, c.patience()).type() != FileType.DIRECTORY) {
      throw new NfsException(NfsStatus.NOTDIR);
    }
    var source = Names.component(oldName);
    var target = Names.component(newName);
    if (from.mount() != to.mount()) {
      throw new NfsException(NfsStatus.XDEV);
    }
    c.services().grace().requireOver();
    c.once(
        to,
        FileSystem.Renamed.class,
        caller -> c.fileSystem().rename(caller, from, source, to, target, c.patience()),
        renamed -> {
          ChangeInfos.write(c.out(), renamed.from());
          ChangeInfos.write(c.out(), renamed.to());
        });
    c.forgetKnown();
    return NfsStatus.OK;
  }
}
