package io.bucketfs.nfs.op;

import io.bucketfs.nfs.callback.CallbackSecurity;
import io.bucketfs.nfs.state.ChannelLimits;
import io.bucketfs.nfs.state.Clients;
import io.bucketfs.nfs.state.Session;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.List;

/**
 * CREATE_SESSION (RFC 8881, 18.36). It confirms the client, whose record is durable before the
 * reply goes out: only recorded clients may reclaim after a crash.
 */
record CreateSession(
    long clientId,
    int sequence,
    int flags,
    ChannelLimits fore,
    ChannelLimits back,
    int program,
    List<CallbackSecurity> security)
    implements Operation {
  private static final int PERSIST = 1;
  private static final int BACK_CHANNEL = 2;
  private static final int RDMA = 4;
  private static final int BACK_SLOTS_MAX = 16;

  /** CB_SEQUENCE and one more. */
  private static final int BACK_OPERATIONS_MIN = 2;

  /** Session id, sequence, flags, and two channels. */
  private static final int RESULT_BYTES = 16 + 4 + 4 + 28 + 28;

  static CreateSession read(ByteBuf in) {
    var clientId = Xdr.readLong(in);
    var sequence = Xdr.readInt(in);
    var flags = Xdr.readInt(in);
    var fore = ChannelLimits.read(in);
    var back = ChannelLimits.read(in);
    return new CreateSession(
        clientId, sequence, flags, fore, back, Xdr.readInt(in), CallbackSecurity.readAll(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    var client = c.services().clients().require(clientId);
    var next = client.createSequence();
    var replay = client.createReply();
    if (sequence == next - 1 && replay != null) {
      c.out().writeBytes(replay);
      return NfsStatus.OK;
    }
    if (sequence != next) {
      throw new NfsException(NfsStatus.SEQ_MISORDERED);
    }
    if (!client.principal().equals(ExchangeId.principal(c.request().credential()))) {
      throw new NfsException(NfsStatus.CLID_INUSE);
    }
    if ((flags & ~(PERSIST | BACK_CHANNEL | RDMA)) != 0) {
      throw new NfsException(NfsStatus.INVAL);
    }
    var limits = c.services().limits();
    var grantedFore =
        fore.grantFore(limits.recordBytesMax(), limits.cachedReplyBytesMax(), limits.slotsFirst());
    // Clients that take no callbacks leave the backchannel empty.
    var grantedBack =
        (flags & BACK_CHANNEL) != 0 || back.requestBytesMax() != 0
            ? back.grantBack(BACK_SLOTS_MAX)
            : back;
    if (!client.isConfirmed()) {
      c.services().records().remember(client.owner(), c.patience());
      client.setRecorded(true);
    }
    var callbacks =
        new Clients.Callbacks(
            program,
            security,
            c.minorVersion(),
            grantedBack.operationsMax() < BACK_OPERATIONS_MIN ? 0 : grantedBack.requestsMax());
    var session = c.services().clients().createSession(client, sequence, grantedFore, callbacks);
    session.bind(c.peer());
    client.seenAt(c.peer());
    c.peer().joined(session);
    var withBack = (flags & BACK_CHANNEL) != 0 && session.back().bind(c.peer().callbacks());
    writeResult(c.out(), session, grantedBack, withBack);
    var result = ByteBufUtil.getBytes(c.out(), c.out().writerIndex() - RESULT_BYTES, RESULT_BYTES);
    client.created(result);
    c.note(c.services().clients().notes(client, session));
    return NfsStatus.OK;
  }

  private void writeResult(
      ByteBuf out, Session session, ChannelLimits grantedBack, boolean withBack) {
    session.id().write(out);
    out.writeInt(sequence);
    out.writeInt(withBack ? BACK_CHANNEL : 0);
    session.fore().write(out);
    grantedBack.write(out);
  }
}
