package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;
import static io.bucketfs.nfs.TestState.BOTH;
import static io.bucketfs.nfs.TestState.WRITE;
import static io.bucketfs.nfs.TestState.WRITE_LOCK;
import static io.bucketfs.nfs.TestState.free;
import static io.bucketfs.nfs.TestState.lock;
import static io.bucketfs.nfs.TestState.open;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.SequenceStatus;
import io.bucketfs.nfs.status.NfsStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients whose lease ran out (RFC 8881, 8.3, 8.4.2.4, 8.5, 18.38, 18.46.3, 18.48). */
@Timeout(60)
final class CourtesyTest {
  private static final Duration LEASE = Duration.ofSeconds(1);

  private NfsTestServer server;
  private TestClient away;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(new MemoryFileSystem(), LEASE);
    away = TestClient.connected(server.port(), "away");
  }

  @AfterEach
  void stop() {
    away.close();
    server.close();
  }

  /** Begins anew with another server. */
  private void serve(UnaryOperator<NfsConfig> configuring) throws Exception {
    stop();
    server = new NfsTestServer(new MemoryFileSystem(), UnaryOperator.identity(), configuring);
    away = TestClient.connected(server.port(), "away");
  }

  private static void destroySession(TestClient client) throws IOException {
    client.bare(op(OperationCode.DESTROY_SESSION, client.requireSession()::write)).requireOk();
  }

  private List<String> owners() {
    return server.server().view().clients().stream().map(NfsServer.ClientView::owner).toList();
  }

  private void awaitExpiry() throws Exception {
    Eventually.holds(() ->
        server.server().view().clients().stream()
            .filter(client -> client.owner().equals("away"))
            .allMatch(client -> client.idle().compareTo(LEASE) > 0));
  }

  private int flags() throws IOException {
    return away.call(putRoot()).requireSequence().flags();
  }

  @Test
  void itKeepsWhatNobodyWants() throws Exception {
    var file = open(away, "o", "f", BOTH, 0);
    var locks = lock(away, file, "l", WRITE_LOCK, 0, 10);
    awaitExpiry();
    try (var other = TestClient.connected(server.port(), "b")) {
      var theirs = open(other, "o", "f", BOTH, 0);
      lock(other, theirs, "l", WRITE_LOCK, 10, 10);
    }
    assertThat(TestState.test(away, file.id(), locks)).isEqualTo(List.of(0, 0));
    assertThat(flags()).isZero();
    away.call(putFh(file.handle()), TestState.unlock(locks, 0, 10)).requireOk();
  }

  @Test
  void itLosesTheLockThatAnotherNeedsAndNothingElse() throws Exception {
    var file = open(away, "o", "f", BOTH, 0);
    var lost = lock(away, file, "l", WRITE_LOCK, 0, 10);
    var kept = lock(away, file, "m", WRITE_LOCK, 20, 10);
    awaitExpiry();
    try (var other = TestClient.connected(server.port(), "b")) {
      var theirs = open(other, "o", "f", BOTH, 0);
      lock(other, theirs, "l", WRITE_LOCK, 5, 10);

      assertThat(flags()).isEqualTo(SequenceStatus.EXPIRED_SOME_STATE_REVOKED);
      assertThat(TestState.test(away, file.id(), lost, kept))
          .isEqualTo(List.of(0, NfsStatus.EXPIRED.code(), 0));
      away.call(putFh(file.handle()), TestOps.read(lost, 0, 1)).require(NfsStatus.EXPIRED);
      away.call(putFh(file.handle()), TestState.unlock(lost, 0, 10)).require(NfsStatus.EXPIRED);
      other.call(free(lost)).require(NfsStatus.BAD_STATEID);
      away.call(free(lost)).requireOk();
      assertThat(flags()).isZero();
      assertThat(TestState.test(away, lost)).isEqualTo(List.of(NfsStatus.BAD_STATEID.code()));
      away.call(putFh(file.handle()), TestState.unlock(kept, 20, 10)).requireOk();
    }
  }

  @Test
  void itLosesTheOpenWithItsLocksToAShareThatDoesNotFit() throws Exception {
    var file = open(away, "o", "f", WRITE, 0);
    var locks = lock(away, file, "l", WRITE_LOCK, 0, 10);
    awaitExpiry();
    try (var other = TestClient.connected(server.port(), "b")) {
      open(other, "o", "f", BOTH, WRITE);
      assertThat(flags()).isEqualTo(SequenceStatus.EXPIRED_ALL_STATE_REVOKED);
      var expired = NfsStatus.EXPIRED.code();
      assertThat(TestState.test(away, file.id(), locks)).isEqualTo(List.of(expired, expired));
      away.call(putFh(file.handle()), TestOps.close(file.id())).require(NfsStatus.EXPIRED);
      away.call(free(file.id())).requireOk();
      away.call(free(locks)).requireOk();
      assertThat(flags()).isZero();
    }
  }

  /** However many there are, one open makes them all give way, within the time of a request. */
  @Test
  void aThousandOpensGiveWayAtOnce() throws Exception {
    for (var n = 0; n < 1_000; n++) {
      var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
      var client = new TestClient(address, 2, away.connection());
      client.establish("many" + n, 1);
      client.call(TestClient.reclaimComplete()).requireOk();
      open(client, "o", "f", WRITE, 0);
    }
    Eventually.holds(
        () -> server.server().view().clients().stream().allMatch(NfsServer.ClientView::expired));
    try (var other = TestClient.connected(server.port(), "b")) {
      var begin = System.nanoTime();
      open(other, "o", "f", TestState.READ, WRITE);
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
      TestState.tryOpen(other, "p", "f", WRITE, 0).require(NfsStatus.SHARE_DENIED);
    }
  }

  @Test
  void aLeaseThatRunsLosesNothing() throws Exception {
    open(away, "o", "f", BOTH, WRITE);
    try (var other = TestClient.connected(server.port(), "b")) {
      var end = System.nanoTime() + 2 * LEASE.toNanos();
      while (System.nanoTime() < end) {
        assertThat(flags()).isZero();
        TestState.tryOpen(other, "o", "f", WRITE, 0).require(NfsStatus.SHARE_DENIED);
      }
    }
  }

  @Test
  void whatAnOperatorTakesAwayIsToldToBeRevoked() throws Exception {
    var file = open(away, "o", "f", BOTH, 0);
    var locks = lock(away, file, "l", WRITE_LOCK, 0, 10);
    assertThat(server.server().revoke(away.clientId() + 1)).isFalse();
    assertThat(server.server().revoke(away.clientId())).isTrue();
    assertThat(flags()).isEqualTo(SequenceStatus.ADMIN_STATE_REVOKED);
    var revoked = NfsStatus.ADMIN_REVOKED.code();
    assertThat(TestState.test(away, file.id(), locks)).isEqualTo(List.of(revoked, revoked));
    away.call(putFh(file.handle()), TestOps.read(file.id(), 0, 1)).require(NfsStatus.ADMIN_REVOKED);
    away.call(free(file.id())).requireOk();
    away.call(free(locks)).requireOk();
    assertThat(flags()).isZero();
  }

  /**
   * A client that holds nothing and was cut off in the middle of a change asks for it again: it
   * gets the reply it missed, and not that the directory is there already.
   */
  @Test
  void itFindsTheReplyThatItMissed() throws Exception {
    away.call(putRoot(), lookup("data"), TestOps.makeDirectory("d")).requireOk();
    try (var later = TestClient.connected(server.port(), "later")) {
      destroySession(later);
      Eventually.holds(() -> owners().equals(List.of("away")));
    }
    away.reconnect();
    away.again(putRoot(), lookup("data"), TestOps.makeDirectory("d")).requireOk();
    away.call(putRoot(), lookup("data"), TestOps.makeDirectory("d")).require(NfsStatus.EXIST);
  }

  /** Once nobody can be asking for replies any more, a client that holds nothing is forgotten. */
  @Test
  void itIsForgottenWhereItHoldsNothing() throws Exception {
    serve(config -> config.withLease(LEASE).withReplyCourtesy(LEASE));
    Eventually.holds(() -> server.server().view().clients().isEmpty());
    away.call(putRoot()).require(NfsStatus.BADSESSION);
    away.createSession().require(NfsStatus.STALE_CLIENTID);
  }

  /** One that never got a session has no replies to come back for. */
  @Test
  void itIsForgottenWithItsLeaseWhereItHasNoSession() throws Exception {
    destroySession(away);
    Eventually.holds(() -> server.server().view().clients().isEmpty());
  }

  /** Those that hold something are kept rather than those that hold nothing. */
  @Test
  void whoHoldsSomethingIsKeptLonger() throws Exception {
    serve(
        config -> config.withLease(LEASE).withLimits(NfsLimits.DEFAULT.withCourtesyClientsMax(1)));
    open(away, "o", "f", BOTH, 0);
    try (var idle = TestClient.connected(server.port(), "idle")) {
      away.call(putRoot()).requireOk();
      Eventually.holds(() -> owners().equals(List.of("away")));
      idle.call(putRoot()).require(NfsStatus.BADSESSION);
    }
    away.call(putRoot()).requireOk();
  }
}
