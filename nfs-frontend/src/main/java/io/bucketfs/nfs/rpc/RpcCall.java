package io.bucketfs.nfs.rpc;

import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** The header of an RPC call (RFC 5531, 9), without the message type that comes after the xid. */
public record RpcCall(
    int xid, int rpcVersion, int program, int version, int procedure, Credential credential) {
  /** The message type of a call. */
  public static final int CALL = 0;

  /** The message type of a reply; clients send them on a backchannel. */
  public static final int REPLY = 1;

  /** The only version of RPC. */
  public static final int RPC_VERSION = 2;

  /** Reads what follows xid and message type. The verifier of a call means nothing to us. */
  public static RpcCall read(int xid, ByteBuf in) {
    var rpcVersion = Xdr.readInt(in);
    var program = Xdr.readInt(in);
    var version = Xdr.readInt(in);
    var procedure = Xdr.readInt(in);
    var credential = Credential.read(in);
    Xdr.readInt(in);
    Xdr.skipOpaque(in, Credential.BYTES_MAX);
    return new RpcCall(xid, rpcVersion, program, version, procedure, credential);
  }
}
