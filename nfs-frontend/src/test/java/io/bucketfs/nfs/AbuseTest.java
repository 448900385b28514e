package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Clients that are broken or mean, beside one that behaves and must not notice: its requests are
 * answered all the time, each within {@link #BYSTANDER_MILLIS_MAX}.
 */
final class AbuseTest {
  private static final long BYSTANDER_MILLIS_MAX = 5_000;
  private static final int MIB = 1_048_576;
  private static final int LAST = 0x8000_0000;

  private final MemoryFileSystem files = new MemoryFileSystem();
  private final List<AutoCloseable> open = new ArrayList<>();
  private @Nullable NfsTestServer started;

  private void start(NfsLimits limits) throws Exception {
    started = new NfsTestServer(files, Duration.ofSeconds(60), limits);
    open.add(started);
  }

  private NfsTestServer server() {
    return Objects.requireNonNull(started);
  }

  @AfterEach
  void close() throws Exception {
    for (var one : open.reversed()) {
      one.close();
    }
  }

  private TestClient client(String owner) throws IOException {
    var client = TestClient.connected(server().port(), owner);
    open.add(client);
    return client;
  }

  private TestConnection connection(EventLoopGroup loops, String from) throws IOException {
    var at = new InetSocketAddress(InetAddress.getLoopbackAddress(), server().port());
    var connection =
        new TestConnection(loops, at, new InetSocketAddress(InetAddress.ofLiteral(from), 0));
    open.add(connection);
    return connection;
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      Thread.sleep(10);
    }
  }

  private static long direct() {
    return PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
  }

  private static long heap() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  /** Works all the time while others misbehave, and tells how long its slowest request took. */
  private final class Bystander implements AutoCloseable {
    private final TestClient client;
    private final Thread thread;
    private volatile boolean stopped;
    private volatile long slowestNanos;
    private final AtomicInteger requests = new AtomicInteger();
    private volatile @Nullable Throwable failure;

    Bystander() throws IOException {
      client = client("bystander");
      thread = Thread.ofPlatform().start(this::work);
    }

    private void work() {
      try {
        while (!stopped) {
          var began = System.nanoTime();
          client.call(putRoot(), lookup("data"), getAttr(Attribute.TYPE)).requireOk();
          slowestNanos = Math.max(slowestNanos, System.nanoTime() - began);
          requests.incrementAndGet();
        }
      } catch (IOException | AssertionError e) {
        failure = e;
      }
    }

    void requireUnharmed() throws InterruptedException {
      var before = requests.get();
      await("the bystander goes on", () -> requests.get() > before + 10 || failure != null);
      assertThat(failure).isNull();
      assertThat(Duration.ofNanos(slowestNanos))
          .isLessThan(Duration.ofMillis(BYSTANDER_MILLIS_MAX));
    }

    @Override
    public void close() {
      stopped = true;
      try {
        thread.join();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** A file with so many bytes, and an open of it. */
  private static StateId file(TestClient client, String name, int bytes) throws IOException {
    var opened =
        client
            .call(putRoot(), lookup("data"), TestOps.open("o", name, 3, 0, TestOps.UNCHECKED))
            .requireOk();
    opened.ok(OperationCode.PUTROOTFH).ok(OperationCode.LOOKUP).ok(OperationCode.OPEN);
    var id = StateId.read(opened.body());
    for (var at = 0; at < bytes; at += MIB) {
      client
          .call(
              putRoot(),
              lookup("data"),
              lookup(name),
              TestOps.write(id, at, new byte[Math.min(MIB, bytes - at)]))
          .requireOk();
    }
    return id;
  }

  // Lengths and counts.

  @ParameterizedTest
  @ValueSource(ints = {Integer.MAX_VALUE, -1, MIB + 1})
  void aReadOfAnyCountIsAnsweredWithWhatFits(int count) throws Exception {
    start(NfsLimits.DEFAULT);
    try (var bystander = new Bystander()) {
      var client = client("greedy");
      var id = file(client, "f", 3 * MIB);
      var before = direct();
      var reply =
          client
              .caller()
              .uncached()
              .call(putRoot(), lookup("data"), lookup("f"), TestOps.read(id, 0, count));
      reply.requireOk().ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP, OperationCode.LOOKUP);
      var body = reply.ok(OperationCode.READ).body();
      assertThat(body.readInt()).as("not at the end").isZero();
      assertThat(body.readInt()).isBetween(1, MIB);
      assertThat(direct() - before).isLessThan(64L * MIB);
      bystander.requireUnharmed();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MAX_VALUE, Integer.MAX_VALUE | LAST, (16 * MIB) | LAST})
  void aRecordThatNobodyMaySendEndsTheConnectionAtItsMark(int mark) throws Exception {
    start(NfsLimits.DEFAULT);
    try (var bystander = new Bystander()) {
      var before = direct();
      for (var client : List.of(client("known"), stranger())) {
        client.sendRaw(Unpooled.buffer().writeInt(mark).writeZero(4096));
        assertThat(client.isClosedByServer()).isTrue();
      }
      assertThat(direct() - before).isLessThan(64L * MIB);
      bystander.requireUnharmed();
    }
  }

  private TestClient stranger() throws IOException {
    var client = new TestClient(server().port(), 2);
    open.add(client);
    return client;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4})
  void tenThousandTinyFragmentsEndTheConnection(int bytes) throws Exception {
    start(NfsLimits.DEFAULT);
    try (var bystander = new Bystander()) {
      var client = client("tiny");
      var wire = Unpooled.buffer();
      for (var fragment = 0; fragment < 10_000; fragment++) {
        wire.writeInt(bytes).writeZero(bytes);
      }
      try {
        client.sendRaw(wire);
      } catch (IOException _) {
        // The server may have hung up before all of it was sent.
      }
      assertThat(client.isClosedByServer()).isTrue();
      bystander.requireUnharmed();
    }
  }

  /** A stranger announces 64 KiB and sends nearly nothing: it gets no more memory than it fills. */
  @Test
  void anAnnouncedRecordTakesNoMemoryBeforeItComes() throws Exception {
    start(NfsLimits.DEFAULT);
    var loops = TestConnection.loops(1, true);
    for (var n = 0; n < 200; n++) {
      var wire = connection(loops, "127.0.0.9");
      wire.sendRaw(Unpooled.buffer().writeInt(65_536 | LAST).writeZero(100));
    }
    var client = client("b");
    client.call(putRoot()).requireOk();
    server().server().sweepConnections();
    await("all is accounted", () -> server().server().bufferedBytes() >= 200 * 100);
    assertThat(server().server().bufferedBytes()).isLessThan(200 * 8192);
  }

  @Test
  void tooManyOperationsAreRefusedAndLongListsAreNoXdr() throws Exception {
    start(NfsLimits.DEFAULT);
    var client = client("long");
    var many = new ArrayList<Consumer<ByteBuf>>();
    for (var n = 0; n < 5000; n++) {
      many.add(putRoot());
    }
    client.caller().call(many).require(NfsStatus.TOO_MANY_OPS);
    client.requireTestSession().sequences().decrementAndGet(0); // it does not count
    var claims =
        List.<Consumer<ByteBuf>>of(
            op(OperationCode.GETATTR, out -> out.writeInt(Integer.MAX_VALUE)),
            op(OperationCode.GETATTR, out -> out.writeInt(9).writeZero(36)),
            op(OperationCode.LOOKUP, out -> out.writeInt(Integer.MAX_VALUE)),
            op(OperationCode.LOOKUP, out -> out.writeInt(-1)),
            op(OperationCode.TEST_STATEID, out -> out.writeInt(0x1000_0000)),
            op(OperationCode.PUTFH, out -> out.writeInt(129).writeZero(132)));
    for (var claim : claims) {
      client.call(putRoot(), claim).require(NfsStatus.BADXDR);
    }
    client.call(putRoot(), lookup("n".repeat(256))).require(NfsStatus.NAMETOOLONG);
    client.call(putRoot(), getAttr(Attribute.TYPE)).requireOk();
  }

  // Clients that do not read.

  /** READs of 1 MiB, over and over, whose replies are not taken. */
  private static void demand(TestClient client, TestConnection over, StateId id, int requests)
      throws IOException {
    var slots = client.requireTestSession().fore().requestsMax();
    for (var n = 0; n < requests; n++) {
      over.send(
          client
              .slot(n % slots)
              .over(over)
              .uncached()
              .newRecord(putRoot(), lookup("data"), lookup("f"), TestOps.read(id, 0, MIB)));
    }
  }

  @Test
  void aClientThatTakesNoRepliesIsNotServedOnAndThenCut() throws Exception {
    var traffic = NfsLimits.Traffic.DEFAULT;
    start(
        NfsLimits.DEFAULT.withTraffic(
            new NfsLimits.Traffic(
                traffic.memoryBytesMax(),
                traffic.strangerIdleMax(),
                traffic.recordTimeMax(),
                Duration.ofSeconds(2))));
    try (var bystander = new Bystander()) {
      var client = client("slow");
      var id = file(client, "f", MIB);
      var before = direct();
      client.connection().setReading(false);
      var highest = 0L;
      for (var round = 0; round < 50; round++) {
        try {
          demand(client, client.connection(), id, 8);
        } catch (IOException _) {
          break; // cut
        }
        highest = Math.max(highest, direct() - before);
      }
      assertThat(highest).as("400 MiB were asked for").isLessThan(64L * MIB);
      await("it is cut", () -> server().server().view().connections() == 1);
      bystander.requireUnharmed();
    }
    server().server().sweepConnections();
    await("nothing is held", () -> server().server().bufferedBytes() < MIB);
  }

  @Test
  void manyClientsThatTakeNoRepliesStayWithinTheBudgetInAll() throws Exception {
    var budget = 32L * MIB;
    start(NfsLimits.DEFAULT.withTraffic(NfsLimits.Traffic.DEFAULT.withMemory(budget)));
    try (var bystander = new Bystander()) {
      var loops = TestConnection.loops(1, true);
      var id = file(client("owner"), "f", MIB);
      var highest = 0L;
      for (var n = 0; n < 40; n++) {
        var client = client("slow" + n);
        var wire = connection(loops, "127.0.0.9");
        wire.setReading(false);
        demand(client, wire, StateId.ANONYMOUS, 16);
        highest = Math.max(highest, server().server().bufferedBytes());
      }
      assertThat(id).isNotNull();
      assertThat(highest).as("640 MiB were asked for").isLessThan(budget + 64L * MIB);
      await("room is made", () -> server().server().bufferedBytes() <= budget);
      bystander.requireUnharmed();
    }
  }

  // Floods.

  @Test
  void aFloodOfConnectionsDrivesOutTheOldestStrangers() throws Exception {
    start(NfsLimits.DEFAULT.withConnectionsMax(50));
    try (var bystander = new Bystander()) {
      var loops = TestConnection.loops(1, true);
      var flood = new ArrayList<TestConnection>();
      for (var n = 0; n < 200; n++) {
        flood.add(connection(loops, "127.0.0.9"));
      }
      assertThat(flood.getFirst().isClosedByServer()).isTrue();
      await("no more than allowed", () -> server().server().view().connections() <= 50);
      client("newcomer").call(putRoot()).requireOk();
      bystander.requireUnharmed();
    }
  }

  @Test
  void connectionsWithSessionsOfOneAddressDoNotKeepOthersOut() throws Exception {
    start(NfsLimits.DEFAULT.withConnectionsMax(20));
    try (var bystander = new Bystander()) {
      var loops = TestConnection.loops(1, true);
      var hog = client("hog");
      var answers = new ArrayList<CompletableFuture<TestReply>>();
      for (var n = 0; n < 40; n++) {
        answers.add(hog.slot(0).over(connection(loops, "127.0.0.9")).async(putRoot()));
      }
      // While more of them come in, the newcomer might go: it begins as a stranger, too.
      await("all came", () -> answers.stream().allMatch(CompletableFuture::isDone));
      var at = new InetSocketAddress(InetAddress.getLoopbackAddress(), server().port());
      var newcomer = new TestClient(at, 2, connection(loops, "127.0.0.10"));
      newcomer.establish("newcomer", 1);
      newcomer.call(TestClient.reclaimComplete()).requireOk();
      bystander.requireUnharmed();
    }
  }

  @Test
  void anIdleConnectionWithoutASessionIsClosed() throws Exception {
    var traffic = NfsLimits.Traffic.DEFAULT;
    start(
        NfsLimits.DEFAULT.withTraffic(
            new NfsLimits.Traffic(
                traffic.memoryBytesMax(),
                Duration.ofMillis(500),
                traffic.recordTimeMax(),
                traffic.unreadTimeMax())));
    var client = client("with a session");
    var stranger = stranger();
    assertThat(stranger.isClosedByServer()).isTrue();
    client.call(putRoot()).requireOk();
    assertThat(client.connection().isOpen()).isTrue();
  }

  @Test
  void aRequestThatDoesNotComeToItsEndIsCutOff() throws Exception {
    var traffic = NfsLimits.Traffic.DEFAULT;
    start(
        NfsLimits.DEFAULT.withTraffic(
            new NfsLimits.Traffic(
                traffic.memoryBytesMax(),
                traffic.strangerIdleMax(),
                Duration.ofMillis(500),
                traffic.unreadTimeMax())));
    var client = client("trickle");
    client.sendRaw(Unpooled.buffer().writeInt(1000 | LAST).writeZero(10));
    assertThat(client.isClosedByServer()).isTrue();
  }

  @Test
  void aFloodOfClientIdsDropsTheOldestUnconfirmedAndNobodyElse() throws Exception {
    start(NfsLimits.DEFAULT.withClientsMax(500));
    try (var bystander = new Bystander()) {
      var flood = stranger();
      var before = heap();
      for (var n = 0; n < 5000; n++) {
        flood.bare(TestOps.exchangeId("flood" + n, 1)).requireOk();
      }
      assertThat(server().server().view().clients()).hasSizeLessThanOrEqualTo(500);
      assertThat(heap() - before).isLessThan(16L * MIB);
      client("newcomer").call(putRoot()).requireOk();
      bystander.requireUnharmed();
    }
  }

  @Test
  void sessionsOfOneClientAreLimited() throws Exception {
    start(NfsLimits.DEFAULT);
    try (var bystander = new Bystander()) {
      var client = client("sessions");
      var before = heap();
      var refused = 0;
      for (var n = 0; n < 300; n++) {
        var reply = client.createSession();
        if (reply.status() != 0) {
          refused++;
          reply.require(NfsStatus.DELAY);
        }
      }
      assertThat(refused).isPositive();
      assertThat(server().server().view().sessions())
          .isLessThanOrEqualTo(NfsLimits.DEFAULT.sessionsPerClientMax() + 1);
      assertThat(heap() - before).isLessThan(32L * MIB);
      bystander.requireUnharmed();
    }
  }
}
