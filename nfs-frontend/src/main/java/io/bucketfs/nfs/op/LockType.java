package io.bucketfs.nfs.op;

import io.bucketfs.nfs.state.HeldLock;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/**
 * {@code nfs_lock_type4}.
 *
 * @param waits whether the client would wait for it. It is answered at once all the same, and told
 *     when it may try again (RFC 8881, 9.6, 20.11).
 */
record LockType(boolean exclusive, boolean waits) {
  private static final int READ = 1;
  private static final int WRITE = 2;
  private static final int READ_WAITING = 3;
  private static final int WRITE_WAITING = 4;

  static LockType read(ByteBuf in) {
    return switch (Xdr.readInt(in)) {
      case READ -> new LockType(false, false);
      case WRITE -> new LockType(true, false);
      case READ_WAITING -> new LockType(false, true);
      case WRITE_WAITING -> new LockType(true, true);
      default -> throw BadXdr.INSTANCE;
    };
  }

  /** Writes LOCK4denied. */
  static void writeDenied(ByteBuf out, HeldLock conflict) {
    out.writeLong(conflict.range().first()).writeLong(conflict.range().length());
    out.writeInt(conflict.exclusive() ? WRITE : READ);
    out.writeLong(conflict.holder().client().id());
    Xdr.writeOpaque(out, conflict.holder().owner().bytes());
  }
}
