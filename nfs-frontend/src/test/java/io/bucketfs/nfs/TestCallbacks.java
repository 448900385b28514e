package io.bucketfs.nfs;

import io.bucketfs.nfs.rpc.Credential;
import io.bucketfs.nfs.rpc.RpcCall;
import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The back channel as a client serves it (RFC 8881, 20): answers CB_NULL, keeps the slots of
 * CB_SEQUENCE exact, notes every other operation, and answers it with OK unless told otherwise.
 */
public final class TestCallbacks {
  public static final int CB_GETATTR = 3;
  public static final int CB_RECALL = 4;
  public static final int CB_LAYOUTRECALL = 5;
  public static final int CB_RECALL_ANY = 8;
  public static final int CB_RECALL_SLOT = 10;
  public static final int CB_SEQUENCE = 11;
  public static final int CB_NOTIFY_LOCK = 13;
  public static final int CB_OFFLOAD = 15;

  private final BlockingQueue<Received> received = new LinkedBlockingQueue<>();
  private final Map<Integer, Answer> answers = new ConcurrentHashMap<>();
  private final AtomicInteger nulls = new AtomicInteger();

  private final Map<SlotKey, Integer> sequences = new ConcurrentHashMap<>();

  private volatile boolean silent;
  private volatile int sequenceStatus;

  private record SlotKey(SessionId session, int slot) {}

  /**
   * An operation that the server called.
   *
   * @param connection over which it came
   * @param arguments what follows its number, up to the end of the request
   */
  public record Received(
      TestConnection connection, SessionId session, int operation, ByteBuf arguments) {}

  /** Answers an operation. */
  @FunctionalInterface
  public interface Answer {
    /** Writes what follows the status, and returns that. Called on the event loop. */
    int run(ByteBuf arguments, ByteBuf result);
  }

  /** Takes over how far another had come, which serves nothing any more. */
  void goOnFor(TestCallbacks other) {
    sequences.putAll(other.sequences);
  }

  /** Serves a connection. */
  void serve(TestConnection connection) {
    connection.answerWith(record -> answer(connection, record));
  }

  /** Answers an operation otherwise from now on. */
  public TestCallbacks on(int operation, Answer answer) {
    answers.put(operation, answer);
    return this;
  }

  /** Answers an operation with a status alone from now on. */
  public TestCallbacks refuse(int operation, NfsStatus status) {
    return on(operation, (_, _) -> status.code());
  }

  /** Lets CB_SEQUENCE fail, or succeed again with OK. */
  public void setSequenceStatus(NfsStatus status) {
    sequenceStatus = status.code();
  }

  /** Answers nothing any more, CB_NULL neither; or answers again. */
  public void setSilent(boolean nowSilent) {
    silent = nowSilent;
  }

  /** How many CB_NULL came. */
  public int nulls() {
    return nulls.get();
  }

  /** The next operation but CB_SEQUENCE; waits for it. */
  public Received take() throws InterruptedException {
    var next = received.poll(TestConnection.WAIT_SECONDS, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("no callback came");
    }
    return next;
  }

  /** The next operation, which must be this one; waits for it. */
  public Received take(int operation) throws InterruptedException {
    var next = take();
    if (next.operation != operation) {
      throw new AssertionError("callback " + next.operation + " came, not " + operation);
    }
    return next;
  }

  /** Whether nothing came that was not taken. */
  public boolean isEmpty() {
    return received.isEmpty();
  }

  private @Nullable ByteBuf answer(TestConnection connection, ByteBuf record) {
    var xid = record.readInt();
    record.readInt();
    var call = RpcCall.read(xid, record);
    if (!(call.credential() instanceof Credential.None)
        && !(call.credential() instanceof Credential.Sys)) {
      throw new AssertionError("callback with " + call.credential());
    }
    var out = Unpooled.buffer();
    out.writeInt(xid).writeInt(RpcCall.REPLY).writeInt(0).writeLong(0).writeInt(0);
    if (call.procedure() == 0) {
      nulls.incrementAndGet();
    } else {
      compound(connection, record, out);
    }
    return silent ? null : out;
  }

  private void compound(TestConnection connection, ByteBuf in, ByteBuf out) {
    var tag = Xdr.readBytes(in, 1024);
    in.skipBytes(8); // minor version, and an ident of 4.0
    var operations = in.readInt();
    var statusAt = out.writerIndex();
    out.writeInt(0);
    Xdr.writeOpaque(out, tag);
    var countAt = out.writerIndex();
    out.writeInt(0);
    var status = 0;
    var done = 0;
    var session = new SessionId(0, 0);
    while (done < operations && status == 0) {
      var operation = in.readInt();
      out.writeInt(operation);
      var resultAt = out.writerIndex();
      out.writeInt(0);
      if (done == 0) {
        if (operation != CB_SEQUENCE) {
          throw new AssertionError("callback " + operation + " without CB_SEQUENCE");
        }
        session = SessionId.read(in.slice());
        status = sequence(in, out);
      } else {
        status = other(new Received(connection, session, operation, copy(in)), in, out);
      }
      out.setInt(resultAt, status);
      done++;
    }
    out.setInt(statusAt, status).setInt(countAt, done);
  }

  /** The rest of a request in memory that needs no release. */
  private static ByteBuf copy(ByteBuf in) {
    return Unpooled.wrappedBuffer(ByteBufUtil.getBytes(in));
  }

  /** CB_SEQUENCE (RFC 8881, 20.9). */
  private int sequence(ByteBuf in, ByteBuf out) {
    var session = SessionId.read(in);
    var sequence = in.readInt();
    var slot = in.readInt();
    var highest = in.readInt();
    in.readInt();
    for (var lists = in.readInt(); lists > 0; lists--) {
      in.skipBytes(16);
      in.skipBytes(8 * in.readInt());
    }
    if (sequenceStatus != 0) {
      return sequenceStatus;
    }
    var key = new SlotKey(session, slot);
    if (sequence != sequences.getOrDefault(key, 0) + 1) {
      return NfsStatus.SEQ_MISORDERED.code();
    }
    sequences.put(key, sequence);
    session.write(out);
    out.writeInt(sequence).writeInt(slot).writeInt(highest).writeInt(highest);
    return 0;
  }

  private int other(Received what, ByteBuf in, ByteBuf out) {
    var answer = answers.get(what.operation);
    skip(what.operation, in);
    var status = answer == null ? 0 : answer.run(what.arguments.duplicate(), out);
    received.add(what);
    return status;
  }

  /** Passes over the arguments of an operation; of one that is not known here, over all. */
  private static void skip(int operation, ByteBuf in) {
    switch (operation) {
      case CB_GETATTR -> {
        Xdr.skipOpaque(in, 128);
        in.skipBytes(4 * in.readInt());
      }
      case CB_RECALL -> {
        in.skipBytes(20);
        Xdr.skipOpaque(in, 128);
      }
      case CB_RECALL_ANY -> {
        in.readInt();
        in.skipBytes(4 * in.readInt());
      }
      case CB_RECALL_SLOT -> in.readInt();
      case CB_NOTIFY_LOCK -> {
        Xdr.skipOpaque(in, 128);
        in.skipBytes(8);
        Xdr.skipOpaque(in, 1024);
      }
      default -> in.skipBytes(in.readableBytes());
    }
  }
}
