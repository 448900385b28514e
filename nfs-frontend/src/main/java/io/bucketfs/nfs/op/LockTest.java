package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.state.ByteRange;
import io.bucketfs.nfs.state.Opaque;
import io.bucketfs.nfs.state.OpenFiles;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** LOCKT (RFC 8881, 18.11). */
record LockTest(LockType type, long offset, long length, Opaque owner) implements Operation {
  static LockTest read(ByteBuf in) {
    var type = LockType.read(in);
    var offset = Xdr.readLong(in);
    var length = Xdr.readLong(in);
    Xdr.readLong(in); // the client is that of the session
    return new LockTest(type, offset, length, new Opaque(Xdr.readBytes(in, Opaque.BYTES_MAX)));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.ISDIR);
    IoAccess.requireFile(c.attributes(file));
    var range = ByteRange.of(offset, length);
    c.services().grace().requireOver();
    var wish = new OpenFiles.Wish(file, range, type.exclusive(), null);
    var conflict = c.services().openFiles().test(c.client(), owner, wish, c.ledger());
    if (conflict == null) {
      return NfsStatus.OK;
    }
    LockType.writeDenied(c.out(), conflict);
    return NfsStatus.DENIED;
  }
}
