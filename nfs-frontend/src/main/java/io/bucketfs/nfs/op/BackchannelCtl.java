package io.bucketfs.nfs.op;

import io.bucketfs.nfs.callback.CallbackSecurity;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.util.List;

/** BACKCHANNEL_CTL (RFC 8881, 18.33): another program number and security for callbacks. */
record BackchannelCtl(int program, List<CallbackSecurity> security) implements Operation {
  static BackchannelCtl read(ByteBuf in) {
    return new BackchannelCtl(Xdr.readInt(in), CallbackSecurity.readAll(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    var session = c.session();
    if (session == null || !session.back().configure(program, security)) {
      throw new NfsException(NfsStatus.NOENT); // handles of GSS contexts, which nobody has here
    }
    return NfsStatus.OK;
  }
}
