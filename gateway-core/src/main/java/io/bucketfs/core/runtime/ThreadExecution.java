package io.bucketfs.core.runtime;

import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Real threads and the real clock.
 *
 * <p>Tasks run on virtual threads. Native waits run on a bounded pool of platform threads, since a
 * virtual thread in JNI or fsync holds its carrier, and there are only as many carriers as cores.
 * The pool's queue needs no bound: each entry is a thread that waits for it, or a request that was
 * let in.
 */
public final class ThreadExecution implements Execution, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ThreadExecution.class);
  private static final Duration IDLE_THREAD_LIFE = Duration.ofSeconds(30);

  private final Clock clock = Clock.systemUTC();
  private final ThreadPoolExecutor nativeWaits;
  private final Meters.Counter failures;

  /**
   * @param nativeThreadsMax platform threads that may wait in native code at a time
   */
  public ThreadExecution(int nativeThreadsMax, Meters meters) {
    if (nativeThreadsMax < 1) {
      throw new IllegalArgumentException("native threads: " + nativeThreadsMax);
    }
    failures = meters.counter("task_failures");
    nativeWaits =
        new ThreadPoolExecutor(
            nativeThreadsMax,
            nativeThreadsMax,
            IDLE_THREAD_LIFE.toSeconds(),
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().name("native-", 0).daemon().factory());
    nativeWaits.allowCoreThreadTimeOut(true);
  }

  @Override
  public Instant now() {
    return clock.instant();
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public long randomLong() {
    return ThreadLocalRandom.current().nextLong();
  }

  @Override
  public void fork(String name, Runnable task) {
    Thread.ofVirtual().name(name).start(guarded(name, task));
  }

  @Override
  public void forkNative(String name, Runnable task) {
    try {
      nativeWaits.execute(guarded(name, task));
    } catch (RejectedExecutionException e) {
      fork(name, task); // it finds out itself what cannot be done any more
    }
  }

  @Override
  public Task dedicate(String name, Runnable loop) {
    return new ThreadTask(Thread.ofPlatform().name(name).daemon().start(guarded(name, loop)));
  }

  @Override
  public Task schedule(Duration delay, String name, Runnable task) {
    var guarded = guarded(name, task);
    return new ThreadTask(
        Thread.ofVirtual()
            .name(name)
            .start(() -> {
              try {
                Thread.sleep(delay);
              } catch (InterruptedException cancelled) {
                return;
              }
              guarded.run();
            }));
  }

  @Override
  public <T> T offload(Callable<T> work) throws ExecutionException, InterruptedException {
    var offloaded = new OffloadedWork<>(work);
    if (Thread.currentThread().isVirtual()) {
      nativeWaits.execute(offloaded);
    } else {
      offloaded.run();
    }
    return offloaded.result();
  }

  @Override
  public <T extends @Nullable Object> T await(CompletionStage<T> stage, Patience patience)
      throws ExecutionException, InterruptedException, TimeoutException {
    var future = stage.toCompletableFuture();
    if (!patience.mayWait() && !future.isDone()) {
      throw WouldBlock.INSTANCE;
    }
    try {
      return patience == Patience.FOREVER
          ? future.get()
          : future.get(patience.remainingNanos(nanoTime()), TimeUnit.NANOSECONDS);
    } catch (CancellationException cancelled) {
      throw new ExecutionException(cancelled);
    } catch (ExecutionException e) {
      throw unwrapped(e);
    }
  }

  /** The failure without the layers that chained stages put around it. */
  static ExecutionException unwrapped(ExecutionException failure) {
    var cause = failure.getCause();
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return new ExecutionException(cause);
  }

  @Override
  public void sleep(Duration time) throws InterruptedException {
    Thread.sleep(time);
  }

  /** Lets work that is on its way to the native threads finish, and takes no more. */
  @Override
  public void close() {
    nativeWaits.close();
  }

  private Runnable guarded(String name, Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (Throwable t) {
        failures.add(1);
        log.error("Task {} failed", name, t);
      }
    };
  }

  private record ThreadTask(Thread thread) implements Task {
    @Override
    public void cancel() {
      thread.interrupt();
    }

    @Override
    public void join() throws InterruptedException {
      thread.join();
    }
  }
}
