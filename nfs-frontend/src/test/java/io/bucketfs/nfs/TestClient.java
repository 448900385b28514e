package io.bucketfs.nfs;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A small blocking NFSv4.1 client: one connection, at most one session, slot 0 unless told. */
final class TestClient implements AutoCloseable {
  static final int MAX_BYTES = 1_048_576 + 4096;

  private final Socket socket;
  private final DataInputStream in;
  private final int minorVersion;
  private int xid = 1;
  private int sequence;
  long clientId;
  int createSequence;
  @Nullable SessionId session;

  TestClient(int port, int minorVersion) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(20_000);
    in = new DataInputStream(socket.getInputStream());
    this.minorVersion = minorVersion;
  }

  /** A client with a session that has sent RECLAIM_COMPLETE. */
  static TestClient connected(int port, String owner) throws IOException {
    var client = new TestClient(port, 2);
    client.establish(owner, 1);
    client.call(reclaimComplete()).requireOk();
    return client;
  }

  void establish(String owner, long verifier) throws IOException {
    exchangeId(owner, verifier);
    createSession().requireOk();
  }

  void exchangeId(String owner, long verifier) throws IOException {
    var reply = bare(TestOps.exchangeId(owner, verifier)).requireOk();
    reply.result(OperationCode.EXCHANGE_ID);
    clientId = reply.body().readLong();
    createSequence = reply.body().readInt();
  }

  Reply createSession() throws IOException {
    var reply = bare(TestOps.createSession(clientId, createSequence));
    if (reply.status() == 0) {
      reply.result(OperationCode.CREATE_SESSION);
      session = SessionId.read(reply.body());
      sequence = 0;
      createSequence++;
    }
    return reply;
  }

  /** Takes over another's session, as after a reconnect. */
  void goOnFor(TestClient other) {
    session = other.session;
    sequence = other.sequence;
  }

  static Consumer<ByteBuf> reclaimComplete() {
    return TestOps.op(OperationCode.RECLAIM_COMPLETE, out -> out.writeInt(0));
  }

  /** A COMPOUND without SEQUENCE. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  final Reply bare(Consumer<ByteBuf>... operations) throws IOException {
    send(compound(++xid, operations));
    return receive();
  }

  /** A COMPOUND in the session; the result of SEQUENCE is passed over where it succeeded. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  final Reply call(Consumer<ByteBuf>... operations) throws IOException {
    sequence++;
    return again(operations);
  }

  /** The same with the sequence number of the call before. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  final Reply again(Consumer<ByteBuf>... operations) throws IOException {
    send(inSession(operations));
    return receive().passSequence();
  }

  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  final ByteBuf inSession(Consumer<ByteBuf>... operations) {
    var all = TestOps.concat(TestOps.sequence(requireSession(), sequence, 0, true), operations);
    return compound(++xid, all);
  }

  SessionId requireSession() {
    if (session == null) {
      throw new IllegalStateException("no session");
    }
    return session;
  }

  private ByteBuf compound(int callXid, Consumer<ByteBuf>[] operations) {
    var out = header(callXid, 100_003, 4, 1);
    out.writeInt(0).writeInt(minorVersion).writeInt(operations.length);
    for (var operation : operations) {
      operation.accept(out);
    }
    return out;
  }

  /** The header of a call with AUTH_SYS. */
  ByteBuf header(int callXid, int program, int version, int procedure) {
    var out = Unpooled.buffer();
    out.writeInt(callXid).writeInt(0).writeInt(2);
    out.writeInt(program).writeInt(version).writeInt(procedure);
    out.writeInt(1).writeInt(20).writeInt(0).writeInt(0).writeInt(0).writeInt(0).writeInt(0);
    out.writeLong(0);
    return out;
  }

  /** Sends a record of one fragment. */
  void send(ByteBuf record) throws IOException {
    var bytes = new byte[record.readableBytes()];
    record.readBytes(bytes);
    sendRaw(Unpooled.buffer().writeInt(bytes.length | 0x8000_0000).writeBytes(bytes));
  }

  void sendRaw(ByteBuf bytes) throws IOException {
    bytes.readBytes(socket.getOutputStream(), bytes.readableBytes());
  }

  /** Reads a record whose RPC header says success. */
  Reply receive() throws IOException {
    var record = receiveRaw();
    record.skipBytes(8);
    if (record.readInt() != 0) {
      throw new IOException("denied: " + record.readInt() + ", " + record.readInt());
    }
    record.skipBytes(8);
    var accepted = record.readInt();
    if (accepted != 0) {
      throw new IOException("accept_stat " + accepted);
    }
    return Reply.read(record);
  }

  ByteBuf receiveRaw() throws IOException {
    var bytes = new byte[in.readInt() & 0x7fff_ffff];
    in.readFully(bytes);
    return Unpooled.wrappedBuffer(bytes);
  }

  /** Whether the server closed the connection. */
  boolean isClosedByServer() throws IOException {
    try {
      return in.read() < 0;
    } catch (SocketException _) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  /**
   * A reply, read from the front.
   *
   * @param results how many operations it has results of
   */
  record Reply(int status, int results, ByteBuf body) {
    static Reply read(ByteBuf body) {
      var status = body.readInt();
      Xdr.skipOpaque(body, 1024);
      return new Reply(status, body.readInt(), body);
    }

    Reply requireOk() {
      if (status != 0) {
        throw new AssertionError("status " + status);
      }
      return this;
    }

    /** Passes over SEQUENCE, if it succeeded. */
    Reply passSequence() {
      if (results > 0 && body.getInt(body.readerIndex() + 4) == 0) {
        body.skipBytes(8 + 36);
      }
      return this;
    }

    /** Passes over an operation's number and status, and returns that. */
    int result(OperationCode code) {
      var number = body.readInt();
      if (number != code.number()) {
        throw new AssertionError("result of operation " + number + ", not " + code);
      }
      return body.readInt();
    }

    /** As {@link #result}, of an operation that succeeded. */
    Reply ok(OperationCode code) {
      var got = result(code);
      if (got != 0) {
        throw new AssertionError(code + " ended with status " + got);
      }
      return this;
    }
  }
}
