package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** READ (RFC 8881, 18.22). The data goes out as the file system gives it, without a copy. */
record Read(StateId stateId, long offset, int count) implements Operation {
  /** Status, end of file, length and padding around the data, and what may follow it. */
  private static final int RESERVE_BYTES = 64;

  static Read read(ByteBuf in) {
    return new Read(StateId.read(in), Xdr.readLong(in), Xdr.readInt(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.ISDIR);
    IoAccess.requireRead(c, file, c.resolve(stateId));
    var out = c.out();
    if (offset < 0) {
      // No file is that long.
      Xdr.writeBoolean(out, true);
      out.writeInt(0);
      return NfsStatus.OK;
    }
    var asked = count < 0 ? Integer.MAX_VALUE : count;
    var bytes = Math.min(asked, c.services().limits().ioBytesMax());
    if (bytes > c.room() - RESERVE_BYTES) {
      throw new NfsException(NfsStatus.REP_TOO_BIG);
    }
    bytes = (int) Math.min(bytes, Long.MAX_VALUE - offset);
    var result = c.fileSystem().read(file, offset, bytes, c.patience());
    var length = result.data().readableBytes();
    Xdr.writeBoolean(out, result.endOfFile());
    out.writeInt(length);
    if (length == 0) {
      result.data().release();
    } else {
      c.reply().append(result.data());
      out.writeZero(Xdr.padding(length));
      c.services().readBytes().add(length);
    }
    return NfsStatus.OK;
  }
}
