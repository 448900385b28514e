package io.bucketfs.nfs.op;

import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** BIND_CONN_TO_SESSION (RFC 8881, 18.34). */
record BindConnToSession(SessionId sessionId, int direction) implements Operation {
  private static final int FORE = 1;
  private static final int BACK = 2;

  /** What is granted; the same number asks for the fore channel or both. */
  private static final int BOTH = 3;

  private static final int BACK_OR_BOTH = 7;

  static BindConnToSession read(ByteBuf in) {
    var id = SessionId.read(in);
    var direction = Xdr.readInt(in);
    Xdr.readBoolean(in); // RDMA
    return new BindConnToSession(id, direction);
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    var granted =
        switch (direction) {
          case FORE -> FORE;
          case BACK -> BACK;
          case BOTH, BACK_OR_BOTH -> BOTH;
          default -> throw new NfsException(NfsStatus.INVAL);
        };
    var session = c.services().clients().session(sessionId);
    if (session == null) {
      throw new NfsException(NfsStatus.BADSESSION);
    }
    session.bind(c.peer());
    c.peer().joined(session);
    if ((granted & BACK) != 0) {
      session.bindBack(c.peer());
    }
    sessionId.write(c.out());
    c.out().writeInt(granted);
    Xdr.writeBoolean(c.out(), false);
    return NfsStatus.OK;
  }
}
