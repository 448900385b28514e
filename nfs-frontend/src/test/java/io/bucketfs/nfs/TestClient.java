package io.bucketfs.nfs;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.SessionId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An NFSv4.1 or 4.2 client: a client id, mostly one session, and connections that share it.
 *
 * <p>{@link #call} sends a request on slot 0 over the first connection and waits. Anything else
 * goes through a {@link TestCaller}: {@code
 * client.slot(2).over(client.connect()).async(putRoot())}. Callbacks are answered by {@link
 * #callbacks}, on all connections.
 */
public final class TestClient implements AutoCloseable {
  /** What it asks for as the largest request and reply. */
  public static final int MAX_BYTES = 1_048_576 + 4096;

  private static final int PROGRAM = 100_003;

  private final InetSocketAddress server;
  private final int minorVersion;
  private final List<TestConnection> connections = new CopyOnWriteArrayList<>();
  private final TestCallbacks callbacks = new TestCallbacks();
  private TestConnection first;
  private byte[] machine = new byte[0];
  private int uid;
  private int gid;
  private int[] groups = {};
  long clientId;
  int createSequence;
  @Nullable TestSession session;

  /** A client of a server on this machine, without a client id yet. */
  public TestClient(int port, int minorVersion) throws IOException {
    this(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), minorVersion);
  }

  /** A client without a client id yet. */
  public TestClient(InetSocketAddress server, int minorVersion) throws IOException {
    this(server, minorVersion, new TestConnection(server));
  }

  /** A client without a client id yet, with its first connection. */
  public TestClient(InetSocketAddress server, int minorVersion, TestConnection first) {
    this.server = server;
    this.minorVersion = minorVersion;
    this.first = first;
    callbacks.serve(first);
    connections.add(first);
  }

  /** A client with a session that has sent RECLAIM_COMPLETE. */
  public static TestClient connected(int port, String owner) throws IOException {
    var client = new TestClient(port, 2);
    client.establish(owner, 1);
    client.call(reclaimComplete()).requireOk();
    return client;
  }

  /** Whom AUTH_SYS names from now on; root of no machine unless told. */
  public TestClient as(int newUid, int newGid, int... newGroups) {
    uid = newUid;
    gid = newGid;
    groups = newGroups;
    return this;
  }

  /** The machine that AUTH_SYS names from now on. */
  public TestClient on(String newMachine) {
    machine = newMachine.getBytes(US_ASCII);
    return this;
  }

  // ---- connections

  /** The connection that is used unless told otherwise. */
  public TestConnection connection() {
    return first;
  }

  /** One more connection to the same server; a session takes it with its first SEQUENCE there. */
  public TestConnection connect() throws IOException {
    return adopt(new TestConnection(server));
  }

  /** Closes the first connection and opens another in its place. The session stays. */
  public TestConnection reconnect() throws IOException {
    first.close();
    connections.remove(first);
    first = connect();
    return first;
  }

  /** Takes over one more connection, which was opened on threads or from an address of its own. */
  public TestConnection adopt(TestConnection connection) {
    callbacks.serve(connection);
    connections.add(connection);
    return connection;
  }

  /** What the server calls. */
  public TestCallbacks callbacks() {
    return callbacks;
  }

  // ---- client id and session

  public void establish(String owner, long verifier) throws IOException {
    exchangeId(owner, verifier);
    createSession().requireOk();
  }

  public void exchangeId(String owner, long verifier) throws IOException {
    var reply = bare(TestOps.exchangeId(owner, verifier)).requireOk();
    reply.result(OperationCode.EXCHANGE_ID);
    clientId = reply.body().readLong();
    createSequence = reply.body().readInt();
  }

  /** CREATE_SESSION with a back channel; where it succeeds, the session is this client's. */
  public TestReply createSession() throws IOException {
    return createSession(TestOps.createSession(clientId, createSequence));
  }

  /** The same with other arguments. */
  public TestReply createSession(Consumer<ByteBuf> operation) throws IOException {
    var reply = bare(operation);
    if (reply.status() == 0) {
      var body = reply.body().duplicate();
      body.skipBytes(8);
      var id = SessionId.read(body);
      body.readInt();
      var flags = body.readInt();
      body.readInt();
      var fore =
          new TestSession.Channel(
              body.readInt(), body.readInt(), body.readInt(), body.readInt(), body.readInt());
      session = new TestSession(id, flags, fore);
      createSequence++;
    }
    return reply;
  }

  public long clientId() {
    return clientId;
  }

  /** The sequence number of the next CREATE_SESSION. */
  public int createSequence() {
    return createSequence;
  }

  /** Takes over another's session, as after a reconnect: both count on in it. */
  public void goOnFor(TestClient other) {
    clientId = other.clientId;
    createSequence = other.createSequence;
    session = other.session;
    callbacks.goOnFor(other.callbacks);
  }

  public SessionId requireSession() {
    return requireTestSession().id();
  }

  public TestSession requireTestSession() {
    if (session == null) {
      throw new IllegalStateException("no session");
    }
    return session;
  }

  public static Consumer<ByteBuf> reclaimComplete() {
    return TestOps.op(OperationCode.RECLAIM_COMPLETE, out -> out.writeInt(0));
  }

  // ---- requests

  /** Requests on slot 0 over the first connection, whose replies are to be kept. */
  public TestCaller caller() {
    return new TestCaller(this, first, 0, true);
  }

  /** Requests on another slot. */
  public TestCaller slot(int slot) {
    return caller().slot(slot);
  }

  /** Requests over another connection. */
  public TestCaller over(TestConnection connection) {
    return caller().over(connection);
  }

  /** A COMPOUND without SEQUENCE. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  public final TestReply bare(Consumer<ByteBuf>... operations) throws IOException {
    return TestCaller.await(bareOver(first, operations));
  }

  /** A COMPOUND without SEQUENCE, over any connection. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  public final CompletableFuture<TestReply> bareOver(
      TestConnection connection, Consumer<ByteBuf>... operations) {
    return connection
        .call(compound(TestConnection.nextXid(), operations))
        .thenApply(TestCaller::read);
  }

  /** A COMPOUND in the session; the result of SEQUENCE is passed over where it succeeded. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  public final TestReply call(Consumer<ByteBuf>... operations) throws IOException {
    return caller().call(operations);
  }

  /** The same with the sequence number of the call before. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  public final TestReply again(Consumer<ByteBuf>... operations) throws IOException {
    return caller().again(operations);
  }

  /** The bytes of a request with the sequence number of the call before. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  public final ByteBuf inSession(Consumer<ByteBuf>... operations) {
    return caller().record(operations);
  }

  /** The bytes of a COMPOUND. */
  public ByteBuf compound(int xid, Consumer<ByteBuf>[] operations) {
    var out = header(xid, PROGRAM, 4, 1);
    out.writeInt(0).writeInt(minorVersion).writeInt(operations.length);
    for (var operation : operations) {
      operation.accept(out);
    }
    return out;
  }

  /** The header of a call with AUTH_SYS. */
  public ByteBuf header(int xid, int program, int version, int procedure) {
    var out = Unpooled.buffer();
    out.writeInt(xid).writeInt(0).writeInt(2);
    out.writeInt(program).writeInt(version).writeInt(procedure);
    TestOps.authSys(out, machine, uid, gid, groups);
    out.writeLong(0);
    return out;
  }

  // ---- bytes

  /** Sends a record of one fragment over the first connection, for {@link #receive}. */
  public void send(ByteBuf record) throws IOException {
    first.send(record);
  }

  public void sendRaw(ByteBuf bytes) throws IOException {
    first.sendRaw(bytes);
  }

  /** The next reply to what was sent with {@link #send}. */
  public TestReply receive() throws IOException {
    return TestReply.read(receiveRaw());
  }

  public ByteBuf receiveRaw() throws IOException {
    return first.receiveRaw();
  }

  /** Whether the server closes the first connection; waits for it. */
  public boolean isClosedByServer() {
    return first.isClosedByServer();
  }

  @Override
  public void close() {
    connections.forEach(TestConnection::close);
  }
}
