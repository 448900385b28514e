package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** DEALLOCATE (RFC 7862, 15.4): the range becomes a hole. */
record Deallocate(SpaceRange range) implements Operation {
  static Deallocate read(ByteBuf in) {
    return new Deallocate(SpaceRange.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var target = range.requireTarget(c);
    var offset = range.offset();
    if (offset >= 0) {
      // No file reaches further than a signed number does.
      var length = range.length() < 0 ? Long.MAX_VALUE : range.length();
      SpaceRange.change(
          c,
          target,
          (rider, file) -> c.fileSystem().deallocate(rider, file, offset, length, c.patience()));
    }
    return NfsStatus.OK;
  }
}
