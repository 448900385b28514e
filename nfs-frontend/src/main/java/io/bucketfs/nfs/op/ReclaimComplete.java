package io.bucketfs.nfs.op;

import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** RECLAIM_COMPLETE (RFC 8881, 18.51). */
record ReclaimComplete(boolean oneFileSystem) implements Operation {
  static ReclaimComplete read(ByteBuf in) {
    return new ReclaimComplete(Xdr.readBoolean(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    if (oneFileSystem) {
      c.current(); // file systems do not move here, so there is nothing to note
      return NfsStatus.OK;
    }
    c.services().clients().completeReclaim(c.client());
    c.note(c.services().clients().notes(c.client(), null));
    c.services().grace().complete(c.client());
    return NfsStatus.OK;
  }
}
