package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Stability;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** WRITE (RFC 8881, 18.32). The data is a slice of the request. */
record Write(StateId stateId, long offset, int stable, ByteBuf data) implements Operation {
  static Write read(ByteBuf in) {
    return new Write(
        StateId.read(in),
        Xdr.readLong(in),
        Xdr.readInt(in),
        Xdr.readSlice(in, Integer.MAX_VALUE - 8));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var reached = stability(stable);
    var file = c.currentFile(NfsStatus.ISDIR);
    IoAccess.requireWrite(c, file, c.resolve(stateId));
    var bytes = Math.min(data.readableBytes(), c.services().limits().ioBytesMax());
    if (offset < 0 || offset > Long.MAX_VALUE - bytes) {
      throw new NfsException(NfsStatus.FBIG);
    }
    // Before the write: should it be lost meanwhile, the client must see another one at COMMIT.
    var verifier = c.fileSystem().writeVerifier();
    if (bytes > 0) {
      reached =
          c.fileSystem()
              .write(file, offset, data.slice(data.readerIndex(), bytes), reached, c.patience());
      c.services().writtenBytes().add(bytes);
    }
    c.forgetKnown();
    c.out().writeInt(bytes).writeInt(number(reached)).writeLong(verifier);
    return NfsStatus.OK;
  }

  private static Stability stability(int number) throws NfsException {
    return switch (number) {
      case 0 -> Stability.UNSTABLE;
      case 1 -> Stability.DATA_SYNC;
      case 2 -> Stability.FILE_SYNC;
      default -> throw new NfsException(NfsStatus.INVAL);
    };
  }

  private static int number(Stability stability) {
    return switch (stability) {
      case UNSTABLE -> 0;
      case DATA_SYNC -> 1;
      case FILE_SYNC -> 2;
    };
  }
}
