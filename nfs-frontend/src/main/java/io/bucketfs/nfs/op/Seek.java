package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystem.Region;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** SEEK (RFC 7862, 15.11). */
record Seek(StateId stateId, long offset, int what) implements Operation {
  static Seek read(ByteBuf in) {
    return new Seek(StateId.read(in), Xdr.readLong(in), Xdr.readInt(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.ISDIR);
    IoAccess.requireRead(c, file, c.resolve(stateId));
    var region =
        switch (what) {
          case 0 -> Region.DATA;
          case 1 -> Region.HOLE;
          default -> throw new NfsException(NfsStatus.UNION_NOTSUPP);
        };
    if (offset < 0) {
      throw new NfsException(NfsStatus.NXIO);
    }
    var found = c.fileSystem().seek(file, offset, region, c.patience());
    Xdr.writeBoolean(c.out(), found.endOfFile());
    c.out().writeLong(found.offset());
    return NfsStatus.OK;
  }
}
