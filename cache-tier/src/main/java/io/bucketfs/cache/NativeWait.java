package io.bucketfs.cache;

import io.bucketfs.core.runtime.Execution;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;

/** Work on the threads for native waits, with the exceptions that storage code throws. */
public final class NativeWait {
  private NativeWait() {}

  /**
   * Runs work by {@link Execution#offload} and waits for it.
   *
   * @throws InterruptedIOException where an interrupt came before the work began; the thread stays
   *     interrupted
   */
  public static <T> T on(Execution execution, Callable<T> work) throws IOException {
    try {
      return execution.offload(work);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      var interrupted = new InterruptedIOException("interrupted before the disk was asked");
      interrupted.initCause(e);
      throw interrupted;
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException unchecked -> throw unchecked;
        case Error error -> throw error;
        case null, default -> throw new IOException(e);
      }
    }
  }

  /** Work without a result. */
  @FunctionalInterface
  public interface Action {
    void run() throws IOException;
  }

  /** Like {@link #on}, without a result. */
  public static void run(Execution execution, Action work) throws IOException {
    on(
        execution,
        () -> {
          work.run();
          return true;
        });
  }
}
