package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.op;

import io.bucketfs.nfs.TestState.Opened;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;

/** Operations that 4.2 and RFC 8276 added, as they are sent. */
final class Minor2Ops {
  private Minor2Ops() {}

  static Consumer<ByteBuf> seek(Opened file, long offset, int what) {
    return op(
        OperationCode.SEEK,
        out -> {
          file.id().write(out);
          out.writeLong(offset).writeInt(what);
        });
  }

  /** ALLOCATE or DEALLOCATE. */
  static Consumer<ByteBuf> range(OperationCode code, StateId stateId, long offset, long length) {
    return op(
        code,
        out -> {
          stateId.write(out);
          out.writeLong(offset).writeLong(length);
        });
  }

  static Consumer<ByteBuf> cloneRange(Opened from, Opened to, long at, long toAt, long count) {
    return op(OperationCode.CLONE, out -> copyRange(out, from, to, at, toAt, count));
  }

  static Consumer<ByteBuf> copy(Opened from, Opened to, long at, long toAt, long count) {
    return op(
        OperationCode.COPY,
        out -> {
          copyRange(out, from, to, at, toAt, count);
          // Asynchronous and in any order, if the server likes.
          out.writeInt(0).writeInt(0).writeInt(0);
        });
  }

  static void copyRange(ByteBuf out, Opened from, Opened to, long at, long toAt, long count) {
    from.id().write(out);
    to.id().write(out);
    out.writeLong(at).writeLong(toAt).writeLong(count);
  }

  static Consumer<ByteBuf> setXattr(int option, String name, byte[] value) {
    return op(
        OperationCode.SETXATTR,
        out -> {
          out.writeInt(option);
          Xdr.writeString(out, name);
          Xdr.writeOpaque(out, value);
        });
  }

  static Consumer<ByteBuf> getXattr(String name) {
    return TestOps.named(OperationCode.GETXATTR, name);
  }

  static Consumer<ByteBuf> removeXattr(String name) {
    return TestOps.named(OperationCode.REMOVEXATTR, name);
  }

  static Consumer<ByteBuf> listXattrs(long cookie, int max) {
    return op(OperationCode.LISTXATTRS, out -> out.writeLong(cookie).writeInt(max));
  }
}
