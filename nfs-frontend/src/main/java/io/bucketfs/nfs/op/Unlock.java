package io.bucketfs.nfs.op;

import io.bucketfs.nfs.state.ByteRange;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** LOCKU (RFC 8881, 18.12). */
record Unlock(StateId stateId, long offset, long length) implements Operation {
  static Unlock read(ByteBuf in) {
    LockType.read(in);
    Xdr.readInt(in); // the sequence number of 4.0
    return new Unlock(StateId.read(in), Xdr.readLong(in), Xdr.readLong(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    var file = c.currentFile(NfsStatus.ISDIR);
    var range = ByteRange.of(offset, length);
    var ledger =
        c.ledger(id -> {
          c.setCurrentStateId(id);
          id.write(c.out());
        });
    c.services().openFiles().unlock(c.client(), c.resolve(stateId), file, range, ledger);
    return NfsStatus.OK;
  }
}
