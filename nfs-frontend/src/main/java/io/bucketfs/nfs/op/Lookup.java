package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** LOOKUP (RFC 8881, 18.13). In the pseudo-root it crosses into a mount. */
record Lookup(ByteBuf name) implements Operation {
  static Lookup read(ByteBuf in) {
    return new Lookup(Names.read(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    go(c, Names.component(name));
    c.requireFlavor();
    return NfsStatus.OK;
  }

  /** Makes a child of the current directory the current object. */
  static void go(Compound c, String child) throws NfsException, FileSystemException {
    switch (c.current()) {
      case Handle.PseudoRoot _ -> {
        var grant = c.services().exports().byName(child, c.peer().clientAddress());
        if (grant == null) {
          throw new NfsException(NfsStatus.NOENT);
        }
        c.enter(grant, Roots.attributes(c, grant.export()));
      }
      case Handle.Node(var directory, _) -> {
        requireDirectory(c, directory);
        c.setCurrent(c.fileSystem().lookup(c.caller(directory), directory, child, c.patience()));
      }
    }
  }

  /** Tells symlinks from other things that are no directories, as RFC 8881, 18.13.4 wants. */
  static void requireDirectory(Compound c, FileId file) throws NfsException, FileSystemException {
    var type = c.attributes(file).type();
    if (type == FileType.SYMLINK) {
      throw new NfsException(NfsStatus.SYMLINK);
    }
    if (type != FileType.DIRECTORY) {
      throw new NfsException(NfsStatus.NOTDIR);
    }
  }
}
