package io.bucketfs.nfs.op;

import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** DESTROY_SESSION (RFC 8881, 18.37). */
record DestroySession(SessionId sessionId) implements Operation {
  static DestroySession read(ByteBuf in) {
    return new DestroySession(SessionId.read(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    var session = c.services().clients().session(sessionId);
    if (session == null) {
      throw new NfsException(NfsStatus.BADSESSION);
    }
    if (!session.isBound(c.peer())) {
      throw new NfsException(NfsStatus.CONN_NOT_BOUND_TO_SESSION);
    }
    c.services().clients().destroy(session);
    return NfsStatus.OK;
  }
}
