package io.bucketfs.core.store;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes metadata, one batch at a time. Its thread takes all transactions that wait, runs them one
 * after another against one {@link Batch}, writes the batch with one sync of the log, publishes it
 * to the caches and then answers all callers: group commit without locks, partial states or
 * dead-locks. Where nothing waits and no batch is on its way, a caller that may do so runs its own
 * batch in place, which saves two changes of threads.
 *
 * <p>An answer, also a failure, is given only after the batch it was computed in is durable, since
 * it may rest on an earlier transaction of the same batch.
 *
 * <p>A store that cannot write any longer fails every later transaction with {@link FsError#IO}:
 * what is on its disk is not known, and a restart finds out.
 */
public final class Committer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Committer.class);

  /** How many transactions share a batch at most. */
  private static final int BATCH_MAX = 1_024;

  private final KeyValueStore store;
  private final MetadataCache cache;
  private final Execution execution;
  private final Meters.Timer commitTimer;
  private final LinkedBlockingQueue<Submission<?>> queue = new LinkedBlockingQueue<>();

  /** How many were submitted and have not been run: nobody overtakes them. */
  private final AtomicInteger waiting = new AtomicInteger();

  /** Held by whoever runs a batch; not by a lock, which a thread could take twice. */
  private final Semaphore turn = new Semaphore(1);

  /**
   * Whether a caller was told to come back for a batch of its own, and no batch has ended since.
   */
  private final AtomicBoolean promised = new AtomicBoolean();

  private final List<Consumer<List<Batch.DirtyMark>>> markListeners = new ArrayList<>();
  private final UsageTable usages = new UsageTable();
  private final FirstNames firstNames = new FirstNames();
  private final Execution.Task thread;
  private volatile @Nullable Throwable broken;
  private volatile boolean closed;
  private volatile Runnable orphanListener = () -> {};
  private volatile RemoteListener remoteListener = (_, _) -> {};

  /** Tells who wants to know that more is known of an object than before. */
  @FunctionalInterface
  public interface RemoteListener {
    /**
     * Called on the thread of a batch, inside the transaction that changes what is known of an
     * object; that may still fail.
     */
    void changed(int mount, String key);
  }

  /** Tells who wants to know that something became dirty or clean. */
  @FunctionalInterface
  public interface DirtyListener {
    /**
     * Called on the thread of a batch after the change is durable; must not block.
     *
     * @param inode the inode, or null where a key is meant
     * @param key the stale key, or null where an inode is meant
     * @param dirty the new mark, or null where it is clean now
     */
    void changed(int mount, @Nullable InodeKey inode, @Nullable String key, @Nullable Dirty dirty);
  }

  private record Submission<T extends @Nullable Object>(
      Transaction<T> transaction, boolean sync, CompletableFuture<T> result) {}

  public Committer(KeyValueStore store, MetadataCache cache, Execution execution, Meters meters) {
    this.store = store;
    this.cache = cache;
    this.execution = execution;
    commitTimer = meters.timer("metadata_commit");
    thread = execution.dedicate("committer", this::loop);
  }

  /** Adds a listener; before the first transaction. */
  public void onDirty(DirtyListener listener) {
    markListeners.add(marks ->
        marks.forEach(
            mark -> listener.changed(mark.mount(), mark.inode(), mark.key(), mark.dirty())));
  }

  /** What the mounts take and may take. */
  public UsageTable usages() {
    return usages;
  }

  /** Sets who is told that contents wait to be freed; called on the thread of a batch. */
  public void onOrphans(Runnable listener) {
    orphanListener = listener;
  }

  /** Sets who is told of objects of which more becomes known; before the first transaction. */
  public void onRemote(RemoteListener listener) {
    remoteListener = listener;
  }

  /** Runs a transaction and waits until it is durable. Not to be called from an event loop. */
  public <T extends @Nullable Object> T commit(Transaction<T> transaction)
      throws FileSystemException {
    return waitFor(submit(transaction, true));
  }

  /**
   * Runs a transaction and waits until it is durable, whatever the patience: under {@link
   * Patience#DISK} in place, if no others are there to share a sync with.
   *
   * @throws WouldBlock under {@link Patience#NONE}, as {@link #requireCommit}
   */
  public <T extends @Nullable Object> T commit(Transaction<T> transaction, Patience patience)
      throws FileSystemException {
    requireCommit(patience);
    if (!patience.mayWait()) {
      var submission = new Submission<>(transaction, true, new CompletableFuture<T>());
      if (runInPlace(submission)) {
        return waitFor(submission.result);
      }
    }
    return commit(transaction);
  }

  /**
   * Makes sure that a commit may be waited for; to be called before the first side effect.
   *
   * @throws WouldBlock under {@link Patience#NONE}: {@link WouldBlock#ON_DISK} for one caller at a
   *     time, who may then commit in place
   */
  public void requireCommit(Patience patience) {
    if (!patience.mayUseDisk()) {
      throw isIdle() && promised.compareAndSet(false, true)
          ? WouldBlock.ON_DISK
          : WouldBlock.INSTANCE;
    }
  }

  private boolean isIdle() {
    return waiting.get() == 0 && turn.availablePermits() > 0;
  }

  /**
   * Runs a transaction and waits until it outlives the process; it is durable before any that is
   * committed later. Not to be called from an event loop.
   */
  public <T extends @Nullable Object> T apply(Transaction<T> transaction)
      throws FileSystemException {
    return waitFor(submit(transaction, false));
  }

  /** Waits for a transaction, whatever happens: it is going to be durable anyway. */
  private <T extends @Nullable Object> T waitFor(CompletableFuture<T> result)
      throws FileSystemException {
    var interrupted = false;
    try {
      while (true) {
        try {
          return execution.await(result, Patience.FOREVER);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof FileSystemException failure) {
        throw failure;
      }
      LOG.error("A metadata transaction failed", e.getCause());
      throw new FileSystemException(FsError.IO, String.valueOf(e.getCause()));
    } catch (TimeoutException e) {
      throw new IllegalStateException("waiting for ever ended", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Runs a transaction without waiting.
   *
   * @param sync whether it must be durable before its result is given; without, it is durable with
   *     the next batch that is
   */
  public <T extends @Nullable Object> CompletableFuture<T> submit(
      Transaction<T> transaction, boolean sync) {
    var submission = new Submission<>(transaction, sync, new CompletableFuture<T>());
    if (closed) {
      submission.result.completeExceptionally(
          new FileSystemException(FsError.DELAY, "the gateway is stopping"));
    } else {
      add(submission);
    }
    return submission.result;
  }

  private void add(Submission<?> submission) {
    waiting.incrementAndGet();
    queue.add(submission);
  }

  /** Runs a batch of one transaction here; false where others are there. */
  private boolean runInPlace(Submission<?> submission) {
    if (waiting.get() > 0 || !turn.tryAcquire()) {
      return false;
    }
    try {
      if (waiting.get() > 0 || closed) {
        return false;
      }
      run(List.of(submission));
      return true;
    } finally {
      turn.release();
    }
  }

  private void loop() {
    var taken = new ArrayList<Submission<?>>();
    try {
      while (!closed || !queue.isEmpty()) {
        taken.add(queue.take());
        turn.acquireUninterruptibly();
        try {
          queue.drainTo(taken, BATCH_MAX - 1);
          run(taken);
          waiting.addAndGet(-taken.size());
        } finally {
          turn.release();
        }
        taken.clear();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(List<Submission<?>> submissions) {
    var start = execution.nanoTime();
    var batch = new Batch();
    var answers = new ArrayList<Runnable>(submissions.size());
    var sync = false;
    var now = nanos(execution.now());
    for (var submission : submissions) {
      sync |= submission.sync;
      answers.add(run(submission, batch, now));
    }
    try {
      if (broken != null) {
        throw new IOException("an earlier write of metadata failed", broken);
      }
      keepUsage(batch);
      var changes = batch.changes();
      if (!changes.isEmpty()) {
        store.write(changes, sync);
      }
    } catch (IOException | RuntimeException e) {
      if (broken == null) {
        broken = e;
        LOG.error("Metadata cannot be written any longer; restart the gateway", e);
      }
      for (var submission : submissions) {
        submission.result.completeExceptionally(
            new FileSystemException(FsError.IO, "metadata cannot be written: " + e.getMessage()));
      }
      return;
    }
    promised.set(false);
    cache.publish(batch);
    batch.actions().forEach(Committer::guarded);
    if (!batch.marks().isEmpty()) {
      markListeners.forEach(listener -> guarded(() -> listener.accept(batch.marks())));
    }
    if (batch.hasOrphans()) {
      guarded(orphanListener);
    }
    answers.forEach(Runnable::run);
    commitTimer.record(execution.nanoTime() - start);
  }

  private void keepUsage(Batch batch) {
    for (int mount : batch.charged()) {
      var usage = usages.stored(mount);
      if (usage != null) {
        batch.put(Family.USAGE, Keys.mount(mount), usage.encode());
      }
    }
  }

  /** What follows a commit is not undone by its failure, and must not end the committer. */
  private static void guarded(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      LOG.error("An action after a commit failed", e);
    }
  }

  private <T extends @Nullable Object> Runnable run(
      Submission<T> submission, Batch batch, long now) {
    batch.begin();
    try {
      var tx = new Tx(batch, store, cache, usages, firstNames, remoteListener, now);
      var result = submission.transaction.apply(tx);
      var _ = tx.settle(false);
      return () -> submission.result.complete(result);
    } catch (FileSystemException | IOException | RuntimeException | Error e) {
      batch.rollback();
      return () -> submission.result.completeExceptionally(e);
    }
  }

  /** Nanoseconds since the epoch. */
  public static long nanos(Instant time) {
    return time.getEpochSecond() * 1_000_000_000L + time.getNano();
  }

  /** Finishes what was submitted, then stops. */
  @Override
  public void close() {
    closed = true;
    var last = new CompletableFuture<Boolean>();
    add(new Submission<>(_ -> true, true, last));
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
