package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.runtime.SimulatedExecution;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class ExportTurnsTest {
  private static final Duration SEND = Duration.ofMillis(100);
  private static final int FILES = 200;

  @Test
  void sendsAsManyAtATimeAsATurnIsForWhileOthersAreMadeReady() {
    WriteBackTest.play(world -> {
      world.list("");
      for (var i = 0; i < FILES; i++) {
        world.write("f" + i, "x" + i);
      }
      var before = world.bucket.counts().of(RequestKind.PUT);
      world.bucket.faults().delay(SEND, SEND);
      world.execution.fork("flush", () -> flush(world));
      world.execution.sleep(SEND.dividedBy(2));
      assertThat(world.bucket.counts().of(RequestKind.PUT) - before)
          .isEqualTo(WritebackLimits.DEFAULT.exportsPerMountMax());
      world.execution.sleep(SEND.multipliedBy(10));
      assertThat(world.backlog().files()).isZero();
    });
  }

  private static void flush(World world) {
    try {
      world.flush();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void oneMountDoesNotTakeTheTurnsOfAnother() {
    var execution = new SimulatedExecution(1);
    var begun = new AtomicInteger();
    execution.run(() -> {
      var turns = new ExportTurns(1);
      var held = turns.take(1);
      turns.take(2).close();
      execution.fork(
          "waits",
          () -> {
            try (var _ = turns.take(1)) {
              begun.incrementAndGet();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
      execution.sleep(SEND);
      assertThat(begun).hasValue(0);
      held.close();
      execution.sleep(SEND);
      assertThat(begun).hasValue(1);
    });
  }
}
