package io.bucketfs.nfs.state;

import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;

/** {@code sessionid4}: the client id and 64 random bits. */
public record SessionId(long clientId, long tag) {
  /** Reads a session id. */
  public static SessionId read(ByteBuf in) {
    return new SessionId(Xdr.readLong(in), Xdr.readLong(in));
  }

  /** The 16 bytes of the session id. */
  byte[] bytes() {
    return ByteBuffer.allocate(16).putLong(clientId).putLong(tag).array();
  }

  /** Writes the session id. */
  public void write(ByteBuf out) {
    out.writeLong(clientId).writeLong(tag);
  }
}
