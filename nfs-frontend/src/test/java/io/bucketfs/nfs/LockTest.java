package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestState.BOTH;
import static io.bucketfs.nfs.TestState.READ;
import static io.bucketfs.nfs.TestState.READ_LOCK;
import static io.bucketfs.nfs.TestState.READ_LOCK_WAITING;
import static io.bucketfs.nfs.TestState.TO_THE_END;
import static io.bucketfs.nfs.TestState.WRITE;
import static io.bucketfs.nfs.TestState.WRITE_LOCK;
import static io.bucketfs.nfs.TestState.WRITE_LOCK_WAITING;
import static io.bucketfs.nfs.TestState.lock;
import static io.bucketfs.nfs.TestState.lockAgain;
import static io.bucketfs.nfs.TestState.lockTest;
import static io.bucketfs.nfs.TestState.open;
import static io.bucketfs.nfs.TestState.stateId;
import static io.bucketfs.nfs.TestState.unlock;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.TestState.Opened;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Byte-range locks over the wire (RFC 8881, 9.1 to 9.6, 18.10 to 18.12, 20.11). */
@Timeout(60)
final class LockTest {
  private NfsTestServer server;
  private TestClient client;
  private TestClient other;
  private Opened mine;
  private Opened theirs;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60));
    client = TestClient.connected(server.port(), "a");
    other = TestClient.connected(server.port(), "b");
    mine = open(client, "o", "f", BOTH, 0);
    theirs = open(other, "o", "f", BOTH, 0);
  }

  @AfterEach
  void stop() {
    client.close();
    other.close();
    server.close();
  }

  @Test
  void aConflictIsDeniedAndNamed() throws Exception {
    lock(client, mine, "holder", WRITE_LOCK, 100, 50);
    var denied =
        other
            .call(putFh(theirs.handle()), lock(theirs.id(), "l", READ_LOCK, 120, TO_THE_END))
            .require(NfsStatus.DENIED);
    var body = denied.ok(OperationCode.PUTFH).body();
    assertThat(denied.result(OperationCode.LOCK)).isEqualTo(NfsStatus.DENIED.code());
    assertThat(body.readLong()).isEqualTo(100);
    assertThat(body.readLong()).isEqualTo(50);
    assertThat(body.readInt()).isEqualTo(WRITE_LOCK);
    assertThat(body.readLong()).isEqualTo(client.clientId());
    assertThat(Xdr.readBytes(body, 1024)).isEqualTo("holder".getBytes(StandardCharsets.US_ASCII));
    other.call(putFh(theirs.handle()), lock(theirs.id(), "l", READ_LOCK, 150, 1)).requireOk();
    other.call(putFh(theirs.handle()), lock(theirs.id(), "m", READ_LOCK, 0, 100)).requireOk();
  }

  @Test
  void aTestSaysWhatALockWouldAndTakesNothing() throws Exception {
    var held = lock(client, mine, "holder", READ_LOCK, 0, 10);
    var file = putFh(theirs.handle());
    other.call(file, lockTest("l", READ_LOCK, 0, 10)).requireOk();
    other.call(file, lockTest("l", WRITE_LOCK, 9, 10)).require(NfsStatus.DENIED);
    other.call(file, lockTest("l", WRITE_LOCK, 10, 10)).requireOk();
    client.call(file, lockTest("holder", WRITE_LOCK, 0, 10)).requireOk();
    client.call(putFh(mine.handle()), unlock(held, 0, 10)).requireOk();
    other.call(file, lockTest("l", WRITE_LOCK, 0, 10)).requireOk();
  }

  /**
   * Whichever comes first, the lock is denied or granted, and free for good once the holder is
   * gone.
   */
  @Test
  void aHolderThatIsReplacedWhileAnotherAsks() throws Exception {
    var file = putFh(theirs.handle());
    for (var n = 1; n <= 50; n++) {
      try (var holder = new TestClient(server.port(), 2)) {
        holder.establish("c", n);
        holder.call(TestClient.reclaimComplete()).requireOk();
        lock(holder, open(holder, "o", "f", BOTH, 0), "l", WRITE_LOCK, 0, 10);
        holder.exchangeId("c", -n);
        var create = TestOps.createSession(holder.clientId(), holder.createSequence());
        var replaced = holder.bareOver(holder.connection(), create);
        var asked = other.slot(1).async(file, lock(theirs.id(), "m" + n, WRITE_LOCK, 0, 10));
        TestCaller.await(replaced).requireOk();
        var answer = TestCaller.await(asked);
        assertThat(answer.status()).isIn(0, NfsStatus.DENIED.code());
        if (answer.status() != 0) {
          answer = other.call(file, lock(theirs.id(), "m" + n, WRITE_LOCK, 0, 10)).requireOk();
        }
        var taken = stateId(answer.ok(OperationCode.PUTFH), OperationCode.LOCK);
        other.call(file, unlock(taken, 0, 10)).requireOk();
      }
    }
  }

  /** The owner of a lock is the session's client, whatever a request says of client ids. */
  @Test
  void ownersOfTwoClientsAreNeverTheSame() throws Exception {
    lock(client, mine, "same", WRITE_LOCK, 0, 10);
    other
        .call(putFh(theirs.handle()), lock(theirs.id(), "same", WRITE_LOCK, 0, 10))
        .require(NfsStatus.DENIED);
    other
        .call(
            putFh(theirs.handle()),
            op(
                OperationCode.LOCKT,
                out -> {
                  out.writeInt(WRITE_LOCK).writeLong(0).writeLong(10).writeLong(client.clientId());
                  Xdr.writeString(out, "same");
                }))
        .require(NfsStatus.DENIED);
  }

  @Test
  void anOwnerReplacesUpgradesSplitsAndJoinsItsRanges() throws Exception {
    var first = lock(client, mine, "l", READ_LOCK, 0, 100);
    var reply = client.call(putFh(mine.handle()), lockAgain(first, WRITE_LOCK, 40, 20)).requireOk();
    var second = stateId(reply.ok(OperationCode.PUTFH), OperationCode.LOCK);
    assertThat(second).isEqualTo(new StateId(2, first.epoch(), first.tag()));
    var file = putFh(theirs.handle());
    other.call(file, lockTest("m", READ_LOCK, 0, 40)).requireOk();
    other.call(file, lockTest("m", READ_LOCK, 39, 2)).require(NfsStatus.DENIED);
    other.call(file, lockTest("m", READ_LOCK, 60, 40)).requireOk();
    client.call(putFh(mine.handle()), unlock(second, 10, 80)).requireOk();
    other.call(file, lockTest("m", WRITE_LOCK, 10, 80)).requireOk();
    other.call(file, lockTest("m", WRITE_LOCK, 9, 1)).require(NfsStatus.DENIED);
    other.call(file, lockTest("m", WRITE_LOCK, 90, 1)).require(NfsStatus.DENIED);
  }

  @Test
  void aLockNeedsTheAccessOfItsOpen() throws Exception {
    var readOnly = open(client, "r", "f", READ, 0);
    var writeOnly = open(client, "w", "f", WRITE, 0);
    client
        .call(putFh(mine.handle()), lock(readOnly.id(), "l", WRITE_LOCK, 0, 1))
        .require(NfsStatus.OPENMODE);
    client
        .call(putFh(mine.handle()), lock(writeOnly.id(), "l", READ_LOCK, 0, 1))
        .require(NfsStatus.OPENMODE);
  }

  @Test
  void emptyAndOverlongRangesAreInvalid() throws Exception {
    var file = putFh(mine.handle());
    client.call(file, lock(mine.id(), "l", READ_LOCK, 0, 0)).require(NfsStatus.INVAL);
    client.call(file, lock(mine.id(), "l", READ_LOCK, 3, -2)).require(NfsStatus.INVAL);
    client.call(file, lockTest("l", READ_LOCK, 0, 0)).require(NfsStatus.INVAL);
    client.call(file, lock(mine.id(), "l", READ_LOCK, 1, -2)).requireOk();
    client.call(file, lock(mine.id(), "l", READ_LOCK, -1, TO_THE_END)).requireOk();
  }

  @Test
  void stateidsOfTheWrongKindAreBad() throws Exception {
    var locks = lock(client, mine, "l", WRITE_LOCK, 0, 10);
    var file = putFh(mine.handle());
    client.call(file, lockAgain(mine.id(), READ_LOCK, 20, 1)).require(NfsStatus.BAD_STATEID);
    client.call(file, lock(locks, "m", READ_LOCK, 20, 1)).require(NfsStatus.BAD_STATEID);
    client.call(file, unlock(mine.id(), 0, 10)).require(NfsStatus.BAD_STATEID);
    client.call(file, TestOps.close(locks)).require(NfsStatus.BAD_STATEID);
    other.call(file, unlock(locks, 0, 10)).require(NfsStatus.BAD_STATEID);
    other.call(file, lock(mine.id(), "m", READ_LOCK, 20, 1)).require(NfsStatus.BAD_STATEID);
    client.call(file, TestOps.read(locks, 0, 1)).requireOk();
    client.call(file, TestOps.write(locks, 0, new byte[1])).requireOk();
  }

  @Test
  void closeFreesTheLocksOfItsOpenOnly() throws Exception {
    var second = open(client, "o2", "f", BOTH, 0);
    lock(client, mine, "l", WRITE_LOCK, 0, 10);
    var kept = lock(client, second, "m", WRITE_LOCK, 10, 10);
    client.call(putFh(mine.handle()), TestOps.close(mine.id())).requireOk();
    other.call(putFh(theirs.handle()), lockTest("l", WRITE_LOCK, 0, 10)).requireOk();
    other.call(putFh(theirs.handle()), lockTest("l", WRITE_LOCK, 10, 10)).require(NfsStatus.DENIED);
    client.call(putFh(mine.handle()), unlock(kept, 10, 10)).requireOk();
  }

  @Test
  void aDirectoryCannotBeLocked() throws Exception {
    var directory = TestOps.lookup("data");
    client
        .call(TestOps.putRoot(), directory, lockTest("l", READ_LOCK, 0, 1))
        .require(NfsStatus.ISDIR);
  }

  // ---- those who wait

  @Test
  void whoWaitsIsCalledWhenTheLockIsFree() throws Exception {
    var held = lock(client, mine, "l", WRITE_LOCK, 0, 100);
    var wish = lock(theirs.id(), "waiting", WRITE_LOCK_WAITING, 50, 10);
    other.call(putFh(theirs.handle()), wish).require(NfsStatus.DENIED);
    client.call(putFh(mine.handle()), unlock(held, 0, 20)).requireOk();
    client.call(putFh(mine.handle()), lockTest("l", READ_LOCK, 0, 1)).requireOk();
    assertThat(other.callbacks().isEmpty()).as("what it waits for is still locked").isTrue();
    client.call(putFh(mine.handle()), unlock(new StateId(0, held.epoch(), held.tag()), 0, 100));
    expectNotice(other, "waiting");
    other.call(putFh(theirs.handle()), wish).requireOk();
  }

  private void expectNotice(TestClient told, String owner) throws Exception {
    var notice = told.callbacks().take(TestCallbacks.CB_NOTIFY_LOCK);
    assertThat(notice.session()).isEqualTo(told.requireSession());
    assertThat(Xdr.readBytes(notice.arguments(), 128)).isEqualTo(theirs.handle());
    assertThat(notice.arguments().readLong()).isEqualTo(told.clientId());
    assertThat(new String(Xdr.readBytes(notice.arguments(), 1024), StandardCharsets.US_ASCII))
        .isEqualTo(owner);
  }

  @Test
  void closeADowngradedLockAndALeavingClientCallThoseWhoWait() throws Exception {
    var held = lock(client, mine, "l", WRITE_LOCK, 0, 10);
    other
        .call(putFh(theirs.handle()), lock(theirs.id(), "reader", READ_LOCK_WAITING, 0, 10))
        .require(NfsStatus.DENIED);
    other
        .call(putFh(theirs.handle()), lock(theirs.id(), "writer", WRITE_LOCK_WAITING, 0, 10))
        .require(NfsStatus.DENIED);
    client.call(putFh(mine.handle()), lockAgain(held, READ_LOCK, 0, 10)).requireOk();
    expectNotice(other, "reader");
    other
        .call(putFh(theirs.handle()), lock(theirs.id(), "reader", READ_LOCK_WAITING, 0, 1))
        .requireOk();
    assertThat(other.callbacks().isEmpty()).isTrue();
    client.call(putFh(mine.handle()), TestOps.close(mine.id())).requireOk();
    // The reader has the first byte, but the writer is another owner and has to wait for it.
    other.call(putFh(theirs.handle()), TestOps.close(theirs.id())).requireOk();
  }

  /** The second is told once the first, who was told before, does not come. */
  @Test
  void whoDoesNotComeLosesHisTurn() throws Exception {
    var held = lock(client, mine, "l", WRITE_LOCK, 0, 10);
    try (var third = TestClient.connected(server.port(), "c")) {
      var file = open(third, "o", "f", BOTH, 0);
      other
          .call(putFh(theirs.handle()), lock(theirs.id(), "first", WRITE_LOCK_WAITING, 0, 10))
          .require(NfsStatus.DENIED);
      third
          .call(putFh(file.handle()), lock(file.id(), "second", WRITE_LOCK_WAITING, 5, 10))
          .require(NfsStatus.DENIED);
      client.call(putFh(mine.handle()), unlock(held, 0, 10)).requireOk();
      expectNotice(other, "first");
      assertThat(third.callbacks().isEmpty()).isTrue();
      expectNotice(third, "second");
      third
          .call(putFh(file.handle()), lock(file.id(), "second", WRITE_LOCK_WAITING, 5, 10))
          .requireOk();
    }
  }

  @Test
  void whoDoesNotWantToWaitIsNotCalled() throws Exception {
    var held = lock(client, mine, "l", WRITE_LOCK, 0, 10);
    other
        .call(putFh(theirs.handle()), lock(theirs.id(), "m", WRITE_LOCK, 0, 10))
        .require(NfsStatus.DENIED);
    other
        .call(putFh(theirs.handle()), lock(theirs.id(), "n", WRITE_LOCK_WAITING, 0, 10))
        .require(NfsStatus.DENIED);
    client.call(putFh(mine.handle()), unlock(held, 0, 10)).requireOk();
    expectNotice(other, "n");
    assertThat(other.callbacks().isEmpty()).isTrue();
  }
}
