package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.BACK;
import static io.bucketfs.nfs.TestOps.BACK_CHANNEL;
import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.TestSession.Channel;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.SequenceStatus;
import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * CREATE_SESSION, DESTROY_SESSION, BIND_CONN_TO_SESSION, BACKCHANNEL_CTL and trunking (RFC 8881,
 * 2.10.5, 18.33, 18.34, 18.36, 18.37).
 */
@Timeout(60)
final class CreateSessionTest {
  private static final Channel FORE = new Channel(1_049_620, 1_049_480, 7584, 8, 64);
  private static final int FORE_DIRECTION = 1;
  private static final int BACK_DIRECTION = 2;
  private static final int FORE_OR_BOTH = 3;
  private static final int BACK_OR_BOTH = 7;

  private NfsTestServer server;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60));
    client = new TestClient(server.port(), 1);
    client.exchangeId("a", 1);
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private Consumer<ByteBuf> create(Channel fore, Channel back) {
    return TestOps.createSession(
        client.clientId(), client.createSequence(), BACK_CHANNEL, fore, back);
  }

  /** Linux derives its rsize and wsize from the sizes, and refuses less than 8 operations. */
  @Test
  void whatLinuxAsksForIsGranted() throws Exception {
    client.createSession(create(FORE, BACK)).requireOk();
    var session = client.requireTestSession();
    assertThat(session.flags()).isEqualTo(BACK_CHANNEL);
    assertThat(session.fore()).isEqualTo(new Channel(1_049_620, 1_049_480, 7584, 16, 64));
    var reply = client.call(putRoot()).requireSequence();
    assertThat(reply.highestSlot()).isEqualTo(63);
    assertThat(reply.targetHighestSlot()).isEqualTo(63);
  }

  @Test
  void tooMuchIsCutAndTheNumberOfTheRequestIsEchoed() throws Exception {
    var sequence = client.createSequence();
    var body =
        client
            .createSession(create(new Channel(-1, -1, -1, 5000, 2049), BACK))
            .requireOk()
            .ok(OperationCode.CREATE_SESSION)
            .body();
    assertThat(SessionId.read(body)).isEqualTo(client.requireSession());
    assertThat(body.readInt()).isEqualTo(sequence);
    var fore = client.requireTestSession().fore();
    assertThat(fore.requestsMax()).isEqualTo(64);
    assertThat(fore.operationsMax()).isEqualTo(64);
    assertThat(fore.requestBytesMax()).isBetween(1_048_576, 2_000_000);
    assertThat(fore.cachedResponseBytesMax()).isEqualTo(8192);
  }

  @Test
  void channelsThatCarryNothingAreTooSmall() throws Exception {
    client
        .createSession(create(new Channel(20, 8192, 8192, 128, 8), BACK))
        .require(NfsStatus.TOOSMALL);
    client
        .createSession(create(new Channel(8192, 0, 8192, 128, 8), BACK))
        .require(NfsStatus.TOOSMALL);
    client
        .createSession(create(FORE, new Channel(10, 8192, 8192, 128, 1)))
        .require(NfsStatus.TOOSMALL);
    client.createSession(create(FORE, BACK)).requireOk();
  }

  @Test
  void aReplyLargerThanWasAgreedIsRefused() throws Exception {
    client.createSession(create(new Channel(400, 400, 400, 128, 8), BACK)).requireOk();
    var attributes = getAttr(0, 1, 3, 4, 8, 20);
    client
        .call(putRoot(), attributes, attributes, attributes, attributes, attributes)
        .require(NfsStatus.REP_TOO_BIG);
    client.call(putRoot()).requireOk();
  }

  @Test
  void aReplyTooLargeToBeKeptIsRefusedWhereItIsToBeKept() throws Exception {
    client.createSession(create(new Channel(8192, 8192, 10, 128, 8), BACK)).requireOk();
    client.call().require(NfsStatus.REP_TOO_BIG_TO_CACHE);
    // An error of SEQUENCE has used no number.
    client.caller().uncached().again(putRoot()).requireOk();
  }

  @Test
  void unknownFlagsAreInvalidAndUnknownClientsStale() throws Exception {
    client
        .createSession(
            TestOps.createSession(client.clientId(), client.createSequence(), 8, FORE, BACK))
        .require(NfsStatus.INVAL);
    client
        .createSession(TestOps.createSession(client.clientId() + 1, 1, 0, FORE, BACK))
        .require(NfsStatus.STALE_CLIENTID);
  }

  @Test
  void aRepeatedRequestGetsTheSameAnswerAlsoInsideAnotherSession() throws Exception {
    var request = create(FORE, BACK);
    var first = client.createSession(request).requireOk();
    var again = client.bare(request).requireOk();
    assertThat(again.body()).isEqualTo(first.body());
    var inside = client.call(request).requireOk();
    assertThat(inside.body()).isEqualTo(first.body());
    assertThat(server.server().view().sessions()).isEqualTo(1);
  }

  @Test
  void numbersOutOfOrderAreRefused() throws Exception {
    var sequence = client.createSequence();
    client
        .createSession(TestOps.createSession(client.clientId(), sequence + 1))
        .require(NfsStatus.SEQ_MISORDERED);
    client
        .createSession(TestOps.createSession(client.clientId(), sequence - 1))
        .require(NfsStatus.SEQ_MISORDERED);
    client.createSession().requireOk();
    client
        .createSession(TestOps.createSession(client.clientId(), sequence - 1))
        .require(NfsStatus.SEQ_MISORDERED);
  }

  @Test
  void onlyWhoMadeAClientConfirmsIt() throws Exception {
    client.as(7, 7);
    client.createSession().require(NfsStatus.CLID_INUSE);
    client.as(0, 0);
    client.createSession().requireOk();
  }

  @Test
  void itStandsAloneOrInASession() throws Exception {
    client.bare(create(FORE, BACK), putRoot()).require(NfsStatus.NOT_ONLY_OP);
    client.createSession().requireOk();
    var second = TestOps.createSession(client.clientId(), client.createSequence());
    client.call(second).requireOk();
    assertThat(server.server().view().sessions()).isEqualTo(2);
  }

  /** One of several kinds of credentials is enough, if this server can use it. */
  @Test
  void callbacksGoWithACredentialThatTheClientOffered() throws Exception {
    client.createSession(withSecurity(1, 6, 0)).requireOk();
    assertThat(client.requireTestSession().flags()).isEqualTo(BACK_CHANNEL);
    Eventually.holds(() -> client.callbacks().nulls() == 1);
    client.createSession(withSecurity(6)).requireOk();
    assertThat(client.requireTestSession().flags()).as("no GSS here").isZero();
    client.createSession(withSecurity()).requireOk();
    assertThat(client.requireTestSession().flags()).isZero();
  }

  private Consumer<ByteBuf> withSecurity(int... flavors) {
    var plain = create(FORE, BACK);
    return out -> {
      plain.accept(out);
      out.writerIndex(out.writerIndex() - 8);
      security(out, flavors);
    };
  }

  private static void security(ByteBuf out, int... flavors) {
    out.writeInt(flavors.length);
    for (var flavor : flavors) {
      out.writeInt(flavor);
      if (flavor == 1) {
        out.writeInt(5);
        Xdr.writeString(out, "machine");
        out.writeInt(7).writeInt(11).writeInt(2).writeInt(13).writeInt(17);
      } else if (flavor == 6) {
        out.writeInt(3);
        Xdr.writeString(out, "ours");
        Xdr.writeString(out, "theirs");
      }
    }
  }

  @Test
  void backchannelCtlChangesCredentialsAndTriesThem() throws Exception {
    client.createSession().requireOk();
    Eventually.holds(() -> client.callbacks().nulls() == 1);
    client.call(control(0, 1)).requireOk();
    Eventually.holds(() -> client.callbacks().nulls() == 2);
    client.call(control(6)).require(NfsStatus.NOENT);
  }

  private static Consumer<ByteBuf> control(int... flavors) {
    return op(
        OperationCode.BACKCHANNEL_CTL,
        out -> {
          out.writeInt(0x4000_0000);
          security(out, flavors);
        });
  }

  // ---- connections

  @Test
  void whereAllConnectionsForCallbacksAreGoneTheClientIsToldUntilItBindsAnother() throws Exception {
    client.createSession().requireOk();
    assertThat(client.call().requireSequence().flags()).isZero();
    client.reconnect();
    var down = SequenceStatus.CB_PATH_DOWN | SequenceStatus.CB_PATH_DOWN_SESSION;
    Eventually.holds(() -> client.call().requireSequence().flags() == down);
    bind(BACK_OR_BOTH, FORE_OR_BOTH);
    assertThat(client.call().requireSequence().flags()).isZero();
  }

  private void bind(int asked, int granted) throws Exception {
    var body =
        client
            .bare(TestOps.bindConnection(client.requireSession(), asked))
            .requireOk()
            .ok(OperationCode.BIND_CONN_TO_SESSION)
            .body();
    assertThat(SessionId.read(body)).isEqualTo(client.requireSession());
    assertThat(body.readInt()).isEqualTo(granted);
    assertThat(body.readInt()).isZero();
  }

  @Test
  void aConnectionIsBoundInTheDirectionsThatWereAskedFor() throws Exception {
    client.createSession().requireOk();
    bind(FORE_DIRECTION, FORE_DIRECTION);
    bind(BACK_DIRECTION, BACK_DIRECTION);
    bind(FORE_OR_BOTH, FORE_OR_BOTH);
    bind(BACK_OR_BOTH, FORE_OR_BOTH);
    client.bare(TestOps.bindConnection(client.requireSession(), 4)).require(NfsStatus.BADXDR);
    client
        .bare(TestOps.bindConnection(new SessionId(1, 2), FORE_DIRECTION))
        .require(NfsStatus.BADSESSION);
    client
        .bare(TestOps.bindConnection(client.requireSession(), FORE_DIRECTION), putRoot())
        .require(NfsStatus.NOT_ONLY_OP);
    client
        .call(TestOps.bindConnection(client.requireSession(), FORE_DIRECTION))
        .require(NfsStatus.NOT_ONLY_OP);
  }

  @Test
  void withoutUsableSecurityAConnectionIsBoundForRequestsOnly() throws Exception {
    client.createSession(withSecurity(6)).requireOk();
    bind(BACK_OR_BOTH, FORE_DIRECTION);
    client
        .bare(TestOps.bindConnection(client.requireSession(), BACK_DIRECTION))
        .require(NfsStatus.INVAL);
    assertThat(client.call().requireSequence().flags()).isZero();
  }

  @Test
  void aClientThatDoesNotAnswerCallbacksIsToldThatThePathIsDown() throws Exception {
    client.callbacks().setSilent(true);
    client.createSession().requireOk();
    client.reconnect();
    var down = SequenceStatus.CB_PATH_DOWN | SequenceStatus.CB_PATH_DOWN_SESSION;
    Eventually.holds(() -> client.call().requireSequence().flags() == down);
  }

  /** As with nconnect: one session over several connections, one of which dies. */
  @Test
  void aSessionGoesOnOverItsOtherConnections() throws Exception {
    client.createSession().requireOk();
    client.call(TestClient.reclaimComplete()).requireOk();
    var second = client.connect();
    client.slot(1).over(second).call(putRoot()).requireOk();
    var file = TestState.open(client, "o", "f", TestState.BOTH, 0);
    client.connection().close();
    client
        .slot(2)
        .over(second)
        .call(TestOps.putFh(file.handle()), TestOps.write(file.id(), 0, new byte[3]))
        .requireOk();
  }

  @Test
  void twoSessionsOfAClientShareItsState() throws Exception {
    client.createSession().requireOk();
    client.call(TestClient.reclaimComplete()).requireOk();
    var first = client.requireTestSession();
    var file = TestState.open(client, "o", "f", TestState.BOTH, 0);
    client.createSession().requireOk();
    client.bare(op(OperationCode.DESTROY_SESSION, first.id()::write)).requireOk();
    client.call(TestOps.putFh(file.handle()), TestOps.close(file.id())).requireOk();
  }

  // ---- DESTROY_SESSION

  @Test
  void aSessionIsDestroyedOnlyOverItsConnectionsAndAsTheLastOperation() throws Exception {
    client.createSession().requireOk();
    var destroy = op(OperationCode.DESTROY_SESSION, client.requireSession()::write);
    var stranger = client.connect();
    TestCaller.await(client.bareOver(stranger, destroy))
        .require(NfsStatus.CONN_NOT_BOUND_TO_SESSION);
    client.slot(1).over(stranger).call().requireOk();
    client.bare(destroy, putRoot()).require(NfsStatus.NOT_ONLY_OP);
    client.call(destroy, putRoot()).require(NfsStatus.NOT_ONLY_OP);
    TestCaller.await(client.bareOver(stranger, destroy)).requireOk();
    client.bare(destroy).require(NfsStatus.BADSESSION);
    client.call(putRoot()).require(NfsStatus.BADSESSION);
    client.createSession().requireOk();
    client.call(op(OperationCode.DESTROY_SESSION, client.requireSession()::write)).requireOk();
    assertThat(server.server().view().sessions()).isZero();
  }
}
