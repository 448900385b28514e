package io.bucketfs.nfs.state;

import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** {@code sessionid4}: the client id and 64 random bits. */
public record SessionId(long clientId, long tag) {
  /** Reads a session id. */
  public static SessionId read(ByteBuf in) {
    return new SessionId(Xdr.readLong(in), Xdr.readLong(in));
  }

  /** Writes the session id. */
  public void write(ByteBuf out) {
    out.writeLong(clientId).writeLong(tag);
  }
}
