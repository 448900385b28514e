package io.bucketfs.nfs.op;

import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** BACKCHANNEL_CTL (RFC 8881, 18.33): taken note of; callbacks use AUTH_SYS or AUTH_NONE. */
record BackchannelCtl() implements Operation {
  private static final int SECURITY_MAX = 16;

  static BackchannelCtl read(ByteBuf in) {
    Xdr.readInt(in);
    for (var left = Xdr.readLength(in, SECURITY_MAX); left > 0; left--) {
      CreateSession.skipSecurity(in);
    }
    return new BackchannelCtl();
  }

  @Override
  public NfsStatus run(Compound c) {
    return NfsStatus.OK;
  }
}
