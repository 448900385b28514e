package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;
import static io.bucketfs.nfs.TestState.BOTH;
import static io.bucketfs.nfs.TestState.READ;
import static io.bucketfs.nfs.TestState.WRITE;
import static io.bucketfs.nfs.TestState.WRITE_LOCK;
import static io.bucketfs.nfs.TestState.downgrade;
import static io.bucketfs.nfs.TestState.free;
import static io.bucketfs.nfs.TestState.lock;
import static io.bucketfs.nfs.TestState.open;
import static io.bucketfs.nfs.TestState.openResult;
import static io.bucketfs.nfs.TestState.stateId;
import static io.bucketfs.nfs.TestState.tryOpen;
import static io.bucketfs.nfs.TestState.unlock;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Opens, share reservations, and stateids (RFC 8881, 8.2, 9.7, 16.2.3.1.2, 18.16, 18.18). */
final class OpenStateTest {
  private final MemoryFileSystem fileSystem = new MemoryFileSystem();
  private NfsTestServer server;
  private TestClient client;
  private TestClient other;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(fileSystem, Duration.ofSeconds(60));
    client = TestClient.connected(server.port(), "a");
    other = TestClient.connected(server.port(), "b");
  }

  @AfterEach
  void stop() {
    client.close();
    other.close();
    server.close();
  }

  @Test
  void eachOpenOfAnOwnerAdvancesOneStateid() throws Exception {
    var first = open(client, "o", "f", READ, 0);
    var second = open(client, "o", "f", WRITE, 0);
    var another = open(client, "p", "f", READ, 0);
    assertThat(first.id().sequence()).isEqualTo(1);
    assertThat(second.id()).isEqualTo(new StateId(2, first.id().epoch(), first.id().tag()));
    assertThat(another.id().tag()).isNotEqualTo(first.id().tag());
    client.call(putFh(first.handle()), TestOps.write(second.id(), 0, new byte[3])).requireOk();
    client.call(putFh(first.handle()), TestOps.read(second.id(), 0, 3)).requireOk();
  }

  @Test
  void anOldAFutureAndAForeignStateidAreToldApart() throws Exception {
    var first = open(client, "o", "f", READ, 0).id();
    var file = open(client, "o", "f", WRITE, 0);
    var now = file.id();
    var newest = new StateId(0, now.epoch(), now.tag());
    var future = new StateId(3, now.epoch(), now.tag());
    var otherEpoch = new StateId(2, now.epoch() + 1, now.tag());
    var guessed = new StateId(1, now.epoch(), now.tag() + 1);
    assertThat(
            TestState.test(
                client, now, newest, first, future, otherEpoch, guessed, StateId.ANONYMOUS))
        .isEqualTo(
            codes(
                NfsStatus.OK,
                NfsStatus.OK,
                NfsStatus.OLD_STATEID,
                NfsStatus.BAD_STATEID,
                NfsStatus.BAD_STATEID,
                NfsStatus.BAD_STATEID,
                NfsStatus.BAD_STATEID));
    assertThat(TestState.test(other, now)).isEqualTo(codes(NfsStatus.BAD_STATEID));
    client.call(putFh(file.handle()), TestOps.read(first, 0, 1)).require(NfsStatus.OLD_STATEID);
    client.call(putFh(file.handle()), TestOps.read(future, 0, 1)).require(NfsStatus.BAD_STATEID);
    client.call(putFh(file.handle()), TestOps.read(newest, 0, 1)).requireOk();
  }

  private static List<Integer> codes(NfsStatus... statuses) {
    return List.of(statuses).stream().map(NfsStatus::code).toList();
  }

  @Test
  void aStateidOfAnotherFileIsRefused() throws Exception {
    var one = open(client, "o", "f", BOTH, 0);
    var two = open(client, "o", "g", BOTH, 0);
    client.call(putFh(two.handle()), TestOps.read(one.id(), 0, 1)).require(NfsStatus.BAD_STATEID);
    client.call(putFh(two.handle()), TestOps.close(one.id())).require(NfsStatus.BAD_STATEID);
  }

  /** Every pair of access and denial, by the same client and by another. */
  @Test
  void shareReservationsExcludeWhatTheyDeny() throws Exception {
    for (var access = READ; access <= BOTH; access++) {
      for (var deny = 0; deny <= BOTH; deny++) {
        var held = open(other, "holder", "f", access, deny);
        for (var wanted = READ; wanted <= BOTH; wanted++) {
          for (var denied = 0; denied <= BOTH; denied++) {
            var fits = (wanted & deny) == 0 && (denied & access) == 0;
            for (var asking : List.of(client, other)) {
              var reply = tryOpen(asking, "asking", "f", wanted, denied);
              assertThat(reply.status())
                  .as("%d/%d held, %d/%d asked", access, deny, wanted, denied)
                  .isEqualTo((fits ? NfsStatus.OK : NfsStatus.SHARE_DENIED).code());
              if (fits) {
                var id = openResult(reply.ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP));
                asking.call(putFh(held.handle()), TestOps.close(id)).requireOk();
              }
            }
          }
        }
        other.call(putFh(held.handle()), TestOps.close(held.id())).requireOk();
      }
    }
    assertThat(server.server().view().clients()).allMatch(one -> one.states() == 0);
  }

  @Test
  void anUpgradeMustNotConflictAndADowngradeLetsOthersIn() throws Exception {
    var theirs = open(other, "o", "f", READ, WRITE);
    tryOpen(client, "o", "f", WRITE, 0).require(NfsStatus.SHARE_DENIED);
    open(client, "o", "f", READ, 0);
    tryOpen(client, "o", "f", BOTH, 0).require(NfsStatus.SHARE_DENIED);
    other.call(putFh(theirs.handle()), TestOps.close(theirs.id())).requireOk();

    open(client, "o", "f", BOTH, WRITE);
    tryOpen(other, "o", "f", WRITE, 0).require(NfsStatus.SHARE_DENIED);
    var mine = open(client, "o", "f", READ, 0);
    var reply = client.call(putFh(mine.handle()), downgrade(mine.id(), READ, 0)).requireOk();
    var lower = stateId(reply.ok(OperationCode.PUTFH), OperationCode.OPEN_DOWNGRADE);
    assertThat(lower.sequence()).isEqualTo(mine.id().sequence() + 1);
    client
        .call(putFh(mine.handle()), TestOps.write(lower, 0, new byte[1]))
        .require(NfsStatus.OPENMODE);
    tryOpen(other, "o", "f", WRITE, 0).requireOk();
  }

  @Test
  void aDowngradeToWhatWasNeverAskedForIsInvalid() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    client.call(putFh(file.handle()), downgrade(file.id(), READ, 0)).require(NfsStatus.INVAL);
    client.call(putFh(file.handle()), downgrade(file.id(), 0, 0)).require(NfsStatus.INVAL);
    client.call(putFh(file.handle()), downgrade(file.id(), BOTH, 0)).requireOk();
  }

  @Test
  void sharesDenyIoWithoutAnOpenAndTruncation() throws Exception {
    var held = open(other, "o", "f", BOTH, BOTH);
    var file = putFh(held.handle());
    client.call(file, TestOps.read(StateId.ANONYMOUS, 0, 1)).require(NfsStatus.LOCKED);
    client.call(file, TestOps.read(StateId.READ_BYPASS, 0, 1)).requireOk();
    var byte1 = new byte[1];
    client.call(file, TestOps.write(StateId.ANONYMOUS, 0, byte1)).require(NfsStatus.LOCKED);
    client.call(file, TestOps.write(StateId.READ_BYPASS, 0, byte1)).require(NfsStatus.LOCKED);
    client.call(file, TestOps.setSize(StateId.ANONYMOUS, 0)).require(NfsStatus.LOCKED);
    other.call(file, TestOps.setSize(held.id(), 0)).requireOk();
  }

  @Test
  void anInvalidShareIsRefused() throws Exception {
    tryOpen(client, "o", "f", 0, 0).require(NfsStatus.INVAL);
    tryOpen(client, "o", "f", READ, 4).require(NfsStatus.INVAL);
  }

  @Test
  void aClosedStateidIsBadAndTheFileSystemCountsNoOpens() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    client.call(putFh(file.handle()), TestOps.close(file.id())).requireOk();
    client.call(putFh(file.handle()), TestOps.close(file.id())).require(NfsStatus.BAD_STATEID);
    client.call(putFh(file.handle()), TestOps.read(file.id(), 0, 1)).require(NfsStatus.BAD_STATEID);
  }

  @Test
  void closeTakesAStateidWhoseSequenceIsZero() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    var newest = new StateId(0, file.id().epoch(), file.id().tag());
    client.call(putFh(file.handle()), TestOps.close(newest)).requireOk();
  }

  @Test
  void anExclusiveCreateIsRepeatedOnlyWithItsVerifier() throws Exception {
    client.call(putRoot(), lookup("data"), exclusive("x", 5)).requireOk();
    client.call(putRoot(), lookup("data"), exclusive("x", 5)).requireOk();
    client.call(putRoot(), lookup("data"), exclusive("x", 6)).require(NfsStatus.EXIST);
    client
        .call(putRoot(), lookup("data"), TestOps.open("o", "x", READ, 0, TestOps.GUARDED))
        .require(NfsStatus.EXIST);
  }

  private static Consumer<ByteBuf> exclusive(String name, long verifier) {
    return op(
        OperationCode.OPEN,
        out -> {
          out.writeInt(0).writeInt(BOTH).writeInt(0).writeLong(0);
          Xdr.writeString(out, "o");
          out.writeInt(1).writeInt(3).writeLong(verifier).writeInt(0).writeInt(0).writeInt(0);
          Xdr.writeString(out, name);
        });
  }

  @Test
  void aFileIsOpenedByItsHandle() throws Exception {
    var file = open(client, "o", "f", WRITE, 0);
    var byHandle = TestOps.open("p", "", READ, 0, TestOps.NO_CREATE);
    var reply = client.call(putFh(file.handle()), byHandle).requireOk();
    var id = openResult(reply.ok(OperationCode.PUTFH));
    client.call(putFh(file.handle()), TestOps.read(id, 0, 1)).requireOk();
    client
        .call(putFh(file.handle()), TestOps.write(id, 0, new byte[1]))
        .require(NfsStatus.OPENMODE);
  }

  // ---- the current stateid

  @Test
  void openWriteReadAndCloseTogether() throws Exception {
    client
        .call(
            putRoot(),
            lookup("data"),
            TestOps.open("o", "f", BOTH, 0, TestOps.UNCHECKED),
            TestOps.write(StateId.CURRENT, 0, new byte[4]),
            TestOps.setSize(StateId.CURRENT, 2),
            TestOps.read(StateId.CURRENT, 0, 4),
            TestOps.close(StateId.CURRENT))
        .requireOk();
    assertThat(server.server().view().clients()).allMatch(one -> one.states() == 0);
  }

  @Test
  void lockAndUnlockTogether() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    client
        .call(
            putFh(file.handle()),
            lock(file.id(), "l", WRITE_LOCK, 0, 10),
            TestOps.write(StateId.CURRENT, 0, new byte[4]),
            unlock(StateId.CURRENT, 0, 10))
        .requireOk();
  }

  @Test
  void anotherObjectHasNoCurrentStateid() throws Exception {
    client
        .call(
            putRoot(),
            lookup("data"),
            TestOps.open("o", "f", BOTH, 0, TestOps.UNCHECKED),
            putRoot(),
            lookup("data"),
            lookup("f"),
            TestOps.close(StateId.CURRENT))
        .require(NfsStatus.BAD_STATEID);
    client
        .call(putRoot(), lookup("data"), lookup("f"), TestOps.close(StateId.CURRENT))
        .require(NfsStatus.BAD_STATEID);
  }

  @Test
  void savingAndRestoringTheObjectDoesSoWithItsStateid() throws Exception {
    client
        .call(
            putRoot(),
            lookup("data"),
            TestOps.open("o", "f", BOTH, 0, TestOps.UNCHECKED),
            op(OperationCode.SAVEFH),
            putRoot(),
            getAttr(1),
            op(OperationCode.RESTOREFH),
            TestOps.close(StateId.CURRENT))
        .requireOk();
  }

  @Test
  void theStateidThatCloseLeavesIsOfNoUse() throws Exception {
    client
        .call(
            putRoot(),
            lookup("data"),
            TestOps.open("o", "f", BOTH, 0, TestOps.UNCHECKED),
            TestOps.close(StateId.CURRENT),
            TestOps.close(StateId.CURRENT))
        .require(NfsStatus.BAD_STATEID);
  }

  // ---- FREE_STATEID

  @Test
  void onlyAStateidWithoutLocksIsFreed() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    client.call(free(file.id())).require(NfsStatus.LOCKS_HELD);
    var locks = lock(client, file, "l", WRITE_LOCK, 0, 10);
    client.call(free(locks)).require(NfsStatus.LOCKS_HELD);
    var reply = client.call(putFh(file.handle()), unlock(locks, 0, 10)).requireOk();
    var unlocked = stateId(reply.ok(OperationCode.PUTFH), OperationCode.LOCKU);
    client.call(free(locks)).require(NfsStatus.OLD_STATEID);
    other.call(free(unlocked)).require(NfsStatus.BAD_STATEID);
    client.call(free(unlocked)).requireOk();
    client.call(free(unlocked)).require(NfsStatus.BAD_STATEID);
    client
        .call(
            putRoot(),
            lookup("data"),
            TestOps.open("q", "f", BOTH, 0, TestOps.UNCHECKED),
            free(StateId.CURRENT),
            TestOps.close(StateId.CURRENT))
        .require(NfsStatus.LOCKS_HELD);
  }
}
