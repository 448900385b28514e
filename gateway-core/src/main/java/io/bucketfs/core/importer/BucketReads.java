package io.bucketfs.core.importer;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests that only read, a bounded number of a mount at a time, and again with growing
 * pauses while the failure is one that passes.
 */
final class BucketReads {
  private final Execution execution;
  private final ImportLimits limits;
  private final Meters.Counter retries;
  private final Map<Integer, Semaphore> permits = new ConcurrentHashMap<>();

  BucketReads(Execution execution, ImportLimits limits, Meters meters) {
    this.execution = execution;
    this.limits = limits;
    retries = meters.counter("import_retries");
  }

  /**
   * The answer, or null where there is no such object.
   *
   * @throws FileSystemException DELAY where the failure did not pass in time
   */
  <T> @Nullable T ask(int mount, Supplier<CompletionStage<T>> request) throws FileSystemException {
    var permit = permit(mount);
    var patience = Patience.atMost(limits.persistence(), execution.nanoTime());
    try {
      for (var attempt = 0; ; attempt++) {
        permit.acquire();
        BackendFailure failure;
        try {
          return execution.await(request.get(), patience);
        } catch (ExecutionException e) {
          if (!(e.getCause() instanceof ObjectStoreException refusal)) {
            throw new FileSystemException(FsError.IO, String.valueOf(e.getCause()));
          }
          failure = refusal.failure();
        } finally {
          permit.release();
        }
        if (failure instanceof BackendFailure.Missing) {
          return null;
        }
        var pause = pause(attempt, failure);
        if (!failure.isRetryable()
            || pause.toNanos() > patience.remainingNanos(execution.nanoTime())) {
          throw asFileSystemException(failure);
        }
        retries.add(1);
        execution.sleep(pause);
      }
    } catch (TimeoutException e) {
      throw new FileSystemException(FsError.DELAY, "the bucket does not answer");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FileSystemException(FsError.DELAY, "interrupted");
    }
  }

  /**
   * Does what sends one request at a time and repeats it by itself.
   *
   * @param <T> the answer
   */
  @FunctionalInterface
  interface Work<T extends @Nullable Object> {
    T run() throws FileSystemException;
  }

  /** Does the work as one of the mount's requests. */
  <T extends @Nullable Object> T counted(int mount, Work<T> work) throws FileSystemException {
    var permit = permit(mount);
    try {
      permit.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FileSystemException(FsError.DELAY, "interrupted");
    }
    try {
      return work.run();
    } finally {
      permit.release();
    }
  }

  private Semaphore permit(int mount) {
    return permits.computeIfAbsent(mount, _ -> new Semaphore(limits.requestsPerMountMax()));
  }

  private Duration pause(int attempt, BackendFailure failure) {
    var full =
        Math.min(
            limits.backoffMax().toNanos(), limits.backoffMin().toNanos() << Math.min(attempt, 20));
    var jittered = full / 2 + Math.floorMod(execution.randomLong(), full / 2 + 1);
    var asked = failure instanceof BackendFailure.Busy busy ? busy.retryAfter().toNanos() : 0;
    return Duration.ofNanos(Math.max(jittered, asked));
  }

  /** What a client sees of a failure. */
  static FileSystemException asFileSystemException(BackendFailure failure) {
    var error =
        switch (failure) {
          case BackendFailure.Missing _ -> FsError.STALE;
          case BackendFailure.Conflict _ -> FsError.DELAY;
          case BackendFailure.Busy _ -> FsError.DELAY;
          case BackendFailure.Unreachable _ -> FsError.DELAY;
          case BackendFailure.Corrupt _ -> FsError.DELAY;
          case BackendFailure.Denied _ -> FsError.ACCESS;
          case BackendFailure.Archived _ -> FsError.IO;
          case BackendFailure.Rejected _ -> FsError.IO;
        };
    return new FileSystemException(error, failure.detail());
  }
}
