package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.Permissions;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** ACCESS (RFC 8881, 18.1), answered from the mode bits. */
record Access(int asked) implements Operation {
  private static final int READ = 0x01;
  private static final int LOOKUP = 0x02;
  private static final int MODIFY = 0x04;
  private static final int EXTEND = 0x08;
  private static final int DELETE = 0x10;
  private static final int EXECUTE = 0x20;
  private static final int XATTR_READ = 0x40;
  private static final int XATTR_WRITE = 0x80;
  private static final int XATTR_LIST = 0x100;
  private static final int CHANGES = MODIFY | EXTEND | DELETE;
  private static final int KNOWN_41 = 0x3f;

  /**
   * With the bits for extended attributes (RFC 8276, 8.5), which only files and directories have.
   */
  private static final int XATTRS = XATTR_READ | XATTR_WRITE | XATTR_LIST;

  private static final int KNOWN_42 = KNOWN_41 | XATTRS;

  static Access read(ByteBuf in) {
    return new Access(Xdr.readInt(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var known = c.minorVersion() >= 2 ? KNOWN_42 : KNOWN_41;
    if ((asked & ~known) != 0) {
      throw new NfsException(NfsStatus.INVAL);
    }
    int supported;
    int allowed;
    switch (c.current()) {
      case Handle.PseudoRoot _ -> {
        supported = READ | LOOKUP | CHANGES;
        allowed = READ | LOOKUP;
      }
      case Handle.Node(var id, _) -> {
        var a = c.attributes(id);
        var directory = a.type() == FileType.DIRECTORY;
        supported = directory ? READ | LOOKUP | CHANGES : READ | MODIFY | EXTEND | EXECUTE;
        if (directory || a.type() == FileType.FILE) {
          supported |= XATTRS;
        }
        allowed = allowed(Permissions.of(c.caller(id), a), directory);
        if (c.grant().readOnly()) {
          allowed &= ~(CHANGES | XATTR_WRITE);
        }
      }
    }
    c.out().writeInt(asked & supported).writeInt(asked & supported & allowed);
    return NfsStatus.OK;
  }

  private static int allowed(int permissions, boolean directory) {
    var bits = 0;
    if ((permissions & Permissions.READ) != 0) {
      bits |= READ | XATTR_READ | XATTR_LIST;
    }
    if ((permissions & Permissions.EXECUTE) != 0) {
      bits |= directory ? LOOKUP : EXECUTE;
    }
    if ((permissions & Permissions.WRITE) != 0) {
      bits |= XATTR_WRITE;
    }
    // Names are added and removed by those who may write a directory and search it.
    var searchable = !directory || (permissions & Permissions.EXECUTE) != 0;
    if ((permissions & Permissions.WRITE) != 0 && searchable) {
      bits |= CHANGES;
    }
    return bits;
  }
}
