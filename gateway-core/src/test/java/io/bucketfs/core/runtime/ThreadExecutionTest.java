package io.bucketfs.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ThreadExecutionTest {
  private final AtomicLong failures = new AtomicLong();
  private final ThreadExecution execution = new ThreadExecution(2, new CountingMeters());

  @AfterEach
  void close() {
    execution.close();
  }

  @Test
  void forksVirtualThreads() throws Exception {
    var seen = new CompletableFuture<Thread>();
    execution.fork("forked", () -> seen.complete(Thread.currentThread()));
    assertThat(seen.get().isVirtual()).isTrue();
    assertThat(seen.get().getName()).isEqualTo("forked");
  }

  @Test
  void countsWhatATaskThrows() throws Exception {
    var task =
        execution.dedicate(
            "failing",
            () -> {
              throw new IllegalStateException("on purpose");
            });
    task.join();
    assertThat(failures).hasValue(1);
  }

  @Test
  void dedicatesAPlatformThreadThatCancelInterrupts() throws Exception {
    var virtual = new AtomicBoolean(true);
    var interrupted = new AtomicBoolean();
    var task =
        execution.dedicate(
            "loop",
            () -> {
              virtual.set(Thread.currentThread().isVirtual());
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                interrupted.set(true);
              }
            });
    task.cancel();
    task.join();
    assertThat(virtual).isFalse();
    assertThat(interrupted).isTrue();
  }

  @Test
  void doesNotStartACancelledTask() throws Exception {
    var started = new AtomicBoolean();
    var task = execution.schedule(Duration.ofHours(1), "later", () -> started.set(true));
    task.cancel();
    task.join();
    assertThat(started).isFalse();
  }

  @Test
  void startsAScheduledTask() throws Exception {
    var seen = new CompletableFuture<Boolean>();
    execution.schedule(
        Duration.ofMillis(1), "soon", () -> seen.complete(Thread.currentThread().isVirtual()));
    assertThat(seen.get()).isTrue();
  }

  @Test
  void offloadsFromVirtualThreadsToAtMostSoManyPlatformThreads() throws Exception {
    var running = new AtomicInteger();
    var runningMax = new AtomicInteger();
    var allDone = new CountDownLatch(20);
    var both = new CountDownLatch(2);
    var onVirtual = new AtomicBoolean();
    Callable<Integer> work =
        () -> {
          runningMax.accumulateAndGet(running.incrementAndGet(), Math::max);
          if (Thread.currentThread().isVirtual()) {
            onVirtual.set(true);
          }
          both.countDown();
          both.await();
          return running.decrementAndGet();
        };
    for (var i = 0; i < 20; i++) {
      execution.fork(
          "caller",
          () -> {
            try {
              execution.offload(work);
            } catch (ExecutionException | InterruptedException e) {
              throw new IllegalStateException(e);
            } finally {
              allDone.countDown();
            }
          });
    }
    allDone.await();
    assertThat(onVirtual).isFalse();
    assertThat(runningMax).hasValue(2);
    assertThat(failures).hasValue(0);
  }

  @Test
  void offloadsInPlaceOnAPlatformThread() throws Exception {
    assertThat(execution.offload(Thread::currentThread)).isSameAs(Thread.currentThread());
  }

  @Test
  void nativeTasksWaitForTheirOffloadedWorkInPlace() throws Exception {
    var done = new CompletableFuture<Boolean>();
    execution.forkNative(
        "native",
        () -> {
          var here = Thread.currentThread();
          try {
            done.complete(execution.offload(() -> Thread.currentThread().equals(here)));
          } catch (ExecutionException | InterruptedException e) {
            done.completeExceptionally(e);
          }
        });
    assertThat(done.get()).isTrue();
  }

  @Test
  void nativeTasksRunInSomeWayWhenTheirThreadsEnd() throws Exception {
    execution.close();
    var done = new CompletableFuture<Boolean>();
    execution.forkNative("late", () -> done.complete(true));
    assertThat(done.get()).isTrue();
  }

  @Test
  void handsOnWhatOffloadedWorkThrows() {
    assertThatThrownBy(() ->
            execution.offload(() -> {
              throw new IOException("disk");
            }))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(IOException.class);
  }

  @Test
  void waitsForBegunWorkInSpiteOfAnInterrupt() throws Exception {
    var begun = new CountDownLatch(1);
    var finish = new CountDownLatch(1);
    var result = new AtomicReference<@Nullable String>();
    var stillInterrupted = new AtomicBoolean();
    Callable<String> work =
        () -> {
          begun.countDown();
          finish.await();
          return "done";
        };
    var caller =
        Thread.ofVirtual()
            .start(() -> {
              try {
                result.set(execution.offload(work));
                stillInterrupted.set(Thread.currentThread().isInterrupted());
              } catch (ExecutionException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    begun.await();
    caller.interrupt();
    finish.countDown();
    caller.join();
    assertThat(result).hasValue("done");
    assertThat(stillInterrupted).isTrue();
  }

  @Test
  void doesNotWaitWithoutPatience() throws Exception {
    var stage = new CompletableFuture<String>();
    assertThatThrownBy(() -> execution.await(stage, Patience.NONE)).isSameAs(WouldBlock.INSTANCE);
    stage.complete("there");
    assertThat(execution.await(stage, Patience.NONE)).isEqualTo("there");
  }

  @Test
  void timesOutWhenPatienceRunsOut() {
    var patience = Patience.atMost(Duration.ofMillis(1), execution.nanoTime());
    assertThatThrownBy(() -> execution.await(new CompletableFuture<>(), patience))
        .isInstanceOf(TimeoutException.class);
  }

  @Test
  void awaitUnwrapsWhatChainedStagesThrow() {
    var stage =
        CompletableFuture.supplyAsync(
                () -> {
                  throw new CompletionException(new IOException("far away"));
                })
            .thenApply(x -> x);
    assertThatThrownBy(() -> execution.await(stage, Patience.FOREVER))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(IOException.class);
  }

  private final class CountingMeters implements Meters {
    @Override
    public Counter counter(String name, String... tags) {
      return failures::addAndGet;
    }

    @Override
    public Timer timer(String name, String... tags) {
      return _ -> {};
    }

    @Override
    public void gauge(String name, DoubleSupplier value, String... tags) {}
  }
}
