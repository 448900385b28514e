package io.bucketfs.nfs.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.access.ClientAddress;
import io.bucketfs.nfs.callback.CallbackCalls;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** How many slots a session has, and what becomes of those that go (RFC 8881, 2.10.6.1). */
final class SlotTableTest {
  private static final int REPLY_BYTES_MAX = 8192;

  /** A connection that is never used. */
  private static final ReplyTarget TARGET =
      new ReplyTarget(
          new Peer() {
            @Override
            public String address() {
              return "";
            }

            @Override
            public ClientAddress clientAddress() {
              return ClientAddress.UNKNOWN;
            }

            @Override
            public CallbackCalls callbacks() {
              throw new AssertionError("slots call nobody back");
            }

            @Override
            public void joined(Session session) {}

            @Override
            public void left(Session session) {}
          },
          1);

  private final SlotBudget budget = budget(100);

  /** The share of somebody who is alone. */
  private static SlotBudget budget(long slots) {
    return new SlotBudget(new FairShares(2 * slots * SlotTable.SLOT_BYTES), ClientAddress.UNKNOWN);
  }

  private SlotTable table(int asked) {
    return Objects.requireNonNull(SlotTable.reserve(budget, REPLY_BYTES_MAX, asked));
  }

  private static void run(SlotTable table, int number, int sequence, int highestUsed)
      throws NfsException {
    var slot = Objects.requireNonNull(table.slot(number));
    assertThat(slot.admit(sequence, 1, false, TARGET)).isInstanceOf(Slot.Admission.Run.class);
    table.obeyed(slot.generation(), highestUsed);
    slot.setGeneration(table.generation());
    slot.finish(null, 0);
  }

  @Test
  void aSlotBeyondTheLimitIsNotThere() {
    var table = table(8);
    assertThat(table.slot(7)).isNotNull().isSameAs(table.slot(7));
    assertThat(table.slot(8)).isNull();
    assertThat(table.slot(-1)).isNull();
    table.raise(20);
    assertThat(table.slot(19)).isNotNull();
    assertThat(table.slot(20)).isNull();
  }

  @Test
  void theLimitFollowsALowerTargetOnlyOnceTheClientHasSeenAndObeysIt() throws Exception {
    var table = table(64);
    run(table, 0, 1, 40);
    run(table, 40, 1, 40);
    table.lower(16);
    assertThat(table.target()).isEqualTo(16);
    assertThat(table.limit()).isEqualTo(64);

    run(table, 0, 2, 0); // this reply tells it; the request before could not know
    assertThat(table.limit()).isEqualTo(64);
    run(table, 1, 1, 1); // a slot that was never told
    assertThat(table.limit()).isEqualTo(64);
    run(table, 0, 3, 40); // told, but the client uses more yet
    assertThat(table.limit()).isEqualTo(64);
    run(table, 0, 4, 15);
    assertThat(table.limit()).isEqualTo(16);
    assertThat(table.slot(16)).isNull();
    assertThat(budget.shares().taken()).isEqualTo(16 * SlotTable.SLOT_BYTES);
  }

  @Test
  void aSlotOnWhichARequestRunsStays() throws Exception {
    var table = table(64);
    run(table, 0, 1, 0);
    var busy = Objects.requireNonNull(table.slot(30));
    busy.admit(1, 1, false, TARGET);
    table.lower(16);
    run(table, 0, 2, 0);
    run(table, 0, 3, 0);
    assertThat(table.limit()).isEqualTo(31);
    busy.finish(null, 0);
    run(table, 0, 4, 0);
    assertThat(table.limit()).isEqualTo(16);
  }

  /** Clients differ in whether they remember the numbers of slots they gave up. */
  @Test
  void aSlotThatComesBackGoesOnOrBeginsAnew() throws Exception {
    for (var next : List.of(6, 1)) {
      var table = table(20);
      for (var sequence = 1; sequence <= 5; sequence++) {
        run(table, 18, sequence, 18);
      }
      table.lower(16);
      run(table, 0, 1, 0);
      run(table, 0, 2, 0);
      assertThat(table.slot(18)).isNull();
      table.raise(20);
      var slot = Objects.requireNonNull(table.slot(18));
      assertThatThrownBy(() -> slot.admit(5, 1, false, TARGET))
          .isInstanceOfSatisfying(
              NfsException.class, e -> assertThat(e.status()).isEqualTo(NfsStatus.SEQ_MISORDERED));
      run(table, 18, next, 18);
      run(table, 18, next + 1, 18);
      table.dispose();
    }
    assertThat(budget.shares().taken()).isZero();
  }

  @Test
  void theBudgetBoundsWhatIsGrantedAndRaised() {
    var first = table(64);
    var second = table(64);
    assertThat(first.limit()).isEqualTo(64);
    assertThat(second.limit()).isEqualTo(36);
    first.raise(1024);
    assertThat(first.limit()).isEqualTo(64);
    assertThat(SlotTable.reserve(budget, REPLY_BYTES_MAX, 1)).isNull();
    second.dispose();
    second.dispose();
    first.raise(1024);
    assertThat(first.limit()).isEqualTo(100);
    first.dispose();
    assertThat(budget.shares().taken()).isZero();
  }

  @Test
  void whereMemoryIsShortASessionBeginsSmall() {
    table(88);
    assertThat(table(64).limit()).isEqualTo(12);
    var roomy = budget(2_000);
    Objects.requireNonNull(SlotTable.reserve(roomy, REPLY_BYTES_MAX, 1900));
    assertThat(Objects.requireNonNull(SlotTable.reserve(roomy, REPLY_BYTES_MAX, 64)).limit())
        .isEqualTo(16);
  }

  /** Only a client that keeps large replies needs more than the slots themselves. */
  @Test
  void largeRepliesAreKeptWhileThereIsRoom() throws Exception {
    var table = table(64);
    var slots = table.limit() * SlotTable.SLOT_BYTES;
    var kept = 0;
    while (keep(table, kept, 1)) {
      kept++;
    }
    // Shares are fair: the room that counts is half of what is left.
    assertThat(kept).isEqualTo(3);
    assertThat(budget.shares().taken())
        .isEqualTo(slots + kept * (REPLY_BYTES_MAX - Slot.USUAL_REPLY_BYTES));

    // A retry is answered, the next request takes the place of the last, and others go on.
    var first = Objects.requireNonNull(table.slot(0));
    var replay = (Slot.Admission.Replay) first.admit(1, 1, true, TARGET);
    Objects.requireNonNull(replay.reply()).release();
    assertThat(keep(table, 0, 2)).isTrue();
    run(table, kept, 1, kept);
    assertThat(keep(table, kept, 2)).isFalse();
    run(table, 0, 3, 0);
    assertThat(keep(table, kept, 2)).isTrue();
    table.dispose();
    assertThat(budget.shares().taken()).isZero();
  }

  private static boolean keep(SlotTable table, int number, int sequence) {
    var slot = Objects.requireNonNull(table.slot(number));
    try {
      slot.admit(sequence, 1, true, TARGET);
    } catch (NfsException e) {
      assertThat(e.status()).isEqualTo(NfsStatus.DELAY);
      return false;
    }
    slot.finish(Unpooled.buffer(1), REPLY_BYTES_MAX);
    return true;
  }

  @Test
  void whatNeedNotBeKeptIsNotWhereThereIsNoRoom() throws Exception {
    var table = table(100);
    var slot = Objects.requireNonNull(table.slot(0));
    slot.admit(1, 1, false, TARGET);
    slot.finish(Unpooled.buffer(1), 4096);
    assertThat(slot.admit(1, 1, false, TARGET)).isEqualTo(new Slot.Admission.Replay(null));
    table.dispose();
  }

  @Test
  void aDisposedTableHasNoSlots() {
    var table = table(8);
    table.dispose();
    assertThat(table.slot(3)).isNull();
  }
}
