package io.bucketfs.core.runtime;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Work that one thread does while another waits for it.
 *
 * <p>An interrupt takes back work that has not begun. Work that has begun is waited for all the
 * same, because it may be using buffers that its caller will release; the interrupt is kept for the
 * caller's next wait.
 */
final class OffloadedWork<T> implements Runnable {
  private final Callable<T> work;
  private final AtomicBoolean claimed = new AtomicBoolean();
  private final CountDownLatch ended = new CountDownLatch(1);
  private final CompletableFuture<T> outcome = new CompletableFuture<>();

  OffloadedWork(Callable<T> work) {
    this.work = work;
  }

  @Override
  public void run() {
    if (!claimed.compareAndSet(false, true)) {
      return;
    }
    try {
      outcome.complete(work.call());
    } catch (Throwable t) {
      outcome.completeExceptionally(t);
    } finally {
      ended.countDown();
    }
  }

  /** Waits for the end of the work. */
  T result() throws ExecutionException, InterruptedException {
    var interrupt = awaitEnd();
    if (interrupt != null) {
      Thread.currentThread().interrupt();
    }
    var failure = outcome.isCompletedExceptionally() ? outcome.exceptionNow() : null;
    if (failure != null) {
      throw new ExecutionException(failure);
    }
    return outcome.resultNow();
  }

  private @Nullable InterruptedException awaitEnd() throws InterruptedException {
    InterruptedException interrupt = null;
    while (true) {
      try {
        ended.await();
        return interrupt;
      } catch (InterruptedException e) {
        if (claimed.compareAndSet(false, true)) {
          throw e;
        }
        interrupt = e;
      }
    }
  }
}
