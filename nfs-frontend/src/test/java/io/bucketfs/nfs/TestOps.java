package io.bucketfs.nfs;

import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Writes the arguments of operations. */
public final class TestOps {
  public static final int NO_CREATE = -1;
  public static final int UNCHECKED = 0;
  public static final int GUARDED = 1;

  /** Flag of CREATE_SESSION. */
  public static final int BACK_CHANNEL = 2;

  /** What is asked for the back channel. */
  public static final TestSession.Channel BACK = new TestSession.Channel(4096, 4096, 4096, 8, 16);

  private static final int CALLBACK_PROGRAM = 0x4000_0000;

  private TestOps() {}

  /** A credential of AUTH_SYS (RFC 5531, appendix A). */
  public static void authSys(ByteBuf out, byte[] machine, int uid, int gid, int... groups) {
    out.writeInt(1).writeInt(20 + machine.length + Xdr.padding(machine.length) + 4 * groups.length);
    out.writeInt(0);
    Xdr.writeOpaque(out, machine);
    out.writeInt(uid).writeInt(gid).writeInt(groups.length);
    for (var group : groups) {
      out.writeInt(group);
    }
  }

  public static Consumer<ByteBuf> op(OperationCode code, Consumer<ByteBuf> arguments) {
    return out -> {
      out.writeInt(code.number());
      arguments.accept(out);
    };
  }

  public static Consumer<ByteBuf> op(OperationCode code) {
    return op(code, _ -> {});
  }

  public static Consumer<ByteBuf>[] concat(Consumer<ByteBuf> first, Consumer<ByteBuf>[] rest) {
    var all = Arrays.copyOf(rest, rest.length + 1);
    System.arraycopy(rest, 0, all, 1, rest.length);
    all[0] = first;
    return all;
  }

  @SuppressWarnings({
    "unchecked",
    "rawtypes"
  }) // an array of a generic type cannot be made otherwise
  public static Consumer<ByteBuf>[] array(List<Consumer<ByteBuf>> operations) {
    return operations.toArray(new Consumer[0]);
  }

  public static Consumer<ByteBuf> sequence(
      SessionId session, int sequence, int slot, boolean cache) {
    return sequence(session, sequence, slot, slot, cache);
  }

  /**
   * SEQUENCE of a client that uses more slots.
   *
   * @param highest slot that it uses at the moment
   */
  public static Consumer<ByteBuf> sequence(
      SessionId session, int sequence, int slot, int highest, boolean cache) {
    return op(
        OperationCode.SEQUENCE,
        out -> {
          session.write(out);
          out.writeInt(sequence).writeInt(slot).writeInt(highest);
          Xdr.writeBoolean(out, cache);
        });
  }

  public static Consumer<ByteBuf> exchangeId(String owner, long verifier) {
    return op(
        OperationCode.EXCHANGE_ID,
        out -> {
          out.writeLong(verifier);
          Xdr.writeString(out, owner);
          out.writeInt(0).writeInt(0).writeInt(0);
        });
  }

  /** CREATE_SESSION with 64 slots and a back channel. */
  public static Consumer<ByteBuf> createSession(long clientId, int sequence) {
    var fore = new TestSession.Channel(TestClient.MAX_BYTES, TestClient.MAX_BYTES, 8192, 16, 64);
    return createSession(clientId, sequence, BACK_CHANNEL, fore, BACK);
  }

  /** CREATE_SESSION whose callbacks come without credentials. */
  public static Consumer<ByteBuf> createSession(
      long clientId, int sequence, int flags, TestSession.Channel fore, TestSession.Channel back) {
    return op(
        OperationCode.CREATE_SESSION,
        out -> {
          out.writeLong(clientId).writeInt(sequence).writeInt(flags);
          channel(out, fore);
          channel(out, back);
          out.writeInt(CALLBACK_PROGRAM).writeInt(1).writeInt(0);
        });
  }

  private static void channel(ByteBuf out, TestSession.Channel limits) {
    out.writeInt(0).writeInt(limits.requestBytesMax()).writeInt(limits.responseBytesMax());
    out.writeInt(limits.cachedResponseBytesMax()).writeInt(limits.operationsMax());
    out.writeInt(limits.requestsMax()).writeInt(0);
  }

  /** BIND_CONN_TO_SESSION. */
  public static Consumer<ByteBuf> bindConnection(SessionId session, int direction) {
    return op(
        OperationCode.BIND_CONN_TO_SESSION,
        out -> {
          session.write(out);
          out.writeInt(direction).writeInt(0);
        });
  }

  public static Consumer<ByteBuf> putRoot() {
    return op(OperationCode.PUTROOTFH);
  }

  public static Consumer<ByteBuf> putFh(byte[] handle) {
    return op(OperationCode.PUTFH, out -> Xdr.writeOpaque(out, handle));
  }

  public static Consumer<ByteBuf> lookup(String name) {
    return op(OperationCode.LOOKUP, out -> Xdr.writeString(out, name));
  }

  public static Consumer<ByteBuf> named(OperationCode code, String name) {
    return op(code, out -> Xdr.writeString(out, name));
  }

  public static Consumer<ByteBuf> getAttr(int... attributes) {
    return op(OperationCode.GETATTR, out -> AttributeMask.of(attributes).write(out));
  }

  /** OPEN by name or, where that is empty, of the current object. */
  public static Consumer<ByteBuf> open(String owner, String name, int access, int deny, int how) {
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
  public static Consumer<ByteBuf> openPrevious(String owner, int access) {
    return openPrevious(owner, access, 0);
  }

  public static Consumer<ByteBuf> openPrevious(String owner, int access, int deny) {
    return op(
        OperationCode.OPEN,
        out -> {
          out.writeInt(0).writeInt(access).writeInt(deny).writeLong(0);
          Xdr.writeString(out, owner);
          out.writeInt(0).writeInt(1).writeInt(0);
        });
  }

  public static Consumer<ByteBuf> close(StateId id) {
    return op(
        OperationCode.CLOSE,
        out -> {
          out.writeInt(0);
          id.write(out);
        });
  }

  public static Consumer<ByteBuf> read(StateId id, long offset, int count) {
    return op(
        OperationCode.READ,
        out -> {
          id.write(out);
          out.writeLong(offset).writeInt(count);
        });
  }

  public static Consumer<ByteBuf> write(StateId id, long offset, byte[] data) {
    return write(id, offset, 0, data);
  }

  public static Consumer<ByteBuf> write(StateId id, long offset, int stable, byte[] data) {
    return op(
        OperationCode.WRITE,
        out -> {
          id.write(out);
          out.writeLong(offset).writeInt(stable);
          Xdr.writeOpaque(out, data);
        });
  }

  /** LOCK by a lock owner that is new. */
  public static Consumer<ByteBuf> lock(
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

  public static Consumer<ByteBuf> makeDirectory(String name) {
    return op(
        OperationCode.CREATE,
        out -> {
          out.writeInt(2);
          Xdr.writeString(out, name);
          out.writeInt(0).writeInt(0);
        });
  }

  public static Consumer<ByteBuf> setSize(StateId id, long size) {
    return op(
        OperationCode.SETATTR,
        out -> {
          id.write(out);
          out.writeInt(1).writeInt(1 << 4).writeInt(8).writeLong(size);
        });
  }

  public static Consumer<ByteBuf> rename(String from, String to) {
    return op(
        OperationCode.RENAME,
        out -> {
          Xdr.writeString(out, from);
          Xdr.writeString(out, to);
        });
  }

  public static Consumer<ByteBuf> readDir(long cookie, int maxCount, int... attributes) {
    return op(
        OperationCode.READDIR,
        out -> {
          out.writeLong(cookie).writeLong(0).writeInt(maxCount).writeInt(maxCount);
          AttributeMask.of(attributes).write(out);
        });
  }
}
