package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Fetches base bytes from S3 into the fill log, each granule once however many readers wait for it.
 * A run of missing granules is one ranged GET, pinned to the base's version; granules are handed to
 * their readers as they arrive.
 *
 * <p>A fill is laid only where the base still shows: under every write, and not at all once extents
 * were forgotten since it began (a truncate, another version).
 */
final class Fills {
  /** The payload of one record of the fill log. */
  private static final int RECORD_BYTES = 1 << 20;

  private static final int ATTEMPTS_MAX = 12;
  private static final Duration ROOM_WAIT_MAX = Duration.ofSeconds(10);
  private static final Duration BACKOFF_MIN = Duration.ofMillis(50);
  private static final Duration BACKOFF_MAX = Duration.ofSeconds(5);

  private final ExtentStore extents;
  private final Committer committer;
  private final MountTable mounts;
  private final ContentTable table;
  private final LogFloor floor;
  private final DiskSpace space;
  private final Execution execution;
  private final ContentLimits limits;
  private final LastReads lastReads;
  private final Uses uses;
  private final FetchShares fetches;
  private final Meters.Counter fetchedBytes;

  Fills(
      ExtentStore extents,
      Committer committer,
      MountTable mounts,
      ContentTable table,
      LogFloor floor,
      DiskSpace space,
      Execution execution,
      Meters meters,
      ContentLimits limits,
      LastReads lastReads,
      Uses uses) {
    this.extents = extents;
    this.committer = committer;
    this.mounts = mounts;
    this.table = table;
    this.floor = floor;
    this.space = space;
    this.execution = execution;
    this.limits = limits;
    this.lastReads = lastReads;
    this.uses = uses;
    fetches = new FetchShares(limits.fetchesMax());
    fetchedBytes = meters.counter("cache_read_bytes", "tier", "s3");
  }

  /** The base is not what the file says it is: somebody changed or deleted the object. */
  static final class BaseGoneException extends Exception {
    private final transient Content.Base base;

    BaseGoneException(Content.Base base, String message) {
      super(message, null, false, false);
      this.base = base;
    }

    /** Whether it is this one that is gone, and not one that the file had when a fetch began. */
    boolean isOf(Content content) {
      return base.equals(content.base());
    }
  }

  /** Granules of one GET, all of them marked as being fetched. */
  private record Run(
      Content content,
      long fence,
      long firstGranule,
      List<CompletableFuture<Void>> granules,
      AtomicReference<@Nullable ObjectHead> head) {
    Run(Content content, long fence, long firstGranule) {
      this(content, fence, firstGranule, new ArrayList<>(), new AtomicReference<>());
    }
  }

  /**
   * Fetches base bytes from an offset on.
   *
   * @param to up to where to fetch
   * @param awaitedTo up to where to wait until they are laid, or at least were
   */
  void fetch(FileContent file, Inode inode, long from, long to, Patience patience, long awaitedTo)
      throws FileSystemException, BaseGoneException {
    patience.requireWaiting();
    var awaited = start(file, inode, from, awaitedTo);
    if (to > awaitedTo) {
      start(file, inode, awaitedTo, to);
    }
    for (var granule : awaited) {
      try {
        execution.await(granule, patience);
      } catch (TimeoutException e) {
        throw new FileSystemException(FsError.DELAY, "the object store is slow");
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new FileSystemException(FsError.DELAY, "interrupted");
      } catch (ExecutionException e) {
        var cause = e.getCause();
        if (cause instanceof FileSystemException failure) {
          throw failure;
        }
        if (cause instanceof BaseGoneException gone) {
          throw gone;
        }
        throw new FileSystemException(FsError.IO, String.valueOf(cause));
      }
    }
  }

  /**
   * Starts fetching what is missing in a range and is not on its way.
   *
   * @return what has to arrive for the range to be complete
   */
  List<CompletableFuture<Void>> start(FileContent file, Inode inode, long from, long to) {
    var content = inode.requireContent();
    var base = content.base();
    var awaited = new ArrayList<CompletableFuture<Void>>();
    if (base == null) {
      return awaited;
    }
    var runs = new ArrayList<Run>();
    var size = limits.granuleBytes();
    file.lock.lock();
    try {
      var runMax = Math.max(1, limits.fetchBytesMax() / size);
      var end = Math.min(to, base.length());
      Run run = null;
      for (var granule = from / size; granule * size < end; granule++) {
        var present = file.fetching.get(granule);
        var start = granule * size;
        var stop = Math.min(start + size, base.length());
        if (present != null) {
          awaited.add(present);
          run = null;
        } else if (isCovered(file.overlappingLocked(start, stop), start, stop)) {
          run = null;
        } else {
          if (run == null || run.granules.size() >= runMax) {
            run = new Run(content, file.fence(), granule);
            runs.add(run);
          }
          var future = new CompletableFuture<Void>();
          file.fetching.put(granule, future);
          run.granules.add(future);
          awaited.add(future);
        }
      }
    } finally {
      file.lock.unlock();
    }
    for (var run : runs) {
      execution.fork("fill", () -> fill(file.key, run));
    }
    return awaited;
  }

  /**
   * Fetches a file of which nothing is here or on its way, in one request of which the caller
   * bounds the number, in the caller's thread.
   *
   * @return what the reply says of the object; null where some of the file is here or on its way
   */
  @Nullable ObjectHead fetchWhole(FileContent file, Inode inode)
      throws FileSystemException, BaseGoneException, InterruptedException {
    var content = inode.requireContent();
    var base = content.base();
    if (base == null || base.length() != base.version().sizeBytes()) {
      return null;
    }
    Run run;
    file.lock.lock();
    try {
      var mapped = file.overlapping(content.id(), 0, Long.MAX_VALUE);
      if (mapped == null || !mapped.isEmpty() || !file.fetching.isEmpty()) {
        return null;
      }
      run = new Run(content, file.fence(), 0);
      for (var granule = 0L; granule * limits.granuleBytes() < base.length(); granule++) {
        var future = new CompletableFuture<Void>();
        file.fetching.put(granule, future);
        run.granules.add(future);
      }
    } finally {
      file.lock.unlock();
    }
    Exception failure = new FileSystemException(FsError.IO, "not fetched");
    try {
      fetchAll(file, run, false);
      failure = null;
      return run.head.get();
    } catch (FileSystemException | BaseGoneException | InterruptedException | RuntimeException e) {
      failure = e;
      throw e;
    } finally {
      for (var granule = 0; granule < run.granules.size(); granule++) {
        finish(file, run, granule, failure);
      }
    }
  }

  static boolean isCovered(List<Extent> extents, long from, long to) {
    var at = from;
    for (var extent : extents) {
      if (extent.offset() > at) {
        return false;
      }
      at = extent.end();
    }
    return at >= to;
  }

  private void fill(InodeKey key, Run run) {
    var file = table.acquire(key);
    try {
      Exception failure = null;
      try {
        fetchAll(file, run, true);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        failure = new FileSystemException(FsError.DELAY, "interrupted");
      } catch (FileSystemException | BaseGoneException | RuntimeException e) {
        failure = e;
      } finally {
        var last = run.firstGranule + run.granules.size();
        for (var granule = run.firstGranule; granule < last; granule++) {
          finish(file, run, granule, failure);
        }
      }
    } finally {
      table.release(file);
    }
  }

  private static void finish(FileContent file, Run run, long granule, @Nullable Exception failure) {
    var future = run.granules.get((int) (granule - run.firstGranule));
    file.lock.lock();
    try {
      file.fetching.remove(granule, future);
    } finally {
      file.lock.unlock();
    }
    if (failure == null) {
      future.complete(null);
    } else {
      future.completeExceptionally(failure);
    }
  }

  /**
   * Fetches a run, however often it takes.
   *
   * @param shared whether it takes one of the mount's shares of fetches
   */
  private void fetchAll(FileContent file, Run run, boolean shared)
      throws FileSystemException, BaseGoneException, InterruptedException {
    var base = run.content.base();
    if (base == null) {
      throw new IllegalStateException("a fill without a base");
    }
    var size = limits.granuleBytes();
    var at = run.firstGranule * size;
    var end = Math.min(at + (long) run.granules.size() * size, base.length());
    var mount = file.key.mount();
    for (var attempt = 0; at < end; attempt++) {
      if (attempt > 0) {
        execution.sleep(backoff(attempt - 1));
      }
      // Not while it sleeps: what a store that is gone delays is not what others wait for.
      if (shared) {
        fetches.acquire(mount);
      }
      var body = new FetchedBody(run.head::set);
      try {
        at = fetch(file, run, base, body, at, end);
        if (at < end) {
          throw new FileSystemException(FsError.IO, "the object store sent too few bytes");
        }
      } catch (IOException e) {
        throw Failures.ofDisk(e);
      } catch (TimeoutException e) {
        throw new IllegalStateException("waiting for ever ended", e);
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof ObjectStoreException cause)) {
          throw new FileSystemException(FsError.IO, String.valueOf(e.getCause()));
        }
        at = body.consumedTo(at);
        if (cause.failure() instanceof BackendFailure.Missing
            || cause.failure() instanceof BackendFailure.Conflict) {
          throw new BaseGoneException(base, cause.failure().detail());
        }
        if (!cause.failure().isRetryable() || attempt >= ATTEMPTS_MAX) {
          throw Failures.ofStore(cause.failure());
        }
      } finally {
        body.release();
        if (shared) {
          fetches.release(mount);
        }
      }
    }
  }

  /** Asks the store for a range, and lays what arrives; returns up to where. */
  private long fetch(
      FileContent file, Run run, Content.Base base, FetchedBody body, long from, long end)
      throws FileSystemException,
          IOException,
          InterruptedException,
          ExecutionException,
          TimeoutException {
    space.awaitClean(end - from, Patience.atMost(ROOM_WAIT_MAX, execution.nanoTime()));
    try {
      var store = mounts.require(file.key.mount()).store();
      var reply = store.get(base.key(), base.version(), from, end - from, body);
      var _ =
          reply.whenComplete((_, failure) -> {
            body.end();
          });
      var at = drain(file, run, body, from, end);
      execution.await(reply, Patience.FOREVER);
      return at;
    } finally {
      space.appended(end - from);
    }
  }

  private Duration backoff(int attempt) {
    var longest = Math.min(BACKOFF_MAX.toNanos(), BACKOFF_MIN.toNanos() << Math.min(attempt, 20));
    return Duration.ofNanos(longest / 2 + Math.floorMod(execution.randomLong(), longest / 2 + 1));
  }

  /** Appends and lays what arrives; returns up to where. */
  private long drain(FileContent file, Run run, FetchedBody body, long from, long end)
      throws IOException, InterruptedException {
    var at = from;
    while (at < end) {
      var part = body.take((int) Math.min(RECORD_BYTES, end - at), limits.granuleBytes());
      if (part == null) {
        return at;
      }
      try {
        lay(file, run, part, at);
        at += part.readableBytes();
        body.consumed(at);
      } finally {
        part.release();
      }
      var size = limits.granuleBytes();
      for (var granule = run.firstGranule;
          (granule + 1) * size <= at && granule < run.firstGranule + run.granules.size();
          granule++) {
        finish(file, run, granule, null);
      }
    }
    return at;
  }

  private void lay(FileContent file, Run run, ByteBuf part, long at) throws IOException {
    var key = file.key;
    var content = run.content.id();
    var length = part.readableBytes();
    fetchedBytes.add(length);
    // Until the metadata refer to the record its file must not look dead.
    var mark = floor.mark();
    Extent fill;
    try {
      var record =
          extents.append(ExtentStore.Stream.FILL, key.mount(), key.number(), content, 0, at, part);
      uses.fetched(record, at);
      fill = new Extent(at, length, 0, record, 0);
    } catch (IOException | RuntimeException e) {
      mark.release();
      throw e;
    }
    file.filled(run.fence, fill);
    var _ =
        committer
            .submit(
                tx -> {
                  var inode = tx.inode(key);
                  var now = inode == null ? null : inode.content();
                  if (now != null && now.id() == content) {
                    var base = now.base();
                    if (base != null && fill.end() <= base.length()) {
                      ContentEdits.lay(tx, key, content, fill);
                      lastReads.put(tx, file);
                    }
                  }
                  return null;
                },
                false)
            .whenComplete((_, _) -> mark.release());
  }
}
