package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.Share;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Opens and locks across a restart, and share reservations and locks between clients. */
final class RecoveryTest {
  private final MemoryFileSystem fileSystem = new MemoryFileSystem();
  private NfsTestServer server;

  /** A file that a client has open. */
  private record Opened(StateId id, byte[] handle) {}

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(fileSystem, Duration.ofSeconds(60));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  private static Opened open(TestClient client, String name, int access, int deny)
      throws IOException {
    var reply =
        client
            .call(
                putRoot(),
                lookup("data"),
                TestOps.open("owner", name, access, deny, TestOps.UNCHECKED),
                TestOps.op(OperationCode.GETFH))
            .requireOk();
    reply.ok(OperationCode.PUTROOTFH).ok(OperationCode.LOOKUP).ok(OperationCode.OPEN);
    var id = StateId.read(reply.body());
    reply.body().skipBytes(20 + 4);
    reply.body().skipBytes(4 * reply.body().readInt() + 4);
    return new Opened(id, Xdr.readBytes(reply.ok(OperationCode.GETFH).body(), 128));
  }

  @Test
  void aLossOfPowerIsSurvivedByReclaiming() throws Exception {
    Opened file;
    try (var client = TestClient.connected(server.port(), "a")) {
      file = open(client, "f", Share.BOTH, 0);
      client.call(putFh(file.handle), TestOps.lock(file.id, "l", 0, 10, true, false)).requireOk();
    }
    server.losePower();
    assertThat(server.server().view().inGrace()).isTrue();
    try (var client = new TestClient(server.port(), 2);
        var other = new TestClient(server.port(), 2)) {
      other.establish("b", 1);
      var tooSoon = TestOps.open("x", "f", Share.READ, 0, TestOps.UNCHECKED);
      assertThat(other.call(putRoot(), lookup("data"), tooSoon).status())
          .isEqualTo(NfsStatus.GRACE.code());
      assertThat(other.call(putFh(file.handle), TestOps.openPrevious("x", Share.READ)).status())
          .isEqualTo(NfsStatus.RECLAIM_BAD.code());

      client.establish("a", 1);
      var reopened =
          client.call(putFh(file.handle), TestOps.openPrevious("owner", Share.BOTH)).requireOk();
      reopened.ok(OperationCode.PUTFH).ok(OperationCode.OPEN);
      var id = StateId.read(reopened.body());
      client.call(putFh(file.handle), TestOps.lock(id, "l", 0, 10, true, true)).requireOk();
      client.call(TestClient.reclaimComplete()).requireOk();
      assertThat(server.server().view().inGrace()).isFalse();

      assertThat(
              client.call(putFh(file.handle), TestOps.openPrevious("owner", Share.BOTH)).status())
          .isEqualTo(NfsStatus.NO_GRACE.code());
      other.call(TestClient.reclaimComplete()).requireOk();
      var theirs = open(other, "f", Share.BOTH, 0);
      assertThat(
              other
                  .call(putFh(file.handle), TestOps.lock(theirs.id, "m", 5, 1, true, false))
                  .status())
          .isEqualTo(NfsStatus.DENIED.code());
    }
  }

  @Test
  void nobodyWaitsForGraceWhereNobodyIsRecorded() throws Exception {
    server.losePower();
    assertThat(server.server().view().inGrace()).isFalse();
  }

  @Test
  void aDeniedShareIsRefusedUntilItIsClosed() throws Exception {
    try (var one = TestClient.connected(server.port(), "a");
        var two = TestClient.connected(server.port(), "b")) {
      var held = open(one, "f", Share.BOTH, Share.BOTH);
      var attempt = TestOps.open("x", "f", Share.READ, 0, TestOps.UNCHECKED);
      assertThat(two.call(putRoot(), lookup("data"), attempt).status())
          .isEqualTo(NfsStatus.SHARE_DENIED.code());
      assertThat(two.call(putFh(held.handle), TestOps.read(StateId.ANONYMOUS, 0, 1)).status())
          .isEqualTo(NfsStatus.LOCKED.code());
      one.call(putFh(held.handle), TestOps.close(held.id)).requireOk();
      two.call(putRoot(), lookup("data"), attempt).requireOk();
    }
  }

  @Test
  void aStateidIsOfNoUseToAnotherClient() throws Exception {
    try (var one = TestClient.connected(server.port(), "a");
        var two = TestClient.connected(server.port(), "b")) {
      var held = open(one, "f", Share.BOTH, 0);
      assertThat(two.call(putFh(held.handle), TestOps.read(held.id, 0, 1)).status())
          .isEqualTo(NfsStatus.BAD_STATEID.code());
    }
  }

  @Test
  void aRemovedFileStaysReadableWhileItIsOpenAndIsForgottenAfterwards() throws Exception {
    try (var client = TestClient.connected(server.port(), "a")) {
      var inodes = fileSystem.inodes();
      var held = open(client, "f", Share.BOTH, 0);
      client.call(putFh(held.handle), TestOps.write(held.id, 0, new byte[5])).requireOk();
      client.call(putRoot(), lookup("data"), TestOps.named(OperationCode.REMOVE, "f")).requireOk();
      client.call(putFh(held.handle), TestOps.read(held.id, 0, 5)).requireOk();
      client.call(putFh(held.handle), TestOps.close(held.id)).requireOk();
      assertThat(fileSystem.inodes()).isEqualTo(inodes);
      assertThat(client.call(putFh(held.handle), TestOps.getAttr(1)).status())
          .isEqualTo(NfsStatus.STALE.code());
    }
  }

  @Test
  void aForgedHandleIsRefused() throws Exception {
    try (var client = TestClient.connected(server.port(), "a")) {
      var held = open(client, "f", Share.READ, 0);
      held.handle[15] ^= 1;
      assertThat(client.call(putFh(held.handle)).status()).isEqualTo(NfsStatus.BADHANDLE.code());
    }
  }
}
