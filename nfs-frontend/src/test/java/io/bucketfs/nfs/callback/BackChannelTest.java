package io.bucketfs.nfs.callback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.ManualExecution;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.LeakPresenceDetector;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The backchannel against a client that fails in every way (RFC 8881, 2.10.6, 20.9). */
final class BackChannelTest {
  private static final Duration ANSWER_MAX = Duration.ofSeconds(10);
  private static final byte[] SESSION = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final int PROGRAM = 0x4000_0000;
  private static final CallbackOperation OPERATION =
      new CallbackOperation.NotifyLock(new byte[] {1, 2, 3, 4}, 5, new byte[] {6});

  private final ManualExecution execution = new ManualExecution();
  private final List<CallbackOutcome> outcomes = new ArrayList<>();
  private final BackChannel channel =
      new BackChannel(
          execution,
          new BackChannel.Setup(SESSION, 1, 2, ANSWER_MAX),
          PROGRAM,
          List.of(new CallbackSecurity.None()));

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  /** A connection whose client answers when told. */
  private static final class Line {
    final List<Seen> calls = new ArrayList<>();
    final CallbackCalls callbacks = new CallbackCalls(this::take, 100);
    int pings;

    /** What CB_SEQUENCE said. */
    record Seen(int xid, int sequence, int slot, int highestSlot) {}

    private void take(ByteBuf record) {
      try {
        record.skipBytes(4);
        var xid = record.readInt();
        record.skipBytes(8);
        assertThat(record.readInt()).isEqualTo(PROGRAM);
        assertThat(record.readInt()).isEqualTo(1);
        if (record.readInt() == 0) {
          pings++;
          answer(xid, accepted());
          return;
        }
        record.skipBytes(16 + 4 + 4 + 4 + 4 + 4 + 16);
        calls.add(new Seen(xid, record.readInt(), record.readInt(), record.readInt()));
      } finally {
        record.release();
      }
    }

    private static ByteBuf accepted() {
      return Unpooled.buffer().writeInt(0).writeLong(0).writeInt(0);
    }

    void answer(int xid, ByteBuf reply) {
      callbacks.answered(xid, reply);
    }

    Seen last() {
      return calls.getLast();
    }

    void done(Seen call) {
      done(call, 0, 1);
    }

    void done(Seen call, int status, int target) {
      var reply = accepted().writeInt(status).writeInt(0).writeInt(2).writeInt(11).writeInt(0);
      reply.writeBytes(SESSION).writeInt(call.sequence).writeInt(call.slot);
      answer(call.xid, reply.writeInt(1).writeInt(target).writeInt(13).writeInt(status));
    }

    void refuse(Seen call, NfsStatus status) {
      var reply = accepted().writeInt(status.code()).writeInt(0).writeInt(1);
      answer(call.xid, reply.writeInt(11).writeInt(status.code()));
    }
  }

  private Line bound() {
    var line = new Line();
    assertThat(channel.bind(line.callbacks)).isTrue();
    return line;
  }

  private void call() {
    channel.call(OPERATION, outcomes::add);
  }

  private static CallbackOutcome answered() {
    return new CallbackOutcome.Answered(0);
  }

  private static CallbackOutcome unreachable() {
    return new CallbackOutcome.Unreachable();
  }

  @Test
  void aConnectionIsTriedWhenItIsBoundAndWhenSecurityChanges() {
    assertThat(channel.state()).isEqualTo(BackChannel.State.UNWANTED);
    call();
    assertThat(outcomes).containsExactly(unreachable());
    var line = bound();
    assertThat(line.pings).isEqualTo(1);
    assertThat(channel.state()).isEqualTo(BackChannel.State.UP);
    assertThat(channel.configure(PROGRAM, List.of(new CallbackSecurity.Gss()))).isFalse();
    assertThat(channel.configure(PROGRAM, List.of(new CallbackSecurity.Sys(new byte[20]))))
        .isTrue();
    assertThat(line.pings).isEqualTo(2);
  }

  @Test
  void callsCountOnOneSlotAndQueueForMore() {
    var line = bound();
    for (var n = 0; n < 4; n++) {
      call();
    }
    assertThat(line.calls).extracting(Line.Seen::slot).containsExactly(0, 1);
    assertThat(line.calls).extracting(Line.Seen::sequence).containsExactly(1, 1);
    line.done(line.calls.get(1));
    assertThat(line.last()).extracting(Line.Seen::slot, Line.Seen::sequence).containsExactly(1, 2);
    line.done(line.calls.get(0), NfsStatus.BADHANDLE.code(), 1);
    line.done(line.calls.get(2));
    line.done(line.calls.get(3));
    assertThat(outcomes)
        .containsExactly(
            answered(),
            new CallbackOutcome.Answered(NfsStatus.BADHANDLE.code()),
            answered(),
            answered());
  }

  @Test
  void theClientMayLowerTheNumberOfSlots() {
    var line = bound();
    call();
    line.done(line.last(), 0, 0);
    call();
    call();
    assertThat(line.calls).hasSize(2);
    line.done(line.last(), 0, 0);
    assertThat(line.calls).extracting(Line.Seen::slot).containsOnly(0);
    assertThat(line.last().sequence).isEqualTo(3);
    line.done(line.last(), 0, 0);
    assertThat(outcomes).hasSize(3);
  }

  /** The same number on the other connection: whichever came through, the client does it once. */
  @Test
  void aCallThatIsNotAnsweredGoesOverTheNextConnection() {
    var first = bound();
    var second = bound();
    call();
    assertThat(first.calls).isEmpty();
    execution.advance(ANSWER_MAX);
    assertThat(first.last()).extracting(Line.Seen::slot, Line.Seen::sequence).containsExactly(0, 1);
    first.done(first.last());
    second.done(second.last());
    assertThat(outcomes).containsExactly(answered());
    assertThat(channel.state()).isEqualTo(BackChannel.State.UP);
  }

  @Test
  void aConnectionThatClosesHandsItsCallsOn() {
    var first = bound();
    var second = bound();
    call();
    channel.unbind(second.callbacks);
    second.callbacks.close();
    assertThat(first.calls).hasSize(1);
    channel.unbind(first.callbacks);
    first.callbacks.close();
    assertThat(outcomes).containsExactly(unreachable());
    assertThat(channel.state()).isEqualTo(BackChannel.State.DOWN);
    call();
    assertThat(outcomes).containsExactly(unreachable(), unreachable());
  }

  @Test
  void afterALostCallItIsFoundOutWhetherTheClientSawIt() {
    for (var sawIt : List.of(true, false)) {
      outcomes.clear();
      var fresh =
          new BackChannel(
              execution,
              new BackChannel.Setup(SESSION, 1, 1, ANSWER_MAX),
              PROGRAM,
              List.of(new CallbackSecurity.None()));
      var line = new Line();
      fresh.bind(line.callbacks);
      fresh.call(OPERATION, outcomes::add);
      execution.advance(ANSWER_MAX);
      assertThat(fresh.state()).isEqualTo(BackChannel.State.DOWN);

      var next = new Line();
      fresh.bind(next.callbacks);
      fresh.call(OPERATION, outcomes::add);
      assertThat(next.last().sequence).isEqualTo(2);
      if (!sawIt) {
        next.refuse(next.last(), NfsStatus.SEQ_MISORDERED);
        assertThat(next.last().sequence).isEqualTo(1);
      }
      next.done(next.last());
      fresh.call(OPERATION, outcomes::add);
      assertThat(next.last().sequence).isEqualTo(sawIt ? 3 : 2);
      next.done(next.last());
      assertThat(outcomes).containsExactly(unreachable(), answered(), answered());
      assertThat(fresh.state()).isEqualTo(BackChannel.State.UP);
    }
  }

  private BackChannel resumed(int next) {
    var fresh =
        new BackChannel(
            execution,
            new BackChannel.Setup(SESSION, 1, 2, ANSWER_MAX),
            PROGRAM,
            List.of(new CallbackSecurity.None()));
    fresh.resume(true);
    assertThat(fresh.resume(0, next)).isTrue();
    assertThat(fresh.resume(2, next)).as("a slot that is not there").isFalse();
    assertThat(fresh.state()).isEqualTo(BackChannel.State.DOWN);
    return fresh;
  }

  /** Answers as Linux does, and does not cache. */
  private static void answerAs(Line line, int clientIsAt) {
    var asked = line.last().sequence;
    if (asked == clientIsAt + 1) {
      line.done(line.last());
    } else {
      line.refuse(
          line.last(),
          asked == clientIsAt ? NfsStatus.RETRY_UNCACHED_REP : NfsStatus.SEQ_MISORDERED);
    }
  }

  /** Some of the last calls before a kill may not have been noted. */
  @Test
  void afterARestartItIsFoundOutHowFarTheClientIs() {
    for (var clientIsAt = 4; clientIsAt <= 20; clientIsAt++) {
      outcomes.clear();
      var fresh = resumed(5);
      var line = new Line();
      fresh.bind(line.callbacks);
      fresh.call(OPERATION, outcomes::add);
      for (var tries = 0; outcomes.isEmpty() && tries < 20; tries++) {
        answerAs(line, clientIsAt);
      }
      assertThat(outcomes).as("client is at %d", clientIsAt).containsExactly(answered());
      assertThat(line.last().sequence).isEqualTo(clientIsAt + 1);
      fresh.call(OPERATION, outcomes::add);
      line.done(line.last());
      assertThat(line.last().sequence).isEqualTo(clientIsAt + 2);
      assertThat(fresh.state()).isEqualTo(BackChannel.State.UP);
    }
  }

  @Test
  void aClientThatIsNowhereNearIsAFault() {
    for (var clientIsAt : List.of(2, 40)) {
      var fresh = resumed(5);
      var line = new Line();
      fresh.bind(line.callbacks);
      fresh.call(OPERATION, outcomes::add);
      for (var tries = 0; fresh.state() == BackChannel.State.UP && tries < 40; tries++) {
        answerAs(line, clientIsAt);
      }
      assertThat(fresh.state()).isEqualTo(BackChannel.State.FAULTY);
    }
  }

  @Test
  void howFarSlotsAreIsTold() {
    var told = new ArrayList<List<Integer>>();
    channel.onNumber((slot, next) -> told.add(List.of(slot, next)));
    var line = bound();
    call();
    call();
    assertThat(told).isEmpty();
    line.done(line.calls.get(1));
    line.done(line.calls.get(0));
    assertThat(told).containsExactly(List.of(1, 2), List.of(0, 2));
    assertThat(channel.usedSlots()).containsExactly(0, 1);
  }

  @Test
  void aSlotThatTheClientGaveUpIsNotUsedAgain() {
    var line = bound();
    call();
    call();
    line.refuse(line.calls.get(1), NfsStatus.BADSLOT);
    assertThat(line.calls).hasSize(2);
    line.done(line.calls.get(0), 0, 0);
    assertThat(line.last()).extracting(Line.Seen::slot, Line.Seen::sequence).containsExactly(0, 2);
    line.done(line.last(), 0, 0);
    assertThat(outcomes).containsExactly(answered(), answered());
    call();
    line.refuse(line.last(), NfsStatus.BADSLOT);
    assertThat(channel.state()).as("not even the first").isEqualTo(BackChannel.State.FAULTY);
  }

  /** It was done once; what came of it is lost. */
  @Test
  void aCallThatTheClientDidBeforeIsNotMadeAgain() {
    var first = bound();
    var second = bound();
    call();
    execution.advance(ANSWER_MAX);
    first.refuse(first.last(), NfsStatus.RETRY_UNCACHED_REP);
    assertThat(outcomes).containsExactly(unreachable());
    assertThat(channel.state()).isEqualTo(BackChannel.State.UP);
    call();
    assertThat(first.last().sequence).isEqualTo(2);
    assertThat(second.calls).hasSize(1);
  }

  @Test
  void aDelayedCallIsRepeatedWithItsNumberAndNotForEver() {
    var line = bound();
    call();
    for (var n = 0; n < 8; n++) {
      line.refuse(line.last(), NfsStatus.DELAY);
      execution.advance(Duration.ofSeconds(7));
      assertThat(line.calls).hasSize(n + 2);
      assertThat(line.last().sequence).isEqualTo(1);
    }
    line.refuse(line.last(), NfsStatus.DELAY);
    assertThat(outcomes).containsExactly(unreachable());
    assertThat(channel.state()).isEqualTo(BackChannel.State.UP);
  }

  @Test
  void aDisagreementAboutSlotsIsAFaultThatOnlyAnotherSessionMends() {
    var line = bound();
    call();
    call();
    call();
    line.refuse(line.calls.getFirst(), NfsStatus.SEQ_MISORDERED);
    assertThat(channel.state()).isEqualTo(BackChannel.State.FAULTY);
    assertThat(outcomes).containsExactly(unreachable(), unreachable());
    line.done(line.calls.get(1));
    assertThat(outcomes).hasSize(3);
    bound();
    assertThat(channel.state()).isEqualTo(BackChannel.State.FAULTY);
  }

  @Test
  void anAnswerThatIsNoneCountsAgainstTheConnection() {
    var line = bound();
    call();
    line.answer(line.last().xid, Unpooled.buffer().writeInt(1).writeInt(1).writeInt(1));
    assertThat(outcomes).containsExactly(unreachable());
    assertThat(channel.state()).isEqualTo(BackChannel.State.DOWN);
    line.answer(12345, Unpooled.EMPTY_BUFFER);
  }

  @Test
  void withoutSecurityOrSlotsThereIsNoBackchannel() {
    var setup = new BackChannel.Setup(SESSION, 1, 2, ANSWER_MAX);
    var gss = new BackChannel(execution, setup, PROGRAM, List.of(new CallbackSecurity.Gss()));
    assertThat(gss.bind(new Line().callbacks)).isFalse();
    var none = new BackChannel.Setup(SESSION, 1, 0, ANSWER_MAX);
    var empty = new BackChannel(execution, none, PROGRAM, List.of(new CallbackSecurity.None()));
    assertThat(empty.bind(new Line().callbacks)).isFalse();
    assertThat(empty.state()).isEqualTo(BackChannel.State.UNWANTED);
  }

  @Test
  void closingEndsWhatWaits() {
    var line = bound();
    for (var n = 0; n < 3; n++) {
      call();
    }
    channel.close();
    assertThat(outcomes).containsExactly(unreachable());
    line.done(line.calls.get(0));
    line.done(line.calls.get(1));
    assertThat(outcomes).containsExactly(unreachable(), answered(), answered());
    assertThat(channel.bind(line.callbacks)).isFalse();
  }
}
