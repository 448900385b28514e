package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/**
 * COPY (RFC 7862, 15.2) inside this server. Always synchronous, whatever was asked for: bytes are
 * shared, not moved. What takes longer ends with a short count, and the client asks for the rest.
 *
 * @param fromElsewhere whether the source is on another server
 */
record Copy(CopyRange range, boolean fromElsewhere) implements Operation {
  private static final int FILE_SYNC = 2;

  static Copy read(ByteBuf in) {
    var range = CopyRange.read(in);
    Xdr.readBoolean(in);
    Xdr.readBoolean(in);
    // The servers behind the count are not read: with one of them the COMPOUND ends here.
    return new Copy(range, Xdr.readInt(in) != 0);
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    if (fromElsewhere) {
      throw new NfsException(NfsStatus.NOTSUPP);
    }
    var target = range.requireTarget(c);
    var source = range.requireSource(c);
    var verifier = c.fileSystem().writeVerifier();
    c.once(
        target,
        FileSystem.Copied.class,
        caller -> c.fileSystem().copy(caller.rider(), source, target, range.to(), c.patience()),
        copied -> writeResult(c.out(), copied.bytes(), verifier));
    c.forgetKnown();
    return NfsStatus.OK;
  }

  private static void writeResult(ByteBuf out, long count, long verifier) {
    // No id for a callback, count, how stable it is.
    out.writeInt(0).writeLong(count).writeInt(FILE_SYNC).writeLong(verifier);
    // In order, and synchronous.
    Xdr.writeBoolean(out, true);
    Xdr.writeBoolean(out, true);
  }
}
