package io.bucketfs.nfs.op;

import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** DESTROY_CLIENTID (RFC 8881, 18.50). */
record DestroyClientId(long clientId) implements Operation {
  static DestroyClientId read(ByteBuf in) {
    return new DestroyClientId(Xdr.readLong(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    var clients = c.services().clients();
    clients.destroyIdle(clients.require(clientId));
    return NfsStatus.OK;
  }
}
