package io.bucketfs.nfs.callback;

import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** What a client is called for. */
public sealed interface CallbackOperation {
  /** The number of the operation. */
  int number();

  /** Writes the arguments. */
  void write(ByteBuf out);

  /**
   * CB_NOTIFY_LOCK (RFC 8881, 20.11): a lock that was refused may be had now.
   *
   * @param handle the file as the client knows it
   * @param clientId of the client that is called
   * @param owner the lock-owner
   */
  record NotifyLock(byte[] handle, long clientId, byte[] owner) implements CallbackOperation {
    @Override
    public int number() {
      return 13;
    }

    @Override
    public void write(ByteBuf out) {
      Xdr.writeOpaque(out, handle);
      out.writeLong(clientId);
      Xdr.writeOpaque(out, owner);
    }
  }
}
