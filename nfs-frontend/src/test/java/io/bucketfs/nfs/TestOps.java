package io.bucketfs.nfs;

import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.function.Consumer;

/** Writes the arguments of operations. */
final class TestOps {
  static final int NO_CREATE = -1;
  static final int UNCHECKED = 0;
  static final int GUARDED = 1;

  private TestOps() {}

  static Consumer<ByteBuf> op(OperationCode code, Consumer<ByteBuf> arguments) {
    return out -> {
      out.writeInt(code.number());
      arguments.accept(out);
    };
  }

  static Consumer<ByteBuf> op(OperationCode code) {
    return op(code, _ -> {});
  }

  static Consumer<ByteBuf>[] concat(Consumer<ByteBuf> first, Consumer<ByteBuf>[] rest) {
    var all = Arrays.copyOf(rest, rest.length + 1);
    System.arraycopy(rest, 0, all, 1, rest.length);
    all[0] = first;
    return all;
  }

  static Consumer<ByteBuf> sequence(SessionId session, int sequence, int slot, boolean cache) {
    return op(
        OperationCode.SEQUENCE,
        out -> {
          session.write(out);
          out.writeInt(sequence).writeInt(slot).writeInt(slot);
          Xdr.writeBoolean(out, cache);
        });
  }

  static Consumer<ByteBuf> exchangeId(String owner, long verifier) {
    return op(
        OperationCode.EXCHANGE_ID,
        out -> {
          out.writeLong(verifier);
          Xdr.writeString(out, owner);
          out.writeInt(0).writeInt(0).writeInt(0);
        });
  }

  static Consumer<ByteBuf> createSession(long clientId, int sequence) {
    return op(
        OperationCode.CREATE_SESSION,
        out -> {
          out.writeLong(clientId).writeInt(sequence).writeInt(0);
          for (var channel = 0; channel < 2; channel++) {
            out.writeInt(0).writeInt(TestClient.MAX_BYTES).writeInt(TestClient.MAX_BYTES);
            out.writeInt(8192).writeInt(16).writeInt(64).writeInt(0);
          }
          out.writeInt(0x4000_0000).writeInt(0);
        });
  }

  static Consumer<ByteBuf> putRoot() {
    return op(OperationCode.PUTROOTFH);
  }

  static Consumer<ByteBuf> putFh(byte[] handle) {
    return op(OperationCode.PUTFH, out -> Xdr.writeOpaque(out, handle));
  }

  static Consumer<ByteBuf> lookup(String name) {
    return op(OperationCode.LOOKUP, out -> Xdr.writeString(out, name));
  }

  static Consumer<ByteBuf> named(OperationCode code, String name) {
    return op(code, out -> Xdr.writeString(out, name));
  }

  static Consumer<ByteBuf> getAttr(int... attributes) {
    return op(OperationCode.GETATTR, out -> AttributeMask.of(attributes).write(out));
  }

  /** OPEN by name or, where that is empty, of the current object. */
  static Consumer<ByteBuf> open(String owner, String name, int access, int deny, int how) {
    return op(
        OperationCode.OPEN,
        out -> {
          out.writeInt(0).writeInt(access).writeInt(deny).writeLong(0);
          Xdr.writeString(out, owner);
          if (how == NO_CREATE) {
            out.writeInt(0);
          } else {
            out.writeInt(1).writeInt(how).writeInt(0).writeInt(0);
          }
          if (name.isEmpty()) {
            out.writeInt(4);
          } else {
            out.writeInt(0);
            Xdr.writeString(out, name);
          }
        });
  }

  /** OPEN of the current object as it was open before the server started. */
  static Consumer<ByteBuf> openPrevious(String owner, int access) {
    return op(
        OperationCode.OPEN,
        out -> {
          out.writeInt(0).writeInt(access).writeInt(0).writeLong(0);
          Xdr.writeString(out, owner);
          out.writeInt(0).writeInt(1).writeInt(0);
        });
  }

  static Consumer<ByteBuf> close(StateId id) {
    return op(
        OperationCode.CLOSE,
        out -> {
          out.writeInt(0);
          id.write(out);
        });
  }

  static Consumer<ByteBuf> read(StateId id, long offset, int count) {
    return op(
        OperationCode.READ,
        out -> {
          id.write(out);
          out.writeLong(offset).writeInt(count);
        });
  }

  static Consumer<ByteBuf> write(StateId id, long offset, byte[] data) {
    return op(
        OperationCode.WRITE,
        out -> {
          id.write(out);
          out.writeLong(offset).writeInt(0);
          Xdr.writeOpaque(out, data);
        });
  }

  static Consumer<ByteBuf> lock(
      StateId open, String owner, long offset, long length, boolean exclusive, boolean reclaim) {
    return op(
        OperationCode.LOCK,
        out -> {
          out.writeInt(exclusive ? 2 : 1);
          Xdr.writeBoolean(out, reclaim);
          out.writeLong(offset).writeLong(length).writeInt(1).writeInt(0);
          open.write(out);
          out.writeInt(0).writeLong(0);
          Xdr.writeString(out, owner);
        });
  }

  static Consumer<ByteBuf> makeDirectory(String name) {
    return op(
        OperationCode.CREATE,
        out -> {
          out.writeInt(2);
          Xdr.writeString(out, name);
          out.writeInt(0).writeInt(0);
        });
  }

  static Consumer<ByteBuf> setSize(StateId id, long size) {
    return op(
        OperationCode.SETATTR,
        out -> {
          id.write(out);
          out.writeInt(1).writeInt(1 << 4).writeInt(8).writeLong(size);
        });
  }

  static Consumer<ByteBuf> rename(String from, String to) {
    return op(
        OperationCode.RENAME,
        out -> {
          Xdr.writeString(out, from);
          Xdr.writeString(out, to);
        });
  }

  static Consumer<ByteBuf> readDir(long cookie, int maxCount, int... attributes) {
    return op(
        OperationCode.READDIR,
        out -> {
          out.writeLong(cookie).writeLong(0).writeInt(maxCount).writeInt(maxCount);
          AttributeMask.of(attributes).write(out);
        });
  }
}
