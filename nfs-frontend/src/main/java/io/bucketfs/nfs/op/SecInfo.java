package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** SECINFO (RFC 8881, 18.29). It uses up the current filehandle. */
record SecInfo(ByteBuf name) implements Operation {
  private static final int AUTH_NONE = 0;
  private static final int AUTH_SYS = 1;

  static SecInfo read(ByteBuf in) {
    return new SecInfo(Names.read(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    Lookup.go(c, Names.component(name));
    writeFlavors(c);
    return NfsStatus.OK;
  }

  /** Writes what the current object takes, the better first, and uses it up. */
  static void writeFlavors(Compound c) throws NfsException {
    var none = c.current() instanceof Handle.PseudoRoot || c.grant().admitsNone();
    c.setCurrent((Handle) null);
    c.out().writeInt(none ? 2 : 1).writeInt(AUTH_SYS);
    if (none) {
      c.out().writeInt(AUTH_NONE);
    }
  }
}
