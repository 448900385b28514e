package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/**
 * ALLOCATE (RFC 7862, 15.1): the file reaches to the end of the range; space needs no reservation.
 */
record Allocate(SpaceRange range) implements Operation {
  static Allocate read(ByteBuf in) {
    return new Allocate(SpaceRange.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var target = range.requireTarget(c);
    var offset = range.offset();
    var length = range.length();
    if (offset < 0 || length < 0) {
      throw new NfsException(NfsStatus.FBIG);
    }
    SpaceRange.change(
        c,
        target,
        (rider, file) -> c.fileSystem().allocate(rider, file, offset, length, c.patience()));
    return NfsStatus.OK;
  }
}
