package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Stability;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** WRITE (RFC 8881, 18.32). The data is a slice of the request. */
final class Write implements Operation {
  private final StateId stateId;
  private final long offset;
  private final int stable;
  private final ByteBuf data;

  /** What was reached; null as long as nothing is written. */
  private @Nullable Stability reached;

  private Write(StateId stateId, long offset, int stable, ByteBuf data) {
    this.stateId = stateId;
    this.offset = offset;
    this.stable = stable;
    this.data = data;
  }

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
    var wanted = stability(stable);
    var file = c.currentFile(NfsStatus.ISDIR);
    IoAccess.requireWrite(c, file, c.resolve(stateId));
    var bytes = Math.min(data.readableBytes(), c.services().limits().ioBytesMax());
    if (offset < 0 || offset > Long.MAX_VALUE - bytes) {
      throw new NfsException(NfsStatus.FBIG);
    }
    // Before the write: should it be lost meanwhile, the client must see another one at COMMIT.
    var verifier = c.fileSystem().writeVerifier();
    var done = bytes > 0 ? write(c, file, bytes, wanted) : wanted;
    c.forgetKnown();
    c.out().writeInt(bytes).writeInt(number(done)).writeLong(verifier);
    return NfsStatus.OK;
  }

  /**
   * Writes once, however often it is called. A second write could lie over what others wrote after
   * the first was seen.
   */
  private Stability write(Compound c, FileId file, int bytes, Stability wanted)
      throws FileSystemException {
    var done = reached;
    if (done == null) {
      var part = data.slice(data.readerIndex(), bytes);
      done = c.fileSystem().write(file, offset, part, wanted, c.patience());
      reached = done;
      c.services().writtenBytes().add(bytes);
    }
    if (done.compareTo(wanted) < 0) {
      c.fileSystem().commit(file, c.patience());
      done = Stability.FILE_SYNC;
    }
    return done;
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
