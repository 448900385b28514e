package io.bucketfs.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

class SimulatedExecutionTest {

  /**
   * Producers and consumers with locks, queues, sleeps and offloads; returns the order of events.
   */
  private static List<String> busyDay(SimulatedExecution execution) {
    var events = new ArrayList<String>();
    execution.run(() -> {
      var queue = new LinkedBlockingQueue<Integer>();
      var lock = new ReentrantLock();
      var done = new CountDownLatch(10);
      for (var i = 0; i < 10; i++) {
        var number = i;
        execution.fork("producer " + i, () -> produce(execution, number, lock, queue));
        execution.fork(
            "consumer " + i,
            () -> {
              try {
                events.add("consumed " + queue.take());
                done.countDown();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
      }
      done.await();
    });
    assertThat(execution.failures()).isEmpty();
    return events;
  }

  private static void produce(
      SimulatedExecution execution,
      int number,
      ReentrantLock lock,
      LinkedBlockingQueue<Integer> to) {
    try {
      execution.sleep(Duration.ofMillis(Math.floorMod(execution.randomLong(), 50)));
      lock.lock();
      try {
        to.add(execution.offload(() -> number));
      } finally {
        lock.unlock();
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void repeatsARunFromItsSeed() {
    for (var seed = 0; seed < 20; seed++) {
      var first = new SimulatedExecution(seed);
      var second = new SimulatedExecution(seed);
      assertThat(busyDay(first)).isEqualTo(busyDay(second));
      assertThat(first.traceHash()).isEqualTo(second.traceHash());
      assertThat(first.now()).isEqualTo(second.now());
    }
  }

  @Test
  void tellsSeedsApart() {
    var traces = new HashSet<Long>();
    for (var seed = 0; seed < 20; seed++) {
      var execution = new SimulatedExecution(seed);
      busyDay(execution);
      traces.add(execution.traceHash());
    }
    assertThat(traces).hasSize(20);
  }

  @Test
  void jumpsOverTimeInWhichNothingHappens() {
    var execution = new SimulatedExecution(1);
    var begin = execution.now();
    execution.runFor(Duration.ofDays(365));
    assertThat(Duration.between(begin, execution.now())).isEqualTo(Duration.ofDays(365));
  }

  @Test
  void namesWhatWaitsInADeadlock() {
    var execution = new SimulatedExecution(1);
    assertThatThrownBy(() ->
            execution.run(() -> {
              execution.fork("stuck forever", () -> waitFor(new CountDownLatch(1)));
              waitFor(new CountDownLatch(1));
            }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("deadlock")
        .hasMessageContaining("stuck forever")
        .hasMessageContaining("waitFor");
  }

  private static void waitFor(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void handsOnWhatTheMainTaskThrows() {
    assertThatThrownBy(() ->
            new SimulatedExecution(1)
                .run(() -> {
                  throw new IllegalArgumentException("main");
                }))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void keepsWhatATaskThrowsToItself() {
    var execution = new SimulatedExecution(1);
    execution.run(() -> {
      execution
          .dedicate(
              "failing",
              () -> {
                throw new IllegalStateException("alone");
              })
          .join();
    });
    assertThat(execution.failures()).hasSize(1);
  }

  @Test
  void awaitsInVirtualTime() {
    var execution = new SimulatedExecution(1);
    execution.run(() -> {
      var stage = new CompletableFuture<String>();
      assertThatThrownBy(() -> execution.await(stage, Patience.NONE)).isSameAs(WouldBlock.INSTANCE);
      var hour = Patience.atMost(Duration.ofHours(1), execution.nanoTime());
      assertThatThrownBy(() -> execution.await(stage, hour)).isInstanceOf(TimeoutException.class);
      assertThat(execution.nanoTime()).isEqualTo(Duration.ofHours(1).toNanos());
      execution.schedule(Duration.ofHours(2), "answer", () -> stage.complete("late"));
      assertThat(execution.await(stage, Patience.FOREVER)).isEqualTo("late");
    });
  }

  @Test
  void awaitUnwrapsFailures() {
    var execution = new SimulatedExecution(1);
    execution.run(() ->
        assertThatThrownBy(() ->
                execution.await(
                    CompletableFuture.failedFuture(new IOException()).thenApply(x -> x),
                    Patience.FOREVER))
            .isInstanceOf(ExecutionException.class)
            .hasCauseInstanceOf(IOException.class));
  }

  @Test
  void cancelsWhatHasNotBegunAndInterruptsWhatHas() {
    var execution = new SimulatedExecution(1);
    var events = new ArrayList<String>();
    execution.run(() -> {
      var later = execution.schedule(Duration.ofHours(1), "later", () -> events.add("begun"));
      later.cancel();
      later.join();
      var sleeper =
          execution.dedicate(
              "sleeper",
              () -> {
                try {
                  execution.sleep(Duration.ofHours(5));
                } catch (InterruptedException e) {
                  events.add("interrupted");
                }
              });
      execution.sleep(Duration.ofSeconds(1));
      sleeper.cancel();
      sleeper.join();
    });
    assertThat(events).containsExactly("interrupted");
    assertThat(execution.nanoTime()).isEqualTo(Duration.ofSeconds(1).toNanos());
  }

  @Test
  void abandonedTasksNeverRunAgain() {
    var execution = new SimulatedExecution(1);
    var events = new ArrayList<String>();
    var latch = new CountDownLatch(1);
    execution.run(() ->
        execution.fork(
            "old",
            () -> {
              waitFor(latch);
              events.add("old");
            }));
    execution.runFor(Duration.ofSeconds(1));
    execution.abandonAll();
    execution.run(latch::countDown);
    execution.runFor(Duration.ofSeconds(1));
    assertThat(events).isEmpty();
  }
}
