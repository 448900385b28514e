package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/**
 * IO_ADVISE (RFC 7862, 15.5). What will be needed is fetched from the bucket; all other hints are
 * heard and not taken, since read-ahead finds out by itself.
 */
record IoAdvise(StateId stateId, long offset, long count, AttributeMask hints)
    implements Operation {
  private static final AttributeMask WILL_NEED = AttributeMask.of(4, 5);

  static IoAdvise read(ByteBuf in) {
    return new IoAdvise(
        StateId.read(in),
        Xdr.readLong(in),
        Xdr.readLong(in),
        AttributeMask.read(in)); // bitmaps are alike, whatever they are of
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.ISDIR);
    IoAccess.requireRead(c, file, c.resolve(stateId));
    var taken = hints.and(WILL_NEED);
    if (!taken.isEmpty() && offset >= 0) {
      var toEnd = Long.MAX_VALUE - offset;
      var bytes = count <= 0 || count > toEnd ? toEnd : count;
      c.fileSystem().willNeed(file, offset, bytes);
    }
    taken.write(c.out());
    return NfsStatus.OK;
  }
}
