package io.bucketfs.core.writeback;

import io.bucketfs.core.content.Snapshots;
import io.bucketfs.core.importer.Importing;
import io.bucketfs.core.importer.RecentExports;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Dirty;
import io.bucketfs.core.store.Epoch;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Job;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the namespace to the bucket. Learns of dirty marks from the committer, exports each when
 * it is due, and repeats what fails.
 */
public final class WriteBack implements AutoCloseable {
  /** Says that damage keeps something from the bucket. */
  public static final String NOT_ALL_KNOWN =
      "not all that an earlier run left to write back can be read, see the log of the start";

  private static final Logger LOG = LoggerFactory.getLogger(WriteBack.class);
  private static final int LOAD_PAGE = 1_024;
  private static final int NAMES_MAX = 64;

  private final Committer committer;
  private final MetadataCache cache;
  private final MountTable mounts;
  private final Snapshots snapshots;
  private final Importing importing;
  private final Execution execution;
  private final WritebackLimits limits;
  private final BucketWrites writes;
  private final LeftWrites leftWrites;
  private final Settlement settlement;
  private final UploadRemoval uploads;
  private final UploadSweep sweep;
  private final ExportTurns turns;
  private final LostAndFound lostAndFound;
  private final Schedule schedule;
  private final Claims claims = new Claims();

  /** Barriers around all of a mount that clients wait for, or waited for and come again. */
  private final Map<Integer, Barrier> awaited = new ConcurrentHashMap<>();

  /** Whether all was found that an earlier run left dirty, once that was looked for. */
  private final CompletableFuture<Boolean> loaded = new CompletableFuture<>();

  private final Meters.Counter exports;
  private final Meters.Counter retries;
  private final Meters.Counter failures;
  private final String gatewayId;
  private volatile boolean closed;

  /** Registers with the committer: make it before the first transaction. */
  @SuppressWarnings("this-escape") // the listener only touches the schedule, which is made by then
  public WriteBack(
      Committer committer,
      MetadataCache cache,
      MountTable mounts,
      Snapshots snapshots,
      Importing importing,
      RecentExports recent,
      MountTallies tallies,
      Epoch epoch,
      Execution execution,
      WritebackLimits limits,
      Meters meters) {
    this.committer = committer;
    this.cache = cache;
    this.mounts = mounts;
    this.snapshots = snapshots;
    this.importing = importing;
    this.execution = execution;
    this.limits = limits;
    gatewayId = HexFormat.of().toHexDigits(epoch.gatewayId());
    var bandwidth =
        new UploadBandwidth(
            execution,
            limits.bytesPerSecondMax(),
            number -> bytesPerSecondMax(mounts, number),
            meters.counter("writeback_limited_bytes"));
    writes = new BucketWrites(execution, bandwidth, meters);
    leftWrites = new LeftWrites(committer, snapshots, writes, execution);
    tallies.others().begin(gatewayId, execution, meters);
    lostAndFound = new LostAndFound(mounts, cache, committer, execution, meters);
    settlement = new Settlement(recent, tallies, meters);
    uploads = new UploadRemoval(committer, writes, leftWrites, settlement, meters);
    sweep = new UploadSweep(mounts, cache, committer, claims, uploads);
    turns = new ExportTurns(limits.exportsPerMountMax());
    exports = meters.counter("writeback_exports");
    retries = meters.counter("writeback_retries");
    failures = meters.counter("writeback_failures");
    schedule = new Schedule(execution, limits, this::policy, this::removalsMax, this::export);
    committer.onDirty(this::changed);
  }

  private static long bytesPerSecondMax(MountTable mounts, int number) {
    var active = mounts.get(number);
    return active == null
        ? ExportPolicy.NO_LIMIT
        : active.mount().policy().exports().bytesPerSecondMax();
  }

  private Mount.@Nullable Policy policy(int mount) {
    var active = mounts.get(mount);
    return active == null || active.mount().policy().readOnly() ? null : active.mount().policy();
  }

  private int removalsMax(int mount) {
    var active = mounts.get(mount);
    return active != null && writes.deletesMany(active)
        ? limits.removalsPerMountMax()
        : limits.bulkPerMountMax();
  }

  /** Begins to export, and reads the marks that an earlier run left, in the background. */
  public void start() {
    execution.fork("writeback-load", this::load);
  }

  private String newToken() {
    return gatewayId + "-" + HexFormat.of().toHexDigits(execution.randomLong());
  }

  private void load() {
    var isAll = false;
    try {
      loadInodes();
      isAll = loadKeys();
      hurryUnsettled();
    } catch (IOException | FileSystemException e) {
      isAll = false;
      LOG.error("Not all that is dirty could be found; restart the gateway", e);
    } finally {
      loaded.complete(isAll);
    }
    schedule.open();
    sweep();
    var _ = execution.schedule(LostAndFound.EVERY, "lost-and-found", this::trimLostAndFound);
  }

  private void trimLostAndFound() {
    if (closed) {
      return;
    }
    try {
      lostAndFound.run();
    } catch (IOException | FileSystemException e) {
      LOG.warn("Lost+found could not be looked through", e);
    }
    var _ = execution.schedule(LostAndFound.EVERY, "lost-and-found", this::trimLostAndFound);
  }

  /** Looks for uploads that nothing will complete, now and from time to time. */
  private void sweep() {
    if (closed) {
      return;
    }
    try {
      sweep.run();
    } catch (IOException | FileSystemException e) {
      LOG.warn("Uploads that were left could not be looked for", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    var _ = execution.schedule(limits.multipart().sweepEvery(), "uploads-sweep", this::sweep);
  }

  /** Throws away the uploads of a mount that goes; says in the log where that cannot be done. */
  public void abandonUploads(ActiveMount mount) throws FileSystemException {
    try {
      if (sweep.removeAll(mount)) {
        return;
      }
    } catch (IOException e) {
      LOG.debug("Uploads cannot be read", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    LOG.warn("Uploads of the mount {} stay in its bucket, abort them there", mount.mount().name());
  }

  private void loadInodes() throws IOException, FileSystemException {
    var from = new byte[0];
    while (true) {
      var page = cache.store().scan(Family.DIRTY, from, null, LOAD_PAGE);
      for (var entry : page) {
        var key = InodeKey.ofEntry(entry.key());
        var dirty = decode(Dirty::decode, entry);
        if (dirty == null) {
          markAgain(key);
        } else {
          schedule.loaded(
              Subject.of(key), dirty, sizeOf(cache.inode(key, Patience.FOREVER), dirty));
        }
      }
      if (page.size() < LOAD_PAGE) {
        return;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  /** What the damaged mark of an inode told, but for that it is dirty, is of no importance. */
  private void markAgain(InodeKey key) throws FileSystemException {
    committer.commit(tx -> {
      tx.delete(Family.DIRTY, Keys.inode(key.mount(), key.number()));
      var inode = tx.inode(key);
      if (inode != null) {
        tx.markDirty(inode, inode.sizeBytes());
      }
      return null;
    });
  }

  /**
   * Loads the keys where an object may have to go.
   *
   * @return whether all could be read. Of one that cannot it is not known what is to go
   */
  private boolean loadKeys() throws IOException {
    var isAll = true;
    var from = new byte[0];
    while (true) {
      var page = cache.store().scan(Family.STALE, from, null, LOAD_PAGE);
      for (var entry : page) {
        var dirty = decode(Dirty::decode, entry);
        if (dirty == null) {
          isAll = false;
        } else {
          var subject = Subject.of(Keys.mountOf(entry.key()), Keys.textOf(entry.key()));
          schedule.loaded(subject, dirty, MountQueue.Size.NONE);
        }
      }
      if (page.size() < LOAD_PAGE) {
        return isAll;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  /** Null where a stored record is damaged: one of them must not keep the others from S3. */
  private static <T> @Nullable T decode(Function<byte[], T> decoder, KeyValueStore.Entry entry) {
    try {
      return decoder.apply(entry.value());
    } catch (IllegalArgumentException | BufferUnderflowException e) {
      LOG.error(
          "What is stored about writing back the key {} of mount {} cannot be read",
          HexFormat.of().formatHex(entry.key()),
          Keys.mountOf(entry.key()),
          e);
      return null;
    }
  }

  /**
   * What a killed process was sending is settled at once: readers of a file whose rest is in the
   * object wait for that.
   */
  private void hurryUnsettled() throws IOException {
    var from = new byte[0];
    while (true) {
      var page = cache.store().scan(Family.JOBS, from, null, LOAD_PAGE);
      for (var entry : page) {
        var job = decode(Job::decode, entry);
        if (job != null && !job.deletion()) {
          schedule.hurry(Subject.of(new InodeKey(Keys.mountOf(entry.key()), job.inode())));
        }
      }
      if (page.size() < LOAD_PAGE) {
        return;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  private static MountQueue.Size sizeOf(@Nullable Inode inode, Dirty dirty) {
    return inode != null && inode.content() != null && inode.content().isDirty()
        ? new MountQueue.Size(inode.sizeBytes(), dirty.heldBytes(inode))
        : MountQueue.Size.NONE;
  }

  /** On the thread of a batch of metadata. */
  private void changed(
      int mount, @Nullable InodeKey inode, @Nullable String key, @Nullable Dirty dirty) {
    if (inode != null) {
      schedule.changed(
          Subject.of(inode), dirty, dirty == null ? MountQueue.Size.NONE : sizeOf(inode, dirty));
    } else if (key != null) {
      schedule.changed(Subject.of(mount, key), dirty, MountQueue.Size.NONE);
    }
  }

  private MountQueue.Size sizeOf(InodeKey key, Dirty dirty) {
    try {
      return sizeOf(cache.inode(key, Patience.NONE), dirty);
    } catch (WouldBlock | IOException e) {
      // Only a figure: it was evicted from the cache right after it was put there.
      return MountQueue.Size.NONE;
    }
  }

  // Exports.

  private Attempt export(Subject subject, boolean urgent) {
    exports.add(1);
    Attempt attempt;
    try {
      attempt = attempt(subject, urgent);
    } catch (FileSystemException e) {
      attempt =
          switch (e.error()) {
            case DELAY, STALE, NOT_FOUND -> new Attempt.Later(message(e), Duration.ZERO);
            case ACCESS -> new Attempt.Failing("access denied: " + message(e));
            default -> new Attempt.Failing("cannot be read: " + message(e));
          };
    } catch (IOException e) {
      LOG.warn("Local state cannot be read", e);
      attempt = new Attempt.Later(String.valueOf(e.getMessage()), Duration.ZERO);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      attempt = new Attempt.Later("interrupted", Duration.ZERO);
    }
    switch (attempt) {
      case Attempt.Failing(var reason) -> note(subject, reason);
      case Attempt.Later _ -> retries.add(1);
      case Attempt.Done _, Attempt.Clean _, Attempt.Blocked _ -> {}
    }
    return attempt;
  }

  private static String message(FileSystemException e) {
    return String.valueOf(e.getMessage());
  }

  private Attempt attempt(Subject subject, boolean urgent)
      throws FileSystemException, IOException, InterruptedException {
    var mount = mounts.get(subject.mount());
    if (mount == null) {
      return new Attempt.Clean();
    }
    try (var claim = new Claim(claims, subject.mount())) {
      if (subject.isInode()) {
        return new InodeExport(
                mount,
                subject.inodeKey(),
                committer,
                snapshots,
                importing,
                writes,
                leftWrites,
                settlement,
                uploads,
                turns,
                execution,
                limits(mount),
                this::newToken,
                claim)
            .run(hasBytes(cache.inode(subject.inodeKey(), Patience.FOREVER)));
      }
      var mark = cache.store().get(Family.STALE, Keys.text(subject.mount(), subject.key()));
      if (mark == null) {
        return new Attempt.Clean();
      }
      return new KeyRemoval(
              mount,
              subject.key(),
              urgent,
              committer,
              writes,
              leftWrites,
              settlement,
              uploads,
              this::newToken,
              claim)
          .run(Dirty.decode(mark).subtree());
    }
  }

  /** Whether a file that is known as a whole has bytes that are to be exported. */
  private static boolean hasBytes(@Nullable Inode inode) {
    var content = inode == null ? null : inode.content();
    return inode != null
        && content != null
        && content.isDirty()
        && inode.links() > 0
        && !inode.localOnly()
        && !inode.attributesPending();
  }

  private WritebackLimits limits(ActiveMount mount) {
    return writes.isWithoutUploads(mount)
        ? limits.withoutUploads()
        : limits.withThreshold(mount.mount().policy().objects().multipartThreshold());
  }

  private void note(Subject subject, String reason) {
    failures.add(1);
    try {
      committer.commit(tx -> {
        Settlement.failed(tx, subject, reason, limits.failingPause().toNanos());
        return true;
      });
    } catch (FileSystemException e) {
      LOG.debug("A failure could not be noted", e);
    }
  }

  // Flush.

  /**
   * Something that could not be exported.
   *
   * @param path inside the mount, without a leading slash
   */
  public record Unexported(String path, String reason) {}

  /** What a flush covered. */
  public record Flushed(long files, List<Unexported> failing) {}

  /**
   * Exports everything at or below a path that is dirty now.
   *
   * @param path inside the mount without a leading slash; empty for all of it
   * @param await whether to return only when it is in the bucket
   */
  public Flushed flush(int mount, String path, boolean await)
      throws FileSystemException, InterruptedException {
    var active = mounts.require(mount);
    var isAllKnown = awaitLoaded(Patience.FOREVER);
    snapshots.commitAll();
    var key = active.keyOf(path);
    var barrier = schedule.barrier(mount, subject -> covers(subject, path, key));
    if (!await) {
      return new Flushed(barrier.covered(), List.of());
    }
    try {
      var failed = execution.await(barrier.done(), Patience.FOREVER);
      var failing = new ArrayList<Unexported>();
      for (var failure : failed) {
        failing.add(new Unexported(pathOf(failure.subject()), failure.reason()));
      }
      if (!isAllKnown) {
        failing.add(new Unexported("", NOT_ALL_KNOWN));
      }
      return new Flushed(barrier.covered(), failing);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("a barrier failed", e);
    }
  }

  /**
   * Exports a file and waits until the bucket has it as it is now.
   *
   * @throws FileSystemException DELAY where the patience ends before; the export goes on. IO where
   *     it cannot be exported
   */
  public void await(FileId file, Patience patience) throws FileSystemException {
    if (loaded.isDone() && schedule.isClean(Subject.of(InodeKey.of(file)))) {
      return;
    }
    patience.requireWaiting();
    var _ = awaitLoaded(patience);
    await(schedule.barrier(Subject.of(InodeKey.of(file))), patience);
  }

  /**
   * Exports all of a mount that is dirty now, and waits for it. As {@link #await}; who comes again
   * waits for what was dirty when he came first, and then for what is dirty by then.
   */
  public void awaitAll(int mount, Patience patience) throws FileSystemException {
    patience.requireWaiting();
    var isAllKnown = awaitLoaded(patience);
    snapshots.commitAll();
    var before = awaited.get(mount);
    if (before != null) {
      awaitDone(before, patience);
    }
    var barrier = schedule.barrier(mount, _ -> true);
    awaited.put(mount, barrier);
    await(barrier, patience);
    awaited.remove(mount, barrier);
    if (!isAllKnown) {
      throw new FileSystemException(FsError.IO, NOT_ALL_KNOWN);
    }
  }

  /**
   * Waits until it is known what an earlier run left dirty, which takes a moment after the start.
   *
   * @return whether all of it could be read
   * @throws FileSystemException DELAY where the patience ends before
   */
  public boolean awaitLoaded(Patience patience) throws FileSystemException {
    return await(loaded, patience, "the gateway has just started");
  }

  private void await(Barrier barrier, Patience patience) throws FileSystemException {
    var failed = awaitDone(barrier, patience);
    if (!failed.isEmpty()) {
      var first = failed.getFirst();
      throw new FileSystemException(
          FsError.IO, pathOf(first.subject()) + " cannot be exported: " + first.reason());
    }
  }

  private List<Barrier.Failure> awaitDone(Barrier barrier, Patience patience)
      throws FileSystemException {
    return await(barrier.done(), patience, "the export goes on");
  }

  /** Waits for what never fails; DELAY with that reason where the patience ends before. */
  private <T> T await(CompletableFuture<T> end, Patience patience, String tooEarly)
      throws FileSystemException {
    try {
      return execution.await(end, patience);
    } catch (TimeoutException e) {
      throw new FileSystemException(FsError.DELAY, tooEarly);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FileSystemException(FsError.DELAY, "interrupted");
    } catch (ExecutionException e) {
      throw new IllegalStateException("what waits failed", e);
    }
  }

  private boolean covers(Subject subject, String path, String key) {
    if (path.isEmpty()) {
      return true;
    }
    if (!subject.isInode()) {
      return isAtOrBelow(subject.key(), key) || isAtOrBelow(key + "/", subject.key());
    }
    try {
      for (var name : cache.names(subject.inodeKey(), NAMES_MAX)) {
        var where = cache.path(name);
        if (where != null && isAtOrBelow(where, path)) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      LOG.warn("Names cannot be read", e);
      return true;
    }
  }

  private static boolean isAtOrBelow(String path, String top) {
    return path.equals(top) || path.startsWith(top.endsWith("/") ? top : top + "/");
  }

  /** The first path of a subject inside its mount, without a leading slash. */
  private String pathOf(Subject subject) {
    if (!subject.isInode()) {
      var active = mounts.get(subject.mount());
      return active == null
          ? subject.key()
          : subject.key().substring(active.mount().prefix().length());
    }
    try {
      for (var name : cache.names(subject.inodeKey(), NAMES_MAX)) {
        var path = cache.path(name);
        if (path != null) {
          return path;
        }
      }
    } catch (IOException e) {
      LOG.warn("Names cannot be read", e);
    }
    return "";
  }

  // Reports.

  /**
   * How much of a mount is not in the bucket.
   *
   * @param oldest since when; null where nothing is
   */
  public record Backlog(long files, long bytes, long failing, @Nullable Instant oldest) {}

  /** The figures of a mount; costs nothing. */
  public Backlog backlog(int mount) {
    var figures = schedule.figures(mount);
    return new Backlog(
        figures.files(),
        figures.bytes(),
        figures.failing(),
        figures.files() == 0 ? null : Instant.ofEpochSecond(0, figures.oldestNanos()));
  }

  /**
   * Something that is not in the bucket as it is here.
   *
   * @param path inside the mount, without a leading slash
   * @param deletion whether an object is to go
   * @param sizeBytes of dirty content
   * @param reason why it fails; null where it does not
   */
  public record Pending(
      String path, boolean deletion, long sizeBytes, Instant since, @Nullable String reason) {}

  /** The oldest of a mount; at most {@code max}. */
  public List<Pending> pending(int mount, boolean onlyFailing, int max) {
    return schedule.marked(mount, onlyFailing, max).stream()
        .map(marked ->
            new Pending(
                pathOf(marked.subject()),
                !marked.subject().isInode(),
                marked.bytes(),
                Instant.ofEpochSecond(0, marked.dirty().sinceNanos()),
                marked.dirty().failure()))
        .toList();
  }

  /** The renames and removals of many objects that a mount has under way, oldest first. */
  public List<BulkProgress> jobs(int mount) throws IOException {
    return BulkReport.of(mount, cache, schedule);
  }

  /** Bytes of a mount that S3 does not have. Any thread; costs nothing. */
  public long dirtyBytes(int mount) {
    return schedule.dirtyBytes(mount);
  }

  /** Makes everything of a mount due now, as when the disk fills up. Never waits. */
  public void hurry(int mount) {
    schedule.hurry(mount);
  }

  /** Goes by what a probe of a mount's store found now. */
  public void probed(int mount) {
    writes.probed(mount);
  }

  /** Forgets a mount that is gone. */
  public void forget(int mount) {
    schedule.forget(mount);
    awaited.remove(mount);
  }

  /** Starts no more exports and waits a bounded time for those that run. */
  @Override
  public void close() {
    closed = true;
    try {
      var patience = Patience.atMost(limits.closeWait(), execution.nanoTime());
      execution.await(schedule.close(), patience);
    } catch (TimeoutException e) {
      LOG.info("Exports that are still running will be settled at the next start");
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
