package io.bucketfs.nfs.op;

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
    var count = c.fileSystem().copy(source, target, range.to(), c.patience());
    c.forgetKnown();
    // No id for a callback, count, how stable it is.
    c.out().writeInt(0).writeLong(count).writeInt(FILE_SYNC).writeLong(verifier);
    // In order, and synchronous.
    Xdr.writeBoolean(c.out(), true);
    Xdr.writeBoolean(c.out(), true);
    return NfsStatus.OK;
  }
}
