package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** EXCHANGE_ID, RECLAIM_COMPLETE and DESTROY_CLIENTID (RFC 8881, 18.35, 18.50, 18.51). */
final class ExchangeIdTest {
  private static final int UPDATE = 0x4000_0000;
  private static final int CONFIRMED = 0x8000_0000;

  private NfsTestServer server;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60));
    client = new TestClient(server.port(), 1);
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  /** A result of EXCHANGE_ID. */
  private record Result(long clientId, int sequence, int flags) {
    boolean isConfirmed() {
      return (flags & CONFIRMED) != 0;
    }
  }

  private static Consumer<ByteBuf> exchangeId(String owner, long verifier, int flags) {
    return op(
        OperationCode.EXCHANGE_ID,
        out -> {
          out.writeLong(verifier);
          Xdr.writeString(out, owner);
          out.writeInt(flags).writeInt(0).writeInt(0);
        });
  }

  private Result exchange(String owner, long verifier, int flags) throws Exception {
    var body =
        client
            .bare(exchangeId(owner, verifier, flags))
            .requireOk()
            .ok(OperationCode.EXCHANGE_ID)
            .body();
    return new Result(body.readLong(), body.readInt(), body.readInt());
  }

  private void confirm(Result made) throws Exception {
    client.createSession(TestOps.createSession(made.clientId, made.sequence)).requireOk();
  }

  @Test
  void aNewClientIsUnconfirmedUntilItsFirstSession() throws Exception {
    var made = exchange("o", 1, 0);
    assertThat(made.isConfirmed()).isFalse();
    assertThat(made.flags & 0x7_0000).as("no pNFS").isEqualTo(0x1_0000);
    confirm(made);
    var again = exchange("o", 1, 0);
    assertThat(again.isConfirmed()).isTrue();
    assertThat(again.clientId).isEqualTo(made.clientId);
    assertThat(again.sequence).isEqualTo(made.sequence + 1);
  }

  @Test
  void anUnconfirmedRecordIsReplacedByWhateverComes() throws Exception {
    var first = exchange("o", 1, 0);
    var same = exchange("o", 1, 0);
    var rebooted = exchange("o", 2, 0);
    var otherUser = client.as(7, 7);
    var theirs = otherUser.bare(exchangeId("o", 2, 0)).requireOk().ok(OperationCode.EXCHANGE_ID);
    var last = theirs.body().readLong();
    for (var gone : new long[] {first.clientId, same.clientId, rebooted.clientId}) {
      assertThat(client.bare(TestOps.createSession(gone, 1)).status())
          .isEqualTo(NfsStatus.STALE_CLIENTID.code());
    }
    client.bare(TestOps.createSession(last, 1)).requireOk();
  }

  /** A client that came back drops what it held only once the new record is confirmed. */
  @Test
  void anotherVerifierReplacesTheClientWhenItIsConfirmed() throws Exception {
    confirm(exchange("o", 1, 0));
    client.call(TestClient.reclaimComplete()).requireOk();
    var file = TestState.open(client, "o", "f", TestState.BOTH, TestState.BOTH);
    var old = client.requireTestSession();

    var fresh = exchange("o", 2, 0);
    assertThat(fresh.isConfirmed()).isFalse();
    client.call(TestOps.putFh(file.handle()), TestOps.read(file.id(), 0, 1)).requireOk();

    confirm(fresh);
    assertThat(client.requireTestSession().id()).isNotEqualTo(old.id());
    client.call(TestClient.reclaimComplete()).requireOk();
    TestState.open(client, "new", "f", TestState.BOTH, 0);
    client
        .call(TestOps.putFh(file.handle()), TestOps.read(file.id(), 0, 1))
        .require(NfsStatus.BAD_STATEID);
    client.bare(op(OperationCode.DESTROY_SESSION, old.id()::write)).require(NfsStatus.BADSESSION);
  }

  @Test
  void anotherPrincipalMayNotTakeAnOwnerThatIsInUse() throws Exception {
    confirm(exchange("o", 1, 0));
    client.as(7, 7);
    client.bare(exchangeId("o", 1, 0)).require(NfsStatus.CLID_INUSE);
    client.bare(exchangeId("o", 2, 0)).require(NfsStatus.CLID_INUSE);
    client.as(0, 0);
    client.bare(op(OperationCode.DESTROY_SESSION, client.requireSession()::write)).requireOk();
    client.as(7, 7);
    assertThat(exchange("o", 2, 0).isConfirmed()).isFalse();
  }

  @Test
  void anUpdateNeedsAConfirmedRecordThatMatches() throws Exception {
    client.bare(exchangeId("o", 1, UPDATE)).require(NfsStatus.NOENT);
    var made = exchange("o", 1, 0);
    client.bare(exchangeId("o", 1, UPDATE)).require(NfsStatus.NOENT);
    confirm(made);
    var updated = exchange("o", 1, UPDATE);
    assertThat(updated.clientId).isEqualTo(made.clientId);
    assertThat(updated.isConfirmed()).isTrue();
    client.bare(exchangeId("o", 2, UPDATE)).require(NfsStatus.NOT_SAME);
    client.as(7, 7);
    client.bare(exchangeId("o", 1, UPDATE)).require(NfsStatus.PERM);
    client.bare(exchangeId("o", 2, UPDATE)).require(NfsStatus.NOT_SAME);
  }

  @Test
  void unknownFlagsAndThoseOfTheServerAreInvalid() throws Exception {
    client.bare(exchangeId("o", 1, 0x0000_0004)).require(NfsStatus.INVAL);
    client.bare(exchangeId("o", 1, CONFIRMED)).require(NfsStatus.INVAL);
    client.bare(exchangeId("o", 1, 0x0007_0103)).requireOk();
  }

  @Test
  void aTooLongListOfImplementationsIsMalformed() throws Exception {
    client
        .bare(
            op(
                OperationCode.EXCHANGE_ID,
                out -> {
                  out.writeLong(1);
                  Xdr.writeString(out, "o");
                  out.writeInt(0).writeInt(0).writeInt(2);
                  for (var n = 0; n < 2; n++) {
                    Xdr.writeString(out, "example.org");
                    Xdr.writeString(out, "client");
                    out.writeLong(0).writeInt(0);
                  }
                }))
        .require(NfsStatus.BADXDR);
  }

  @Test
  void itStandsAloneOrInASession() throws Exception {
    client.bare(exchangeId("o", 1, 0), putRoot()).require(NfsStatus.NOT_ONLY_OP);
    client.establish("o", 1);
    client.call(exchangeId("p", 1, 0)).requireOk();
  }

  @Test
  void anUnconfirmedRecordIsForgottenAfterALease() throws Exception {
    try (var hasty = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(1));
        var late = new TestClient(hasty.port(), 1)) {
      late.exchangeId("o", 1);
      Eventually.holds(() -> hasty.server().view().clients().isEmpty());
      late.createSession().require(NfsStatus.STALE_CLIENTID);
    }
  }

  // ---- DESTROY_CLIENTID

  @Test
  void aClientWithASessionOrStateIsBusy() throws Exception {
    client.bare(destroy(99)).require(NfsStatus.STALE_CLIENTID);
    client.bare(destroy(99), TestClient.reclaimComplete()).require(NfsStatus.NOT_ONLY_OP);
    var unconfirmed = exchange("p", 1, 0);
    client.bare(destroy(unconfirmed.clientId)).requireOk();
    client.bare(destroy(unconfirmed.clientId)).require(NfsStatus.STALE_CLIENTID);

    client.establish("o", 1);
    client.call(TestClient.reclaimComplete()).requireOk();
    var idle = exchange("q", 1, 0);
    client.call(destroy(idle.clientId)).requireOk();
    client.call(destroy(client.clientId())).require(NfsStatus.CLIENTID_BUSY);
    client.bare(destroy(client.clientId())).require(NfsStatus.CLIENTID_BUSY);
    var file = TestState.open(client, "o", "f", TestState.BOTH, 0);
    client.bare(op(OperationCode.DESTROY_SESSION, client.requireSession()::write)).requireOk();
    client.bare(destroy(client.clientId())).require(NfsStatus.CLIENTID_BUSY);
    client.createSession().requireOk();
    client.call(TestOps.putFh(file.handle()), TestOps.close(file.id())).requireOk();
    client.bare(op(OperationCode.DESTROY_SESSION, client.requireSession()::write)).requireOk();
    client.bare(destroy(client.clientId())).requireOk();
    assertThat(server.server().view().clients()).isEmpty();
  }

  private static Consumer<ByteBuf> destroy(long clientId) {
    return op(OperationCode.DESTROY_CLIENTID, out -> out.writeLong(clientId));
  }

  // ---- RECLAIM_COMPLETE

  @Test
  void reclaimCompleteComesOnceAndBeforeAnythingNew() throws Exception {
    client.establish("o", 1);
    TestState.tryOpen(client, "o", "f", TestState.READ, 0).require(NfsStatus.GRACE);
    client.call(TestClient.reclaimComplete()).requireOk();
    client.call(TestClient.reclaimComplete()).require(NfsStatus.COMPLETE_ALREADY);
    var file = TestState.open(client, "o", "f", TestState.READ, 0);
    client
        .call(TestOps.putFh(file.handle()), TestOps.openPrevious("o", TestState.READ))
        .require(NfsStatus.NO_GRACE);
    client
        .call(TestOps.putFh(file.handle()), TestOps.lock(file.id(), "l", 0, 1, false, true))
        .require(NfsStatus.NO_GRACE);
  }

  /** The kind for one file system ends nothing. */
  @Test
  void reclaimCompleteOfOneFileSystemNeedsAHandleAndIsNotTheEnd() throws Exception {
    client.establish("o", 1);
    var ofOne = op(OperationCode.RECLAIM_COMPLETE, out -> out.writeInt(1));
    client.call(ofOne).require(NfsStatus.NOFILEHANDLE);
    client.call(putRoot(), ofOne).requireOk();
    TestState.tryOpen(client, "o", "f", TestState.READ, 0).require(NfsStatus.GRACE);
    client.call(TestClient.reclaimComplete()).requireOk();
    assertThat(TestState.open(client, "o", "f", TestState.READ, 0).id())
        .isNotEqualTo(StateId.ANONYMOUS);
  }
}
