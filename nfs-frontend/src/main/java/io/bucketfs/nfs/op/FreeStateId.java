package io.bucketfs.nfs.op;

import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** FREE_STATEID (RFC 8881, 18.38). */
record FreeStateId(StateId stateId) implements Operation {
  static FreeStateId read(ByteBuf in) {
    return new FreeStateId(StateId.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    c.services().openFiles().free(c.client(), c.resolve(stateId), c.ledger());
    c.services().grace().rememberAgain(c.client());
    return NfsStatus.OK;
  }
}
