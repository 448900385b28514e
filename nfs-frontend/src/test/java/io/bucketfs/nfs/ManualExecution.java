package io.bucketfs.nfs;

import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Time that stands until a test moves it; tasks run in the test's thread. Not thread-safe. */
public final class ManualExecution implements Execution {
  private final Random random = new Random(1);
  private final List<Scheduled> scheduled = new ArrayList<>();
  private long nanos = 1_000_000_000L;

  private record Scheduled(long atNanos, Runnable task) {}

  /** Moves time on, and runs what falls due, in order. */
  public void advance(Duration by) {
    var end = nanos + by.toNanos();
    while (true) {
      var next =
          scheduled.stream()
              .filter(one -> one.atNanos <= end)
              .reduce((a, b) -> b.atNanos < a.atNanos ? b : a);
      if (next.isEmpty()) {
        nanos = end;
        return;
      }
      scheduled.remove(next.get());
      nanos = Math.max(nanos, next.get().atNanos);
      next.get().task.run();
    }
  }

  /** Moves time on while nothing runs, as when the process is stopped. */
  public void standStill(Duration by) {
    nanos += by.toNanos();
  }

  @Override
  public Instant now() {
    return Instant.ofEpochSecond(0, nanos);
  }

  @Override
  public long nanoTime() {
    return nanos;
  }

  @Override
  public long randomLong() {
    return random.nextLong();
  }

  @Override
  public void fork(String name, Runnable task) {
    task.run();
  }

  @Override
  public void forkNative(String name, Runnable task) {
    task.run();
  }

  @Override
  public Task schedule(Duration delay, String name, Runnable task) {
    var one = new Scheduled(nanos + delay.toNanos(), task);
    scheduled.add(one);
    return new Task() {
      @Override
      public void cancel() {
        scheduled.remove(one);
      }

      @Override
      public void join() {}
    };
  }

  @Override
  public Task dedicate(String name, Runnable loop) {
    throw new AssertionError("what is tested here has no thread of its own");
  }

  @Override
  public <T> T offload(Callable<T> work) {
    throw new AssertionError("what is tested here does not wait for the disk");
  }

  @Override
  public <T extends @Nullable Object> T await(CompletionStage<T> stage, Patience patience) {
    throw new AssertionError("what is tested here does not wait");
  }

  @Override
  public void sleep(Duration time) {
    advance(time);
  }
}
