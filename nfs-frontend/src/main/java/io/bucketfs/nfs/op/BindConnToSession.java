package io.bucketfs.nfs.op;

import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.BadXdr;
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
    if (direction != FORE && direction != BACK && direction != BOTH && direction != BACK_OR_BOTH) {
      throw BadXdr.INSTANCE;
    }
    var session = c.services().clients().session(sessionId);
    if (session == null) {
      throw new NfsException(NfsStatus.BADSESSION);
    }
    var withBack = direction != FORE && session.back().bind(c.peer().callbacks());
    if (direction == BACK && !withBack) {
      throw new NfsException(NfsStatus.INVAL);
    }
    session.bind(c.peer());
    c.peer().joined(session);
    var granted = direction == BACK ? BACK : withBack ? BOTH : FORE;
    sessionId.write(c.out());
    c.out().writeInt(granted);
    Xdr.writeBoolean(c.out(), false);
    return NfsStatus.OK;
  }
}
