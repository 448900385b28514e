package io.bucketfs.nfs.op;

import io.bucketfs.nfs.state.Share;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** OPEN_DOWNGRADE (RFC 8881, 18.18). */
record OpenDowngrade(StateId stateId, int access, int deny) implements Operation {
  private static final int ACCESS_BITS = 0x3;

  /** Wishes for delegations are let through and not heard. */
  private static final int WISHES = 0x0033_ff00;

  static OpenDowngrade read(ByteBuf in) {
    var id = StateId.read(in);
    Xdr.readInt(in); // the sequence number of 4.0
    return new OpenDowngrade(id, Xdr.readInt(in), Xdr.readInt(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    var newAccess = access & ACCESS_BITS;
    if (newAccess == 0 || (access & ~(ACCESS_BITS | WISHES)) != 0 || (deny & ~Share.BOTH) != 0) {
      throw new NfsException(NfsStatus.INVAL);
    }
    var file = c.currentFile(NfsStatus.BAD_STATEID);
    var ledger =
        c.ledger(id -> {
          c.setCurrentStateId(id);
          id.write(c.out());
        });
    c.services()
        .openFiles()
        .downgrade(c.client(), c.resolve(stateId), file, newAccess, deny, ledger);
    return NfsStatus.OK;
  }
}
