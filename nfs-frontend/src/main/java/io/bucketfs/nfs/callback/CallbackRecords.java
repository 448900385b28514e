package io.bucketfs.nfs.callback;

import io.bucketfs.nfs.rpc.RpcCall;
import io.bucketfs.nfs.rpc.RpcReply;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

/** Writes calls to clients and reads their replies (RFC 8881, 20). */
final class CallbackRecords {
  /** RFC 8881's text once said 4; its XDR, and all clients, say 1. */
  private static final int VERSION = 1;

  private static final int NULL = 0;
  private static final int COMPOUND = 1;
  private static final int SEQUENCE = 11;
  private static final int BYTES_FIRST = 512;

  private CallbackRecords() {}

  /** What all calls of a session have in common. */
  record Header(int program, CallbackSecurity security) {}

  /** Which call of which slot this is. */
  record Position(int slot, int sequence, int highestSlot) {}

  static ByteBuf ping(int xid, Header header) {
    var out = begin(xid, header, NULL);
    return end(out);
  }

  static ByteBuf compound(
      int xid,
      Header header,
      int minorVersion,
      byte[] sessionId,
      Position at,
      CallbackOperation operation) {
    var out = begin(xid, header, COMPOUND);
    out.writeInt(0).writeInt(minorVersion).writeInt(0).writeInt(2);
    out.writeInt(SEQUENCE).writeBytes(sessionId);
    out.writeInt(at.sequence).writeInt(at.slot).writeInt(at.highestSlot);
    out.writeInt(0).writeInt(0); // the reply need not be kept; no call of the client's is meant
    out.writeInt(operation.number());
    operation.write(out);
    return end(out);
  }

  private static ByteBuf begin(int xid, Header header, int procedure) {
    var out = PooledByteBufAllocator.DEFAULT.directBuffer(BYTES_FIRST);
    out.writeInt(0).writeInt(xid).writeInt(RpcCall.CALL).writeInt(RpcCall.RPC_VERSION);
    out.writeInt(header.program).writeInt(VERSION).writeInt(procedure);
    header.security.write(out);
    return out;
  }

  private static ByteBuf end(ByteBuf out) {
    RpcReply.end(out, out.readableBytes());
    return out;
  }

  /** What a client replied. */
  sealed interface Reply {
    /** Not understood, or not let in: callbacks do not work on this connection. */
    record Refused() implements Reply {}

    /** CB_SEQUENCE failed. */
    record Misplaced(int status) implements Reply {}

    /**
     * CB_SEQUENCE succeeded.
     *
     * @param highestSlot that the client wants to see used
     * @param status of the operation behind it
     */
    record Done(int highestSlot, int status) implements Reply {}
  }

  /** Whether a reply, positioned behind xid and type, says that the call was taken. */
  static boolean isAccepted(ByteBuf in) {
    try {
      if (Xdr.readInt(in) != 0) {
        return false;
      }
      Xdr.readInt(in);
      Xdr.skipOpaque(in, 400);
      return Xdr.readInt(in) == 0;
    } catch (BadXdr _) {
      return false;
    }
  }

  /** Reads the reply to a {@link #compound}, positioned behind xid and type. */
  static Reply read(ByteBuf in, byte[] sessionId, Position at) {
    if (!isAccepted(in)) {
      return new Reply.Refused();
    }
    try {
      var status = Xdr.readInt(in);
      Xdr.skipOpaque(in, 1024);
      if (Xdr.readInt(in) == 0 || Xdr.readInt(in) != SEQUENCE) {
        return new Reply.Misplaced(status);
      }
      var sequenceStatus = Xdr.readInt(in);
      if (sequenceStatus != 0) {
        return new Reply.Misplaced(sequenceStatus);
      }
      var ours = true;
      for (var b : sessionId) {
        ours &= in.readByte() == b;
      }
      ours &= Xdr.readInt(in) == at.sequence && Xdr.readInt(in) == at.slot;
      Xdr.readInt(in);
      var target = Xdr.readInt(in);
      return ours
          ? new Reply.Done(target, status)
          : new Reply.Misplaced(NfsStatus.SEQ_MISORDERED.code());
    } catch (BadXdr | IndexOutOfBoundsException _) {
      return new Reply.Refused();
    }
  }
}
