package io.bucketfs.core.runtime;

import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Threads, time and randomness. All waiting of the core goes through here, so that a simulation can
 * run it in one thread under virtual time from one seed.
 *
 * <p>Thread-safe.
 */
public interface Execution {
  /** The wall clock. */
  Instant now();

  /** A clock that only goes forward, in nanoseconds. */
  long nanoTime();

  /** 64 random bits. */
  long randomLong();

  /**
   * Starts a task on a new virtual thread. What it throws is logged and counted, and ends only this
   * task.
   */
  void fork(String name, Runnable task);

  /**
   * Starts a task on one of the platform threads of {@link #offload}, where it may wait in native
   * code as it stands. It must not wait for tasks that need such a thread themselves. As {@link
   * #fork} otherwise.
   */
  void forkNative(String name, Runnable task);

  /**
   * Starts a long-lived loop on a platform thread of its own. The thread is interrupted by {@link
   * Task#cancel}.
   */
  Task dedicate(String name, Runnable loop);

  /** Starts a task on a virtual thread after a delay. */
  Task schedule(Duration delay, String name, Runnable task);

  /**
   * Runs work that waits in native code (JNI, fsync, pread) on a bounded pool of platform threads
   * and waits for it. On a platform thread of {@link #dedicate} or {@link #forkNative} it runs in
   * place.
   *
   * @throws ExecutionException with what the work threw
   */
  <T> T offload(Callable<T> work) throws ExecutionException, InterruptedException;

  /**
   * Waits for a result.
   *
   * @throws io.bucketfs.core.vfs.WouldBlock where the patience may not wait and the result is not
   *     there
   * @throws TimeoutException when the patience ran out
   * @throws ExecutionException with what the stage failed with, never a CompletionException
   */
  <T extends @Nullable Object> T await(CompletionStage<T> stage, Patience patience)
      throws ExecutionException, InterruptedException, TimeoutException;

  /** Waits for a time. */
  void sleep(Duration time) throws InterruptedException;

  /** Something that was started and can be stopped. */
  interface Task {
    /** Asks the task to end: it does not start, or its thread is interrupted. Does not wait. */
    void cancel();

    /** Waits until the task has ended. */
    void join() throws InterruptedException;
  }
}
