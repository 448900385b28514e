package io.bucketfs.core.importer;

import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Work that many may ask for and one does. It goes on when those who wait give up.
 *
 * @param <K> what is asked for
 * @param <T> the answer
 */
final class Flights<K, T> {
  private static final Logger LOG = LoggerFactory.getLogger(Flights.class);

  private final Execution execution;
  private final String name;
  private final Map<K, CompletableFuture<T>> running = new ConcurrentHashMap<>();

  Flights(Execution execution, String name) {
    this.execution = execution;
    this.name = name;
  }

  /**
   * What does the work, on a thread of its own.
   *
   * @param <T> the answer
   */
  @FunctionalInterface
  interface Work<T> {
    T run() throws FileSystemException, IOException;
  }

  /** Starts the work unless it is under way, for others to wait for. */
  @SuppressWarnings("FutureReturnValueIgnored") // who needs the answer asks for it
  void prefetch(K key, Work<T> work) {
    start(key, work);
  }

  /** Whether the work is under way. */
  boolean isRunning(K key) {
    return running.containsKey(key);
  }

  /** How much work is under way. */
  int count() {
    return running.size();
  }

  private CompletableFuture<T> start(K key, Work<T> work) {
    var mine = new CompletableFuture<T>();
    var other = running.putIfAbsent(key, mine);
    if (other != null) {
      return other;
    }
    execution.fork(name, () -> run(key, work, mine));
    return mine;
  }

  private void run(K key, Work<T> work, CompletableFuture<T> result) {
    try {
      var answer = work.run();
      running.remove(key);
      result.complete(answer);
    } catch (FileSystemException e) {
      running.remove(key);
      result.completeExceptionally(e);
    } catch (IOException | RuntimeException | Error e) {
      LOG.error("{} failed for {}", name, key, e);
      running.remove(key);
      result.completeExceptionally(new FileSystemException(FsError.IO, e.toString()));
    }
  }

  /** Does the work, or waits for who does it. */
  T get(K key, Work<T> work, Patience patience) throws FileSystemException {
    patience.requireWaiting();
    return await(start(key, work), patience);
  }

  private T await(CompletableFuture<T> result, Patience patience) throws FileSystemException {
    try {
      return execution.await(result, patience);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof FileSystemException failure) {
        throw failure;
      }
      throw new FileSystemException(FsError.IO, String.valueOf(e.getCause()));
    } catch (TimeoutException e) {
      throw new FileSystemException(FsError.DELAY, "the bucket does not answer");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FileSystemException(FsError.DELAY, "interrupted");
    }
  }
}
