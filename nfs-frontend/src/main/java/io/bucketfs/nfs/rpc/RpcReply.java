package io.bucketfs.nfs.rpc;

import io.netty.buffer.ByteBuf;

/** Writes the headers of RPC replies (RFC 5531, 9), each as one record of one fragment. */
public final class RpcReply {
  /** Bytes before the results of a successful reply, the record marker included. */
  public static final int HEADER_BYTES = 28;

  /** {@code auth_stat}: the credential is not right. */
  public static final int AUTH_BADCRED = 1;

  /** {@code accept_stat}: this program is not here. */
  public static final int PROG_UNAVAIL = 1;

  /** {@code accept_stat}: no such procedure. */
  public static final int PROC_UNAVAIL = 3;

  /** {@code accept_stat}: the arguments cannot be read. */
  public static final int GARBAGE_ARGS = 4;

  private static final int PROG_MISMATCH = 2;
  private static final int LAST_FRAGMENT = 0x8000_0000;

  private RpcReply() {}

  /** Begins a successful reply; the record marker is set by {@link #end}. */
  public static void begin(ByteBuf out, int xid) {
    accepted(out, xid, 0);
  }

  /** Sets the record marker of a reply that began at index 0 and has {@code bytes} in all. */
  public static void end(ByteBuf out, int bytes) {
    out.setInt(0, (bytes - 4) | LAST_FRAGMENT);
  }

  /** Writes a whole reply without results. */
  public static void writeAccepted(ByteBuf out, int xid, int acceptStatus) {
    accepted(out, xid, acceptStatus);
    end(out, out.readableBytes());
  }

  /** Writes a whole reply that names the version that is served. */
  public static void writeVersionMismatch(ByteBuf out, int xid, int low, int high) {
    accepted(out, xid, PROG_MISMATCH);
    out.writeInt(low).writeInt(high);
    end(out, out.readableBytes());
  }

  /** Writes a whole reply that refuses the version of RPC itself. */
  public static void writeRpcMismatch(ByteBuf out, int xid) {
    out.writeInt(0).writeInt(xid).writeInt(RpcCall.REPLY).writeInt(1).writeInt(0);
    out.writeInt(RpcCall.RPC_VERSION).writeInt(RpcCall.RPC_VERSION);
    end(out, out.readableBytes());
  }

  /** Writes a whole reply that refuses the credential. */
  public static void writeAuthError(ByteBuf out, int xid, int authStatus) {
    out.writeInt(0).writeInt(xid).writeInt(RpcCall.REPLY).writeInt(1).writeInt(1);
    out.writeInt(authStatus);
    end(out, out.readableBytes());
  }

  private static void accepted(ByteBuf out, int xid, int acceptStatus) {
    out.writeInt(0).writeInt(xid).writeInt(RpcCall.REPLY).writeInt(0);
    out.writeLong(0); // the verifier: AUTH_NONE, empty
    out.writeInt(acceptStatus);
  }
}
