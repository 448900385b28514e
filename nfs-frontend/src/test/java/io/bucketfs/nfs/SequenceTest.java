package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.makeDirectory;
import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.TestSession.Channel;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** SEQUENCE and where operations may stand (RFC 8881, 2.10.6, 16.2, 18.46). */
@Timeout(60)
final class SequenceTest {
  private NfsTestServer server;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60));
    client = TestClient.connected(server.port(), "a");
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private Consumer<ByteBuf> sequence(int sequence, int slot, int highestSlot) {
    return op(
        OperationCode.SEQUENCE,
        out -> {
          client.requireSession().write(out);
          out.writeInt(sequence).writeInt(slot).writeInt(highestSlot);
          Xdr.writeBoolean(out, true);
        });
  }

  @Test
  void itEchoesSessionSlotAndNumber() throws Exception {
    var body = client.bare(sequence(1, 2, 3)).requireOk();
    var result = body.requireSequence();
    assertThat(result.sequence()).isEqualTo(1);
    assertThat(result.slot()).isEqualTo(2);
  }

  @Test
  void itComesFirstAndOnlyThere() throws Exception {
    client.call(sequence(1, 3, 3)).require(NfsStatus.SEQUENCE_POS);
    client.call(putRoot(), sequence(1, 3, 3)).require(NfsStatus.SEQUENCE_POS);
    client.bare(putRoot()).require(NfsStatus.OP_NOT_IN_SESSION);
    var nothing = client.bare();
    assertThat(nothing.requireOk().results()).isZero();
  }

  @Test
  void unknownSessionsAndSlotsAreRefused() throws Exception {
    client.bare(TestOps.sequence(new SessionId(-1, -1), 1, 0, true)).require(NfsStatus.BADSESSION);
    client.bare(sequence(1, 64, 64)).require(NfsStatus.BADSLOT);
    client.bare(sequence(1, -1, 0)).require(NfsStatus.BADSLOT);
    client.bare(sequence(1, 63, 63)).requireOk();
    client.bare(sequence(1, 3, 1024)).require(NfsStatus.BAD_HIGH_SLOT);
  }

  @Test
  void numbersThatAreNeitherNextNorLastAreMisordered() throws Exception {
    client.bare(sequence(0, 5, 5)).require(NfsStatus.SEQ_MISORDERED);
    client.bare(sequence(2, 5, 5)).require(NfsStatus.SEQ_MISORDERED);
    client.bare(sequence(1, 5, 5)).requireOk();
    client.bare(sequence(3, 5, 5)).require(NfsStatus.SEQ_MISORDERED);
    client.bare(sequence(0, 5, 5)).require(NfsStatus.SEQ_MISORDERED);
    client.bare(sequence(2, 5, 5)).requireOk();
  }

  @Test
  void everyKindOfReplyIsRepeatedByteForByte() throws Exception {
    repeat(NfsStatus.OK);
    repeat(NfsStatus.OK, putRoot());
    repeat(NfsStatus.INVAL, putRoot(), lookup(""));
    repeat(NfsStatus.OP_ILLEGAL, out -> out.writeInt(99_999));
    repeat(NfsStatus.OK, putRoot(), lookup("data"), makeDirectory("d"));
    repeat(NfsStatus.EXIST, putRoot(), lookup("data"), makeDirectory("d"));
    var rename = TestOps.rename("d", "e");
    var save = op(OperationCode.SAVEFH);
    repeat(NfsStatus.OK, putRoot(), lookup("data"), save, rename);
  }

  @SafeVarargs
  private void repeat(NfsStatus expected, Consumer<ByteBuf>... operations) throws Exception {
    var first = client.call(operations).require(expected);
    var other = client.connect();
    for (var connection : new TestConnection[] {client.connection(), other}) {
      var again = client.over(connection).again(operations).require(expected);
      assertThat(again.results()).isEqualTo(first.results());
      assertThat(again.sequence()).isEqualTo(first.sequence());
      assertThat(again.body()).isEqualTo(first.body());
    }
  }

  /** Kept although the client did not ask, or said to be not kept; never run a second time. */
  @Test
  void aChangeThatWasNotToBeKeptIsNotRepeatedEither() throws Exception {
    var change = TestOps.array(List.of(putRoot(), lookup("data"), makeDirectory("x")));
    var uncached = client.caller().uncached();
    uncached.call(change).requireOk();
    assertThat(uncached.again(change).status())
        .isIn(NfsStatus.OK.code(), NfsStatus.RETRY_UNCACHED_REP.code());
  }

  @Test
  void aLargeReplyThatIsNotKeptIsSaidToBeSo() throws Exception {
    var file = TestState.open(client, "o", "f", TestState.BOTH, 0);
    client
        .call(TestOps.putFh(file.handle()), TestOps.write(file.id(), 0, new byte[9000]))
        .requireOk();
    var read = TestOps.read(file.id(), 0, 9000);
    var uncached = client.caller().uncached();
    uncached.call(TestOps.putFh(file.handle()), read).requireOk();
    var again = uncached.again(TestOps.putFh(file.handle()), read);
    assertThat(again.status()).isEqualTo(NfsStatus.RETRY_UNCACHED_REP.code());
    assertThat(again.results()).isEqualTo(2);
    uncached.call(TestOps.putFh(file.handle()), read).requireOk();
  }

  /** Those behind a large WRITE count, too. */
  @Test
  void anotherOperationAtTheEndOfALargeRequestMakesAFalseRetry() throws Exception {
    var file = TestState.open(client, "o", "f", TestState.BOTH, 0);
    var write = TestOps.write(file.id(), 0, new byte[9000]);
    var handle = TestOps.putFh(file.handle());
    client.call(handle, write, putRoot(), lookup("data"), makeDirectory("one")).requireOk();
    client
        .again(handle, write, putRoot(), lookup("data"), makeDirectory("two"))
        .require(NfsStatus.SEQ_FALSE_RETRY);
    client.again(handle, write, putRoot(), lookup("data"), makeDirectory("one")).requireOk();
  }

  @Test
  void anotherRequestUnderAnOldNumberIsAFalseRetry() throws Exception {
    client.call(putRoot(), lookup("data"), makeDirectory("one")).requireOk();
    client
        .again(putRoot(), lookup("data"), makeDirectory("two"))
        .require(NfsStatus.SEQ_FALSE_RETRY);
    client.as(7, 7);
    client
        .again(putRoot(), lookup("data"), makeDirectory("one"))
        .require(NfsStatus.SEQ_FALSE_RETRY);
    client.as(0, 0);
    client.again(putRoot(), lookup("data"), makeDirectory("one")).requireOk();
    client.call(putRoot(), lookup("data"), lookup("two")).require(NfsStatus.NOENT);
  }

  @Test
  void requestsBeyondWhatWasAgreedAreRefusedBeforeTheyRun() throws Exception {
    client.exchangeId("a", 1);
    client
        .createSession(
            TestOps.createSession(
                client.clientId(),
                client.createSequence(),
                0,
                new Channel(512, 8192, 8192, 4, 8),
                TestOps.BACK))
        .requireOk();
    client.call(putRoot(), lookup("12345".repeat(100))).require(NfsStatus.REQ_TOO_BIG);
    var many = client.requireTestSession().fore().operationsMax();
    var fits = TestOps.array(Collections.nCopies(many - 1, putRoot()));
    // A request that was refused has used no number.
    client.again(fits).requireOk();
    var more = TestOps.array(Collections.nCopies(many, putRoot()));
    client.call(more).require(NfsStatus.TOO_MANY_OPS);
    client.again(putRoot()).requireOk();
  }

  @Test
  void tagsAreEchoedAndVersionsChecked() throws Exception {
    try (var four2 = new TestClient(server.port(), 3);
        var four0 = new TestClient(server.port(), 0)) {
      assertThat(four2.bare().status()).isEqualTo(NfsStatus.MINOR_VERS_MISMATCH.code());
      assertThat(four0.bare(out -> out.writeInt(99_999)).status())
          .isEqualTo(NfsStatus.MINOR_VERS_MISMATCH.code());
    }
    var illegal = client.call(out -> out.writeInt(99_999)).require(NfsStatus.OP_ILLEGAL);
    assertThat(illegal.body().readInt()).isEqualTo(OperationCode.ILLEGAL);
    client.call(putRoot(), getAttr(1)).requireOk();
  }
}
