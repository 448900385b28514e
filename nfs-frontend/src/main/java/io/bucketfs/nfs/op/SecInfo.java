package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** SECINFO (RFC 8881, 18.29). It uses up the current filehandle. */
record SecInfo(ByteBuf name) implements Operation {
  static SecInfo read(ByteBuf in) {
    return new SecInfo(Names.read(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    Lookup.go(c, Names.component(name));
    writeFlavors(c);
    return NfsStatus.OK;
  }

  static void writeFlavors(Compound c) {
    c.setCurrent((Handle) null);
    c.out().writeInt(2).writeInt(1).writeInt(0); // AUTH_SYS, AUTH_NONE
  }
}
