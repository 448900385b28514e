package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** {@code change_info4}: what an operation did to a directory, always told exactly. */
final class ChangeInfos {
  private ChangeInfos() {}

  static void write(ByteBuf out, ChangeInfo info) {
    Xdr.writeBoolean(out, true);
    out.writeLong(info.before()).writeLong(info.after());
  }
}
