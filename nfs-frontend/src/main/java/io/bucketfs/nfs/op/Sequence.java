package io.bucketfs.nfs.op;

import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** SEQUENCE (RFC 8881, 18.46): which request of which slot of which session a COMPOUND is. */
record Sequence(SessionId sessionId, int sequence, int slotId, int highestSlot, boolean cacheThis)
    implements Operation {
  static Sequence read(ByteBuf in) {
    return new Sequence(
        SessionId.read(in), Xdr.readInt(in), Xdr.readInt(in), Xdr.readInt(in), Xdr.readBoolean(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    var session = c.services().clients().session(sessionId);
    if (session == null) {
      throw new NfsException(NfsStatus.BADSESSION);
    }
    var slot = session.slot(slotId);
    if (slot == null) {
      throw new NfsException(NfsStatus.BADSLOT);
    }
    var request = c.request();
    if (request.recordBytes() > session.fore().requestBytesMax()) {
      throw new NfsException(NfsStatus.REQ_TOO_BIG);
    }
    if (request.operations() > session.fore().operationsMax()) {
      throw new NfsException(NfsStatus.TOO_MANY_OPS);
    }
    var admission = slot.admit(sequence, request.fingerprint(), request.target());
    c.enter(session, slot, cacheThis, admission);
    session.client().renew();
    session.bind(c.peer());
    c.peer().joined(session);
    var out = c.out();
    sessionId.write(out);
    out.writeInt(sequence).writeInt(slotId);
    out.writeInt(session.highestSlot()).writeInt(session.highestSlot());
    out.writeInt(0);
    return NfsStatus.OK;
  }
}
