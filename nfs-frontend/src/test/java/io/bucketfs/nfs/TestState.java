package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Opens, locks and their stateids, as many tests need them. */
public final class TestState {
  public static final int READ = 1;
  public static final int WRITE = 2;
  public static final int BOTH = 3;

  /** {@code nfs_lock_type4}. */
  public static final int READ_LOCK = 1;

  public static final int WRITE_LOCK = 2;
  public static final int READ_LOCK_WAITING = 3;
  public static final int WRITE_LOCK_WAITING = 4;

  /** The length that reaches to the end of all files. */
  public static final long TO_THE_END = -1;

  private TestState() {}

  /** A file that is open. */
  public record Opened(StateId id, byte[] handle) {}

  /** Opens a file in /data, which is made where it is missing. */
  public static Opened open(TestClient client, String owner, String name, int access, int deny)
      throws IOException {
    var reply = tryOpen(client, owner, name, access, deny).requireOk();
    var id = openResult(reply.ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP));
    return new Opened(id, reply.handle());
  }

  /** The same, whatever comes of it. */
  public static TestReply tryOpen(
      TestClient client, String owner, String name, int access, int deny) throws IOException {
    return client.call(
        putRoot(),
        lookup("data"),
        TestOps.open(owner, name, access, deny, TestOps.UNCHECKED),
        op(OperationCode.GETFH));
  }

  /** Passes over the result of OPEN, which comes next, without delegation. */
  public static StateId openResult(TestReply reply) {
    var body = reply.ok(OperationCode.OPEN).body();
    var id = StateId.read(body);
    body.skipBytes(20 + 4);
    body.skipBytes(4 * body.readInt());
    body.skipBytes(4);
    return id;
  }

  /** Reads the stateid that an operation, which comes next, gave. */
  public static StateId stateId(TestReply reply, OperationCode code) {
    return StateId.read(reply.ok(code).body());
  }

  /** LOCK by a lock-owner that is new to the file. */
  public static Consumer<ByteBuf> lock(
      StateId open, String owner, int type, long offset, long length) {
    return op(
        OperationCode.LOCK,
        out -> {
          out.writeInt(type).writeInt(0).writeLong(offset).writeLong(length);
          out.writeInt(1).writeInt(0);
          open.write(out);
          out.writeInt(0).writeLong(0);
          Xdr.writeString(out, owner);
        });
  }

  /** LOCK by a lock-owner that has locked in the file. */
  public static Consumer<ByteBuf> lockAgain(StateId lock, int type, long offset, long length) {
    return op(
        OperationCode.LOCK,
        out -> {
          out.writeInt(type).writeInt(0).writeLong(offset).writeLong(length).writeInt(0);
          lock.write(out);
          out.writeInt(0);
        });
  }

  public static Consumer<ByteBuf> lockTest(String owner, int type, long offset, long length) {
    return op(
        OperationCode.LOCKT,
        out -> {
          out.writeInt(type).writeLong(offset).writeLong(length).writeLong(0);
          Xdr.writeString(out, owner);
        });
  }

  public static Consumer<ByteBuf> unlock(StateId lock, long offset, long length) {
    return op(
        OperationCode.LOCKU,
        out -> {
          out.writeInt(WRITE_LOCK).writeInt(0);
          lock.write(out);
          out.writeLong(offset).writeLong(length);
        });
  }

  public static Consumer<ByteBuf> downgrade(StateId open, int access, int deny) {
    return op(
        OperationCode.OPEN_DOWNGRADE,
        out -> {
          open.write(out);
          out.writeInt(0).writeInt(access).writeInt(deny);
        });
  }

  public static Consumer<ByteBuf> free(StateId id) {
    return op(OperationCode.FREE_STATEID, id::write);
  }

  /** Takes a lock, which must be free. */
  public static StateId lock(
      TestClient client, Opened file, String owner, int type, long offset, long length)
      throws IOException {
    var reply = client.call(putFh(file.handle), lock(file.id, owner, type, offset, length));
    return stateId(reply.requireOk().ok(OperationCode.PUTFH), OperationCode.LOCK);
  }

  /** What TEST_STATEID says of each. */
  public static List<Integer> test(TestClient client, StateId... ids) throws IOException {
    var reply =
        client.call(
            op(
                OperationCode.TEST_STATEID,
                out -> {
                  out.writeInt(ids.length);
                  for (var id : ids) {
                    id.write(out);
                  }
                }));
    var body = reply.requireOk().ok(OperationCode.TEST_STATEID).body();
    var statuses = new ArrayList<Integer>();
    for (var left = body.readInt(); left > 0; left--) {
      statuses.add(body.readInt());
    }
    return statuses;
  }
}
