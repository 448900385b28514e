package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestState.BOTH;
import static io.bucketfs.nfs.TestState.WRITE_LOCK;
import static io.bucketfs.nfs.TestState.free;
import static io.bucketfs.nfs.TestState.lock;
import static io.bucketfs.nfs.TestState.open;
import static io.bucketfs.nfs.TestState.tryOpen;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.state.SequenceStatus;
import io.bucketfs.nfs.status.NfsStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may reclaim what after a loss of power (RFC 8881, 8.4.2, 8.4.3), with leases of a second. */
@Timeout(60)
final class GraceTest {
  private static final Duration LEASE = Duration.ofSeconds(1);
  private static final int CLIENTS = 1_000;

  private final MemoryFileSystem fileSystem = new MemoryFileSystem();
  private @Nullable NfsTestServer started;

  private void start(Duration lease) throws Exception {
    started = new NfsTestServer(fileSystem, lease);
  }

  private NfsTestServer server() {
    return Objects.requireNonNull(started);
  }

  @AfterEach
  void stop() {
    server().close();
  }

  private TestClient comeBack(String owner) throws IOException {
    var client = new TestClient(server().port(), 2);
    client.establish(owner, 1);
    return client;
  }

  private NfsServer.View view() {
    return server().server().view();
  }

  private void awaitExpiryOf(String owner) throws Exception {
    Eventually.holds(
        () -> view().clients().stream().anyMatch(c -> c.owner().equals(owner) && c.expired()));
  }

  /** RFC 8881, 8.4.3, the first edge condition. */
  @Test
  void whatWentToAnotherIsNotReclaimed() throws Exception {
    start(LEASE);
    byte[] handle;
    try (var gone = TestClient.connected(server().port(), "a")) {
      var file = open(gone, "o", "f", BOTH, 0);
      lock(gone, file, "l", WRITE_LOCK, 0, 10);
      handle = file.handle();
      awaitExpiryOf("a");
    }
    try (var other = TestClient.connected(server().port(), "b")) {
      var theirs = open(other, "x", "f", BOTH, 0);
      lock(other, theirs, "m", WRITE_LOCK, 5, 1);
    }
    server().losePower();
    assertThat(view().awaited()).containsExactly("b");
    try (var gone = comeBack("a")) {
      gone.call(putFh(handle), TestOps.openPrevious("o", BOTH)).require(NfsStatus.RECLAIM_BAD);
    }
  }

  /** RFC 8881, 8.4.3, the second edge condition. */
  @Test
  void whoMissedOneGracePeriodReclaimsNothingInTheNext() throws Exception {
    start(LEASE);
    byte[] handle;
    try (var gone = TestClient.connected(server().port(), "a")) {
      handle = open(gone, "o", "f", BOTH, 0).handle();
    }
    server().losePower();
    assertThat(view().inGrace()).isTrue();
    assertThat(view().graceRemaining()).isPositive().isLessThanOrEqualTo(LEASE);
    Eventually.holds(() -> !view().inGrace());
    try (var other = TestClient.connected(server().port(), "b")) {
      open(other, "x", "f", BOTH, BOTH);
    }
    server().losePower();
    assertThat(view().awaited()).containsExactly("b");
    try (var gone = comeBack("a")) {
      gone.call(putFh(handle), TestOps.openPrevious("o", BOTH)).require(NfsStatus.RECLAIM_BAD);
    }
  }

  /** Who begins late gets through, though not for ever. */
  @Test
  void whoIsInTheMiddleOfReclaimingMayGoOnForAnotherLease() throws Exception {
    start(Duration.ofSeconds(3));
    byte[] handle;
    try (var client = TestClient.connected(server().port(), "a")) {
      handle = open(client, "o", "f", BOTH, 0).handle();
    }
    server().losePower();
    var begin = System.nanoTime();
    try (var client = comeBack("a")) {
      var last = 0L;
      while (client.call(putFh(handle), TestOps.openPrevious("o", BOTH)).status() == 0) {
        last = System.nanoTime() - begin;
        Thread.sleep(100);
      }
      assertThat(Duration.ofNanos(last)).isBetween(Duration.ofSeconds(4), Duration.ofSeconds(8));
    }
    assertThat(view().inGrace()).isFalse();
  }

  /** RFC 8881, 8.5, and the edge conditions of 8.4.3: others may have it then. */
  @Test
  void whatAnOperatorTookIsNotReclaimed() throws Exception {
    start(Duration.ofSeconds(60));
    byte[] handle;
    try (var client = TestClient.connected(server().port(), "a")) {
      var file = open(client, "o", "f", BOTH, BOTH);
      lock(client, file, "l", WRITE_LOCK, 0, 10);
      handle = file.handle();
      assertThat(server().server().revoke(client.clientId())).isTrue();
      assertThat(server().server().revoke(-1)).isFalse();
      assertThat(flags(client)).isEqualTo(SequenceStatus.ADMIN_STATE_REVOKED);
      assertThat(TestState.test(client, file.id())).containsExactly(NfsStatus.ADMIN_REVOKED.code());
    }
    try (var other = TestClient.connected(server().port(), "b")) {
      open(other, "x", "f", BOTH, 0);
    }
    server().losePower();
    assertThat(view().awaited()).containsExactly("b");
    try (var client = comeBack("a")) {
      client.call(putFh(handle), TestOps.openPrevious("o", BOTH)).require(NfsStatus.RECLAIM_BAD);
    }
  }

  /** RFC 8881, 18.46.3. */
  @Test
  void whoMayReclaimIsToldSoUntilItIsDone() throws Exception {
    start(Duration.ofSeconds(60));
    try (var client = TestClient.connected(server().port(), "a");
        var other = TestClient.connected(server().port(), "b")) {
      open(client, "o", "f", BOTH, 0);
      open(other, "o", "g", BOTH, 0);
    }
    server().losePower();
    try (var client = comeBack("a");
        var stranger = comeBack("c")) {
      for (var n = 0; n < 2; n++) {
        assertThat(flags(client)).isEqualTo(SequenceStatus.RESTART_RECLAIM_NEEDED);
      }
      assertThat(flags(stranger)).isZero();
      client.call(TestClient.reclaimComplete()).requireOk();
      assertThat(view().inGrace()).as("b is awaited").isTrue();
      assertThat(flags(client)).isZero();
    }
  }

  private static int flags(TestClient client) throws IOException {
    return client.call(TestOps.putRoot()).requireSequence().flags();
  }

  /**
   * Many clients share a few connections here; half of them reclaim twice, in two grace periods.
   */
  @Test
  void aThousandClientsReclaimThroughTwoLossesOfPower() throws Exception {
    start(Duration.ofSeconds(60));
    var handles = new ArrayList<byte[]>();
    try (var line = new TestClient(server().port(), 2)) {
      for (var n = 0; n < CLIENTS; n++) {
        var client = on(line, n);
        client.call(TestClient.reclaimComplete()).requireOk();
        handles.add(open(client, "o" + n, "f" + n, BOTH, BOTH).handle());
      }
    }
    server().losePower();
    try (var line = new TestClient(server().port(), 2)) {
      for (var n = 0; n < CLIENTS / 2; n++) {
        reclaim(on(line, n), n, handles.get(n));
      }
      assertThat(view().awaited()).hasSize(CLIENTS / 2);
    }
    server().losePower();
    assertThat(view().awaited()).hasSize(CLIENTS);
    try (var line = new TestClient(server().port(), 2)) {
      var clients = new ArrayList<TestClient>();
      for (var n = 0; n < CLIENTS; n++) {
        var client = on(line, n);
        reclaim(client, n, handles.get(n));
        clients.add(client);
        assertThat(view().inGrace()).isEqualTo(n < CLIENTS - 1);
      }
      for (var n = 0; n < CLIENTS; n++) {
        tryOpen(clients.get(n), "x", "f" + n, BOTH, 0).require(NfsStatus.SHARE_DENIED);
        open(clients.get(n), "o" + n, "f" + n, BOTH, 0);
      }
    }
  }

  private TestClient on(TestClient line, int n) throws IOException {
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), server().port());
    var client = new TestClient(address, 2, line.connection());
    client.establish("client" + n, 1);
    return client;
  }

  private static void reclaim(TestClient client, int n, byte[] handle) throws IOException {
    client.call(putFh(handle), TestOps.openPrevious("o" + n, BOTH, BOTH)).requireOk();
    client.call(TestClient.reclaimComplete()).requireOk();
    client
        .call(putFh(handle), TestOps.openPrevious("o" + n, BOTH, BOTH))
        .require(NfsStatus.NO_GRACE);
  }

  @Test
  void aProcessThatEndsInTheGracePeriodGoesOnWithIt() throws Exception {
    start(Duration.ofSeconds(60));
    byte[] handle;
    try (var one = TestClient.connected(server().port(), "a");
        var two = TestClient.connected(server().port(), "b")) {
      handle = open(one, "o", "f", BOTH, 0).handle();
      open(two, "o", "g", BOTH, 0);
    }
    server().losePower();
    var one = comeBack("a");
    one.call(putFh(handle), TestOps.openPrevious("o", BOTH)).requireOk();
    server().restart();
    assertThat(view().awaited()).containsExactly("a", "b");
    comeBack("b").close();
    try (var again = new TestClient(server().port(), 2)) {
      one.close();
      again.goOnFor(one);
      assertThat(view().clients()).anyMatch(client -> client.opens() == 1);
      tryOpen(again, "o", "h", BOTH, 0).require(NfsStatus.GRACE);
      again.call(TestClient.reclaimComplete()).requireOk();
      assertThat(view().awaited()).containsExactly("b");
      server().restart();
      assertThat(view().awaited()).containsExactly("b");
      try (var third = comeBack("b")) {
        third.call(TestClient.reclaimComplete()).requireOk();
        assertThat(view().inGrace()).isFalse();
      }
    }
    server().restart();
    assertThat(view().inGrace()).isFalse();
  }

  @Test
  void whoFreedWhatItLostMayReclaimTheRest() throws Exception {
    start(LEASE);
    try (var client = TestClient.connected(server().port(), "a")) {
      open(client, "o", "kept", BOTH, 0);
      var lost = open(client, "o", "lost", BOTH, BOTH);
      awaitExpiryOf("a");
      try (var other = TestClient.connected(server().port(), "b")) {
        open(other, "x", "lost", BOTH, 0);
      }
      assertThat(TestState.test(client, lost.id())).containsExactly(NfsStatus.EXPIRED.code());
      client.call(free(lost.id())).requireOk();
    }
    server().losePower();
    assertThat(view().awaited()).containsExactly("a", "b");
  }

  /** A stateid that was taken away is told so also by the next process. */
  @Test
  void whatWasTakenIsNotGivenBackByARestart() throws Exception {
    start(LEASE);
    TestClient client;
    TestState.Opened lost;
    try (var before = TestClient.connected(server().port(), "a")) {
      client = before;
      lost = open(before, "o", "f", BOTH, BOTH);
      awaitExpiryOf("a");
    }
    try (var other = TestClient.connected(server().port(), "b")) {
      open(other, "x", "f", BOTH, 0);
    }
    server().restart();
    try (var again = new TestClient(server().port(), 2)) {
      again.goOnFor(client);
      assertThat(TestState.test(again, lost.id())).containsExactly(NfsStatus.EXPIRED.code());
      assertThat(again.call(TestOps.putRoot()).requireSequence().flags()).isNotZero();
      again.call(free(lost.id())).requireOk();
      assertThat(TestState.test(again, lost.id())).containsExactly(NfsStatus.BAD_STATEID.code());
    }
  }
}
