package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;
import static io.bucketfs.nfs.TestState.BOTH;
import static io.bucketfs.nfs.TestState.READ;
import static io.bucketfs.nfs.TestState.READ_LOCK;
import static io.bucketfs.nfs.TestState.WRITE;
import static io.bucketfs.nfs.TestState.WRITE_LOCK;
import static io.bucketfs.nfs.TestState.WRITE_LOCK_WAITING;
import static io.bucketfs.nfs.TestState.lock;
import static io.bucketfs.nfs.TestState.lockAgain;
import static io.bucketfs.nfs.TestState.lockTest;
import static io.bucketfs.nfs.TestState.open;
import static io.bucketfs.nfs.TestState.stateId;
import static io.bucketfs.nfs.TestState.tryOpen;
import static io.bucketfs.nfs.TestState.unlock;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Note;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.SequenceStatus;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A server whose process was stopped or killed goes on with clients, sessions, opens and locks
 * under the same ids, without a grace period.
 */
@Timeout(60)
final class ResumeTest {
  /** What BIND_CONN_TO_SESSION asks for. */
  private static final int FORE_OR_BOTH = 7;

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

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  /** Restarts the server; both clients reconnect and know of nothing. */
  private void restart() throws Exception {
    server.restart();
    client = reconnected(client);
    other = reconnected(other);
  }

  private TestClient reconnected(TestClient before) throws IOException {
    before.close();
    var after = new TestClient(server.port(), 2);
    after.goOnFor(before);
    return after;
  }

  @Test
  void thereIsNoGracePeriodAndNothingToReclaim() throws Exception {
    open(client, "o", "f", BOTH, 0);
    restart();
    assertThat(server.server().view().inGrace()).isFalse();
    var ids = server.server().view().clients().stream().map(NfsServer.ClientView::id).toList();
    assertThat(ids).contains(client.clientId(), other.clientId());
    open(other, "o", "g", BOTH, 0);
    client.exchangeId("a", 1);
    assertThat(client.clientId()).isIn(ids);
  }

  /** A wrong number would be a fault of the backchannel, which only a new session mends. */
  @Test
  void callbacksGoOnCounting() throws Exception {
    var theirs = open(client, "o", "f", BOTH, 0);
    var file = open(other, "o", "f", BOTH, 0);
    for (var round = 0; round < 3; round++) {
      var held = lock(client, theirs, "holder", WRITE_LOCK, 0, 10);
      var wish = lock(file.id(), "waiter", WRITE_LOCK_WAITING, 0, 10);
      other.call(putFh(file.handle()), wish).require(NfsStatus.DENIED);
      client.call(putFh(theirs.handle()), unlock(held, 0, 10)).requireOk();
      other.callbacks().take(TestCallbacks.CB_NOTIFY_LOCK);
      var granted = other.call(putFh(file.handle()), wish).requireOk();
      var locked = stateId(granted.ok(OperationCode.PUTFH), OperationCode.LOCK);
      other.call(putFh(file.handle()), unlock(locked, 0, 10)).requireOk();
      restart();
      assertThat(other.call(putRoot()).requireSequence().flags())
          .isEqualTo(SequenceStatus.CB_PATH_DOWN_SESSION | SequenceStatus.CB_PATH_DOWN);
      other.bare(TestOps.bindConnection(other.requireSession(), FORE_OR_BOTH)).requireOk();
      assertThat(other.call(putRoot()).requireSequence().flags()).isZero();
    }
  }

  @Test
  void anOpenGoesOnWithItsStateidRightsAndDenials() throws Exception {
    var file = open(client, "o", "f", READ, WRITE);
    restart();
    client.call(putFh(file.handle()), TestOps.read(file.id(), 0, 1)).requireOk();
    assertThat(client.call(putFh(file.handle()), TestOps.write(file.id(), 0, new byte[1])).status())
        .isEqualTo(NfsStatus.OPENMODE.code());
    tryOpen(other, "x", "f", WRITE, 0).require(NfsStatus.SHARE_DENIED);
    open(other, "x", "f", READ, 0);
    client.call(putFh(file.handle()), TestOps.close(file.id())).requireOk();
    open(other, "x", "f", WRITE, 0);
    restart();
    // Closed once is closed for good.
    assertThat(client.call(putFh(file.handle()), TestOps.read(file.id(), 0, 1)).status())
        .isEqualTo(NfsStatus.BAD_STATEID.code());
  }

  @Test
  void aDowngradeIsNotForgotten() throws Exception {
    open(client, "o", "f", READ, 0);
    var file = open(client, "o", "f", BOTH, WRITE);
    tryOpen(other, "x", "f", WRITE, 0).require(NfsStatus.SHARE_DENIED);
    var reply = client.call(putFh(file.handle()), TestState.downgrade(file.id(), READ, 0));
    var id = stateId(reply.requireOk().ok(OperationCode.PUTFH), OperationCode.OPEN_DOWNGRADE);
    restart();
    open(other, "x", "f", WRITE, 0);
    client.call(putFh(file.handle()), TestOps.read(id, 0, 1)).requireOk();
    assertThat(client.call(putFh(file.handle()), TestOps.write(id, 0, new byte[1])).status())
        .isEqualTo(NfsStatus.OPENMODE.code());
  }

  @Test
  void anUnlinkedOpenFileStays() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    client.call(putFh(file.handle()), TestOps.write(file.id(), 0, new byte[5])).requireOk();
    client.call(putRoot(), lookup("data"), TestOps.named(OperationCode.REMOVE, "f")).requireOk();
    restart();
    client.call(putFh(file.handle()), TestOps.read(file.id(), 0, 5)).requireOk();
    client.call(putFh(file.handle()), TestOps.close(file.id())).requireOk();
    client.call(putFh(file.handle()), TestOps.getAttr(1)).require(NfsStatus.STALE);
  }

  @Test
  void locksGoOnByTheByte() throws Exception {
    var mine = open(client, "o", "f", BOTH, 0);
    var theirs = open(other, "x", "f", BOTH, 0);
    var id = lock(client, mine, "l", WRITE_LOCK, 0, 100);
    id = unlocked(mine, unlock(id, 10, 10), OperationCode.LOCKU);
    id = unlocked(mine, lockAgain(id, READ_LOCK, 40, 10), OperationCode.LOCK);
    id = unlocked(mine, lockAgain(id, WRITE_LOCK, 200, -1), OperationCode.LOCK);
    for (var round = 0; round < 2; round++) {
      for (var free : List.of(10L, 19L, 100L, 199L)) {
        assertThat(denied(theirs, WRITE_LOCK, free)).as("byte " + free).isFalse();
      }
      for (var held : List.of(0L, 9L, 20L, 39L, 40L, 49L, 50L, 99L, 200L, Long.MAX_VALUE)) {
        assertThat(denied(theirs, WRITE_LOCK, held)).as("byte " + held).isTrue();
        assertThat(denied(theirs, READ_LOCK, held))
            .as("shared byte " + held)
            .isEqualTo(held < 40 || held >= 50);
      }
      restart();
    }
    unlocked(mine, unlock(id, 0, -1), OperationCode.LOCKU);
    restart();
    assertThat(denied(theirs, WRITE_LOCK, 0)).isFalse();
    assertThat(
            server.server().view().clients().stream().mapToInt(NfsServer.ClientView::locks).sum())
        .isZero();
  }

  private StateId unlocked(TestState.Opened file, Consumer<ByteBuf> operation, OperationCode code)
      throws IOException {
    var reply = client.call(putFh(file.handle()), operation).requireOk();
    return stateId(reply.ok(OperationCode.PUTFH), code);
  }

  private boolean denied(TestState.Opened file, int type, long at) throws IOException {
    return other.call(putFh(file.handle()), lockTest("m", type, at, 1)).status()
        == NfsStatus.DENIED.code();
  }

  @Test
  void theNextRequestOfAnySlotIsTakenAndTheOnesBeforeAreNot() throws Exception {
    client.call(putRoot()).requireOk();
    client.call(TestOps.getAttr(1)).require(NfsStatus.NOFILEHANDLE);
    makeDirectory("one");
    client.call(putRoot()).requireOk();
    client.call(putRoot()).requireOk();
    client.slot(5).call(putRoot()).requireOk();
    restart();
    // Of what changed nothing, nothing is noted: a retry is run again.
    client.again(putRoot()).requireOk();
    client.call(putRoot()).requireOk();
    client.slot(5).call(putRoot()).requireOk();
    client.slot(9).call(putRoot()).requireOk();
    restart();
    var sequences = client.requireTestSession().sequences();
    var last = sequences.get(0);
    sequences.set(0, 2);
    client.again(putRoot()).require(NfsStatus.SEQ_MISORDERED);
    sequences.set(0, 4);
    client.again(putRoot()).require(NfsStatus.SEQ_FALSE_RETRY);
    sequences.set(0, last);
    client.call(putRoot()).requireOk();
    client.again(putRoot()).requireOk();
    sequences.set(0, last + 3);
    client.again(putRoot()).require(NfsStatus.SEQ_MISORDERED);
  }

  private void makeDirectory(String name) throws IOException {
    client.call(putRoot(), lookup("data"), TestOps.makeDirectory(name)).requireOk();
  }

  @Test
  void aSessionThatIsGoneDoesNotComeBack() throws Exception {
    makeDirectory("one");
    var id = client.requireSession();
    client.bare(TestOps.op(OperationCode.DESTROY_SESSION, id::write)).requireOk();
    restart();
    client.call(putRoot()).require(NfsStatus.BADSESSION);
    client.createSession().requireOk();
    client.call(putRoot()).requireOk();
    assertThat(
            server.server().view().clients().stream().mapToInt(NfsServer.ClientView::opens).sum())
        .isZero();
  }

  /** RFC 8881, 18.36.4: CREATE_SESSION is sent again where its reply did not come. */
  @Test
  void createSessionIsAnsweredTwice() throws Exception {
    client.createSession().requireOk();
    var made = client.requireSession();
    client.createSequence--;
    restart();
    client.createSession().requireOk();
    assertThat(client.requireSession()).isEqualTo(made);
    client.call(putRoot()).requireOk();
  }

  @Test
  void aClientThatStartedAnewLosesWhatItHad() throws Exception {
    open(client, "o", "f", BOTH, BOTH);
    client.establish("a", 2);
    restart();
    client.call(TestClient.reclaimComplete()).requireOk();
    open(other, "x", "f", BOTH, BOTH);
    assertThat(server.server().view().clients()).hasSize(2);
  }

  /** What another version noted is left behind as in a loss of power. */
  @Test
  void notesOfAnotherVersionLeadToAGracePeriod() throws Exception {
    open(client, "o", "f", BOTH, 0);
    server.records.note(new Note(new byte[] {0}, new byte[] {99}));
    restart();
    assertThat(server.server().view().awaited()).containsExactly("a", "b");
    client.call(putRoot()).require(NfsStatus.BADSESSION);
    restart();
    assertThat(server.server().view().awaited()).containsExactly("a", "b");
  }

  @Test
  void whatBelongsToNobodyIsDropped() throws Exception {
    var stray = new byte[] {4, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    server.records.note(new Note(stray, new byte[] {1}));
    restart();
    open(client, "o", "f", BOTH, 0);
    assertThat(server.records.notes()).noneMatch(note -> Arrays.equals(note.key(), stray));
  }
}
