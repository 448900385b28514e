package io.bucketfs.core.content;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.runtime.SimulatedExecution;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Of 32 fetches that a mount may have, 8 are its own and 24 are borrowed of 48. */
final class FetchSharesTest {
  private static final int GONE = 1;
  private static final int ALSO_GONE = 2;
  private static final int WELL = 3;

  private final SimulatedExecution execution = new SimulatedExecution(1);
  private final FetchShares shares = new FetchShares(32);

  /** Starts many fetches of a mount that never end; how many run. */
  private AtomicInteger hang(int mount) {
    var running = new AtomicInteger();
    for (var i = 0; i < 100; i++) {
      execution.fork(
          "fetch",
          () -> {
            acquire(mount);
            running.incrementAndGet();
          });
    }
    return running;
  }

  private void acquire(int mount) {
    try {
      shares.acquire(mount);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void mountsThatHangLeaveAnotherItsShare() {
    execution.run(() -> {
      var first = hang(GONE);
      execution.sleep(Duration.ofSeconds(1));
      assertThat(first).hasValue(32);
      var second = hang(ALSO_GONE);
      var third = hang(WELL);
      execution.sleep(Duration.ofSeconds(1));
      assertThat(second.get() + third.get()).isEqualTo(8 + 8 + 24);
      assertThat(third).hasValueGreaterThanOrEqualTo(8);
    });
  }

  @Test
  void whatIsGivenBackGoesToWhoWaits() {
    execution.run(() -> {
      var first = hang(GONE);
      var second = hang(ALSO_GONE);
      execution.sleep(Duration.ofSeconds(1));
      assertThat(first.get() + second.get()).isEqualTo(64);
      var third = hang(WELL);
      execution.sleep(Duration.ofSeconds(1));
      assertThat(third).hasValue(8);
      // Of its own: nobody else can have it.
      shares.release(WELL);
      execution.sleep(Duration.ofSeconds(1));
      assertThat(third).hasValue(9);
      // A borrowed one: anybody may have it.
      shares.release(GONE);
      execution.sleep(Duration.ofSeconds(1));
      assertThat(first.get() + second.get() + third.get()).isEqualTo(64 + 9 + 1);
    });
  }

  @Test
  void everythingComesBack() {
    execution.run(() -> {
      for (var round = 0; round < 3; round++) {
        var ended = new AtomicInteger();
        for (var i = 0; i < 500; i++) {
          var mount = i % 4;
          execution.fork(
              "fetch",
              () -> {
                acquire(mount);
                shares.release(mount);
                ended.incrementAndGet();
              });
        }
        execution.sleep(Duration.ofSeconds(1));
        assertThat(ended).hasValue(500);
      }
      assertThat(hang(WELL))
          .satisfies(running -> {
            execution.sleep(Duration.ofSeconds(1));
            assertThat(running).hasValue(32);
          });
    });
  }
}
