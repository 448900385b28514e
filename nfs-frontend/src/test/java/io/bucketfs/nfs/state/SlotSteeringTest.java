package io.bucketfs.nfs.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.access.ClientAddress;
import io.bucketfs.nfs.ManualExecution;
import io.bucketfs.nfs.MemoryRecords;
import io.bucketfs.nfs.callback.BackChannel;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** How the number of slots follows what waits for S3. */
final class SlotSteeringTest {
  private final ManualExecution execution = new ManualExecution();
  private final SlotBudget budget =
      new SlotBudget(new FairShares(200_000_000), ClientAddress.UNKNOWN);
  private final Session session = session(64);

  private Session session(int asked) {
    var clock = new LeaseClock(execution, Duration.ofSeconds(90), Duration.ofSeconds(1));
    var client =
        new Client(
            1,
            new Clients.Identity(
                new Opaque(new byte[1]), 1, new Principal(0, 0), "", ClientAddress.UNKNOWN),
            clock);
    var slots = Objects.requireNonNull(SlotTable.reserve(budget, 8192, asked));
    var setup = new BackChannel.Setup(new byte[16], 1, 0, BackChannel.ANSWER_MAX);
    return new Session(
        new SessionId(1, 1),
        client,
        new ChannelLimits(8192, 8192, 8192, 16, asked),
        slots,
        new Clients.Callbacks(0, List.of(), 1, 0),
        new BackChannel(execution, setup, 0, List.of()),
        new Journal(new MemoryRecords()));
  }

  @Test
  void itGrowsTo1024WhileHalfOfTheSlotsWait() {
    for (var n = 0; n < 31; n++) {
      session.park();
    }
    assertThat(session.slotTarget()).isEqualTo(64);
    session.park();
    assertThat(session.slotTarget()).isEqualTo(96);
    for (var n = 32; n < 512; n++) {
      session.park();
      assertThat(session.isMostlyParked()).as("%d wait", n + 1).isFalse();
    }
    assertThat(session.slotTarget()).isEqualTo(1024);
    assertThat(session.slotLimit()).isEqualTo(1024);
    session.park();
    assertThat(session.isMostlyParked()).isTrue();
    session.unpark();
    assertThat(session.isMostlyParked()).isFalse();
  }

  @Test
  void whatIsNotNeededAnyMoreIsTakenBackStepByStepToWhatWasGranted() {
    for (var n = 0; n < 64; n++) {
      session.park();
    }
    var most = session.slotTarget();
    for (var n = 0; n < 64; n++) {
      session.unpark();
    }
    for (var look = 0; look < 10; look++) {
      session.relax(false);
    }
    assertThat(session.slotTarget()).isEqualTo(most);
    for (var look = 0; look < 100; look++) {
      session.relax(false);
    }
    assertThat(session.slotTarget()).isEqualTo(64);
    assertThat(session.slotLimit()).as("until the client obeys").isEqualTo(most);
  }

  @Test
  void memoryPressureTakesAllButSixteenAndGivesThemBackAfterwards() {
    for (var look = 0; look < 10; look++) {
      session.relax(true);
    }
    assertThat(session.slotTarget()).isEqualTo(16);
    for (var look = 0; look < 10; look++) {
      session.relax(false);
    }
    assertThat(session.slotTarget()).isEqualTo(64);
  }

  @Test
  void aSessionOfFewSlotsKeepsThemUnderPressure() {
    var small = session(4);
    small.relax(true);
    assertThat(small.slotTarget()).isEqualTo(4);
  }
}
