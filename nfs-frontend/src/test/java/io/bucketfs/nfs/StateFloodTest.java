package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestState.BOTH;
import static io.bucketfs.nfs.TestState.WRITE_LOCK;
import static io.bucketfs.nfs.TestState.WRITE_LOCK_WAITING;
import static io.bucketfs.nfs.TestState.lock;
import static io.bucketfs.nfs.TestState.lockAgain;
import static io.bucketfs.nfs.TestState.open;
import static io.bucketfs.nfs.TestState.tryOpen;
import static io.bucketfs.nfs.TestState.unlock;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * One address asks for more opens, locks, sessions and clients than there is memory for: it gets
 * its share and DELAY, memory stays flat, and another address notices nothing.
 */
@Timeout(120)
final class StateFloodTest {
  private static final int BUDGET_BYTES = 1_048_576;
  private static final int FLOOD = 12_000;
  private static final int MORE = 500;
  private static final String GREEDY = "127.0.0.7";

  private final MemoryFileSystem fileSystem = new MemoryFileSystem();
  private final List<AutoCloseable> toClose = new ArrayList<>();
  private @Nullable NfsTestServer started;

  /** Asks for one thing more, and returns the status. */
  private interface Flood {
    int ask(int number) throws IOException;
  }

  private void start(NfsLimits limits) throws Exception {
    started = new NfsTestServer(fileSystem, Duration.ofSeconds(60), limits);
  }

  private NfsTestServer server() {
    return Objects.requireNonNull(started);
  }

  @AfterEach
  void stop() throws Exception {
    for (var one : toClose.reversed()) {
      one.close();
    }
    server().close();
  }

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  private TestClient client(String from, String owner) throws IOException {
    var client = newClient(from);
    client.establish(owner, 1);
    client.call(TestClient.reclaimComplete()).requireOk();
    return client;
  }

  private TestClient newClient(String from) throws IOException {
    var at = new InetSocketAddress(InetAddress.getLoopbackAddress(), server().port());
    var client = new TestClient(at, 2, TestConnection.from(from, at));
    toClose.add(client);
    return client;
  }

  private long taken() {
    return server().server().stateBytes();
  }

  /** Asks until it is refused, and then on: nothing more is given. Returns how much was. */
  private int flood(Flood flood) throws Exception {
    var given = 0;
    int status;
    while ((status = flood.ask(given)) == 0) {
      given++;
      assertThat(given).as("given without end").isLessThan(FLOOD);
    }
    assertThat(status).isEqualTo(NfsStatus.DELAY.code());
    assertThat(taken()).isBetween(BUDGET_BYTES * 3L / 8, BUDGET_BYTES * 5L / 8);
    var full = taken();
    for (var n = 0; n < MORE; n++) {
      assertThat(flood.ask(given + n)).isEqualTo(NfsStatus.DELAY.code());
    }
    assertThat(taken()).isEqualTo(full);
    othersAreUnharmed();
    return given;
  }

  private void othersAreUnharmed() throws Exception {
    try (var other = client("127.0.0.8", "other")) {
      var before = taken();
      for (var n = 0; n < 20; n++) {
        var file = open(other, "o", "others " + n, BOTH, 0);
        var locked = lock(other, file, "l", WRITE_LOCK, 0, 10);
        other.call(putFh(file.handle()), unlock(locked, 0, 10)).requireOk();
        other.call(putFh(file.handle()), TestOps.close(file.id())).requireOk();
      }
      assertThat(taken()).as("what is closed is given back").isEqualTo(before);
      var session = Objects.requireNonNull(other.session).id();
      other.bare(op(OperationCode.DESTROY_SESSION, session::write)).requireOk();
      var id = other.clientId();
      other.bare(op(OperationCode.DESTROY_CLIENTID, out -> out.writeLong(id))).requireOk();
    }
  }

  /** The same, whatever its version. */
  private static StateId any(StateId id) {
    return new StateId(0, id.epoch(), id.tag());
  }

  @Test
  void opensOfManyOwners() throws Exception {
    start(NfsLimits.DEFAULT.withStateBytesMax(BUDGET_BYTES));
    var client = client(GREEDY, "greedy");
    var file = open(client, "first", "f", BOTH, 0);
    var before = taken();
    var opens = new ArrayList<TestState.Opened>();
    var given =
        flood(n -> {
          var reply = tryOpen(client, "owner " + n, "f", BOTH, 0);
          if (reply.status() == 0) {
            var id = TestState.openResult(reply.ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP));
            opens.add(new TestState.Opened(id, file.handle()));
          }
          return reply.status();
        });
    assertThat(given).isGreaterThan(200);
    for (var open : opens) {
      client.call(putFh(open.handle()), TestOps.close(open.id())).requireOk();
    }
    assertThat(taken()).isEqualTo(before);
    tryOpen(client, "again", "f", BOTH, 0).requireOk();
  }

  /** What was noted counts after a restart as before. */
  @Test
  void opensOfManyFilesAndARestart() throws Exception {
    start(NfsLimits.DEFAULT.withStateBytesMax(BUDGET_BYTES));
    var client = client(GREEDY, "greedy");
    flood(n -> tryOpen(client, "owner", "file " + n, BOTH, 0).status());
    var before = taken();
    server().restart();
    assertThat(taken()).isEqualTo(before);
    var at = new InetSocketAddress(InetAddress.getLoopbackAddress(), server().port());
    try (var again = new TestClient(at, 2, TestConnection.from(GREEDY, at))) {
      again.goOnFor(client);
      tryOpen(again, "owner", "one more", BOTH, 0).require(NfsStatus.DELAY);
    }
  }

  @Test
  void locksOfManyOwners() throws Exception {
    start(NfsLimits.DEFAULT.withStateBytesMax(BUDGET_BYTES));
    var client = client(GREEDY, "greedy");
    var file = open(client, "o", "f", BOTH, 0);
    flood(n -> client.call(putFh(file.handle()), lock(file.id(), "l" + n, 1, 0, 10)).status());
    client.call(putFh(file.handle()), TestOps.close(file.id())).requireOk();
    open(client, "o", "f", BOTH, 0);
  }

  @Test
  void rangesOfOneOwner() throws Exception {
    start(NfsLimits.DEFAULT.withStateBytesMax(BUDGET_BYTES));
    var client = client(GREEDY, "greedy");
    var file = open(client, "o", "f", BOTH, 0);
    var before = taken();
    var locks = any(lock(client, file, "l", WRITE_LOCK, 0, 1));
    flood(n ->
        client.call(putFh(file.handle()), lockAgain(locks, WRITE_LOCK, 2L + 2L * n, 1)).status());
    client.call(putFh(file.handle()), TestOps.close(file.id())).requireOk();
    assertThat(taken()).isLessThan(before);
  }

  /** Also giving back can take memory: a hole makes two ranges of one. */
  @Test
  void holesInOneRange() throws Exception {
    start(NfsLimits.DEFAULT.withStateBytesMax(BUDGET_BYTES));
    var client = client(GREEDY, "greedy");
    var file = open(client, "o", "f", BOTH, 0);
    var locks = any(lock(client, file, "l", WRITE_LOCK, 0, TestState.TO_THE_END));
    flood(n -> client.call(putFh(file.handle()), unlock(locks, 1 + 2L * n, 1)).status());
    // What makes no more of them is done at any time.
    client.call(putFh(file.handle()), unlock(locks, 0, TestState.TO_THE_END)).requireOk();
    client.call(putFh(file.handle()), lockAgain(locks, WRITE_LOCK, 0, 10)).requireOk();
  }

  /** Who waits for a lock is always told that it is denied, and asks again by itself. */
  @Test
  void thoseWhoWaitForALock() throws Exception {
    start(NfsLimits.DEFAULT.withStateBytesMax(BUDGET_BYTES));
    var client = client(GREEDY, "greedy");
    var file = open(client, "o", "f", BOTH, 0);
    var held = lock(client, file, "holder", WRITE_LOCK, 0, 10);
    for (var n = 0; n < 4000; n++) {
      var wish = lock(file.id(), "waiter " + n, WRITE_LOCK_WAITING, 0, 10);
      client.call(putFh(file.handle()), wish).require(NfsStatus.DENIED);
    }
    assertThat(taken()).isBetween(BUDGET_BYTES * 3L / 8, BUDGET_BYTES * 5L / 8);
    othersAreUnharmed();
    client.call(putFh(file.handle()), unlock(held, 0, 10)).requireOk();
    client.call(putFh(file.handle()), TestOps.close(file.id())).requireOk();
    assertThat(taken()).as("nobody waits for a file that is closed").isLessThan(20_000);
  }

  @Test
  void sessionsOfManyClients() throws Exception {
    start(NfsLimits.DEFAULT.withStateBytesMax(BUDGET_BYTES));
    var clients = new ArrayList<TestClient>();
    flood(n -> {
      if (n % 20 == 0 && clients.size() <= n / 20) {
        var fresh = newClient(GREEDY);
        var status = fresh.bare(TestOps.exchangeId("greedy " + n, 1)).status();
        if (status != 0) {
          return status;
        }
        fresh.exchangeId("greedy " + n, 1);
        clients.add(fresh);
      }
      return clients.getLast().createSession().status();
    });
  }

  @Test
  void clientsThatAreConfirmed() throws Exception {
    start(NfsLimits.DEFAULT.withClientsMax(40));
    var given = 0;
    var status = 0;
    while (status == 0) {
      var fresh = newClient(GREEDY);
      var reply = fresh.bare(TestOps.exchangeId("greedy " + given, 1));
      status = reply.status();
      if (status == 0) {
        fresh.establish("greedy " + given++, 1);
      }
    }
    assertThat(status).isEqualTo(NfsStatus.DELAY.code());
    assertThat(given).isEqualTo(20);
    for (var n = 0; n < 10; n++) {
      client("127.0.0.8", "other " + n).call(TestOps.putRoot()).requireOk();
    }
  }

  /** What the kept replies of one address take leaves room for the sessions of others. */
  @Test
  void slotsOfManySessions() throws Exception {
    start(NfsLimits.DEFAULT);
    for (var n = 0; n < 20; n++) {
      var client = newClient(GREEDY);
      client.exchangeId("greedy " + n, 1);
      for (var sessions = 0; sessions < 64; sessions++) {
        client.createSession();
      }
    }
    assertThat(server().server().replyCacheBytes())
        .isLessThan(NfsLimits.DEFAULT.replyCacheBytesMax() * 5 / 8);
    var other = client("127.0.0.8", "other");
    assertThat(other.call(TestOps.putRoot()).requireSequence().targetHighestSlot()).isEqualTo(63);
  }
}
