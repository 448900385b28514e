package io.bucketfs.nfs.op;

import io.bucketfs.nfs.state.LockConflict;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** {@code nfs_lock_type4}: the waiting kinds are answered like the others, at once. */
final class LockType {
  private static final int READ = 1;
  private static final int WRITE = 2;
  private static final int WRITE_WAITING = 4;

  private LockType() {}

  /** Reads a type. */
  static boolean readExclusive(ByteBuf in) {
    var type = Xdr.readInt(in);
    if (type < READ || type > WRITE_WAITING) {
      throw BadXdr.INSTANCE;
    }
    return type == WRITE || type == WRITE_WAITING;
  }

  /** Writes LOCK4denied. */
  static void writeDenied(ByteBuf out, LockConflict conflict) {
    out.writeLong(conflict.range().first()).writeLong(conflict.range().length());
    out.writeInt(conflict.exclusive() ? WRITE : READ);
    out.writeLong(conflict.holder().client().id());
    Xdr.writeOpaque(out, conflict.holder().owner().bytes());
  }
}
