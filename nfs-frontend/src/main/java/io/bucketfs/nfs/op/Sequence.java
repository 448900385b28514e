package io.bucketfs.nfs.op;

import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.state.Slot;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** SEQUENCE (RFC 8881, 18.46): which request of which slot of which session a COMPOUND is. */
record Sequence(SessionId sessionId, int sequence, int slotId, int highestSlot, boolean cacheThis)
    implements Operation {
  /** Session id, sequence, slot, two highest slots, flags. */
  private static final int RESULT_BYTES = 16 + 4 + 4 + 8 + 4;

  /** No session was ever offered more. */
  private static final int SLOTS_MAX = 1024;

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
    if (Integer.compareUnsigned(highestSlot, SLOTS_MAX) >= 0) {
      throw new NfsException(NfsStatus.BAD_HIGH_SLOT);
    }
    // An error of SEQUENCE leaves the slot as it was, so what would not fit is known before.
    var tooBig = c.exceeds(session.fore(), cacheThis, RESULT_BYTES);
    if (tooBig != NfsStatus.OK) {
      throw new NfsException(tooBig);
    }
    var admission = slot.admit(sequence, request.fingerprint(), cacheThis, request.target());
    if (admission instanceof Slot.Admission.Run || admission instanceof Slot.Admission.Resumed) {
      session.began(slot, highestSlot);
    }
    c.enter(session, slot, this, admission);
    session.client().renew();
    session.bind(c.peer());
    c.peer().joined(session);
    var out = c.out();
    sessionId.write(out);
    out.writeInt(sequence).writeInt(slotId);
    out.writeInt(session.slotLimit() - 1).writeInt(session.slotTarget() - 1);
    out.writeInt(session.statusFlags() | c.services().grace().sequenceFlags(session.client()));
    c.beginResults();
    return NfsStatus.OK;
  }
}
