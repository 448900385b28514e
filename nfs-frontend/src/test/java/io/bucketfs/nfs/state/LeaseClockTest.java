package io.bucketfs.nfs.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.ManualExecution;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class LeaseClockTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final ManualExecution execution = new ManualExecution();
  private final LeaseClock clock = new LeaseClock(execution, Duration.ofSeconds(90), SECOND);

  @Test
  void goesOnWhileTheHeartbeatRuns() {
    for (var n = 0; n < 100; n++) {
      execution.standStill(SECOND);
      clock.beat();
    }
    assertThat(clock.now()).isEqualTo(SECOND.multipliedBy(100).toNanos());
  }

  /** A stopped process comes back and serves a request before its heartbeat runs. */
  @Test
  void doesNotCountAPauseEvenBeforeTheFirstHeartbeatAfterIt() {
    clock.beat();
    execution.standStill(Duration.ofMinutes(3));
    assertThat(clock.now()).isLessThanOrEqualTo(2 * SECOND.toNanos());
    var before = clock.now();
    clock.beat();
    assertThat(clock.now()).isEqualTo(before);
    execution.standStill(SECOND);
    assertThat(clock.now()).isEqualTo(before + SECOND.toNanos());
  }

  @Test
  void neverGoesBack() {
    var last = clock.now();
    for (var n = 0; n < 1000; n++) {
      execution.standStill(Duration.ofMillis(n * 7 % 5000));
      if (n % 3 == 0) {
        clock.beat();
      }
      assertThat(clock.now()).isGreaterThanOrEqualTo(last);
      last = clock.now();
    }
  }
}
