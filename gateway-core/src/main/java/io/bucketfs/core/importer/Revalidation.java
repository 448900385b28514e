package io.bucketfs.core.importer;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Compares what clients use with the bucket once it was not compared for a while. Use alone drives
 * it: there is no timer, and a mount that nobody uses sends nothing.
 *
 * <p>When something was compared last is kept in memory only, for a bounded number of directories
 * and files. After a start nothing counts as compared, so that what changed while the gateway was
 * away is found at the first use.
 *
 * <p>A directory is compared by a LIST. A file whose directory is not in use itself, such as one
 * that a client keeps open, is compared by a HEAD, since its directory may have a million entries.
 * Where many files of one directory are asked for, one listing of it is cheaper than a HEAD for
 * each: once so many HEADs were sent since its last listing as its pages are worth, it is listed
 * instead. So never much more than twice the cheaper way is paid.
 */
final class Revalidation {
  /** A LIST is worth this many HEADs: that is about what stores charge for it. */
  private static final int HEADS_A_PAGE = 12;

  private static final int ENTRIES_MAX = 100_000;

  /** Attributes may be this old where the interval is shorter: one open asks for them often. */
  private static final Duration ATTRIBUTES_AGE_MIN = Duration.ofSeconds(1);

  /** How often one use waits for a comparison that begins after it. */
  private static final int ROUNDS_MAX = 2;

  private final MountTable mounts;
  private final MetadataCache cache;
  private final Listings listings;
  private final KeyLook keys;
  private final Execution execution;
  private final ImportLimits limits;
  private final Flights<InodeKey, Changes> directories;
  private final Flights<InodeKey, Changes> files;
  private final Meters.Counter started;
  private final Meters.Counter failed;
  private final Map<Integer, Outage> outages = new ConcurrentHashMap<>();
  private final Map<Integer, Semaphore> permits = new ConcurrentHashMap<>();
  private final Cache<InodeKey, Seen> seen =
      Caffeine.newBuilder().maximumSize(ENTRIES_MAX).executor(Runnable::run).build();

  /**
   * When something was compared. Written by whoever compares it; a lost update costs a request.
   *
   * @param atNanos when the comparison began
   * @param pages requests that the last listing took; 0 for a file
   * @param heads HEADs for files in the directory since then
   */
  private record Seen(long atNanos, int pages, int heads) {}

  /** A bucket did not answer: nothing is compared for a while, and one tries then. */
  private record Outage(long untilNanos, Duration pause) {}

  Revalidation(
      MountTable mounts,
      MetadataCache cache,
      Listings listings,
      KeyLook keys,
      Execution execution,
      ImportLimits limits,
      Meters meters) {
    this.mounts = mounts;
    this.cache = cache;
    this.listings = listings;
    this.keys = keys;
    this.execution = execution;
    this.limits = limits;
    directories = new Flights<>(execution, "revalidate-directory");
    files = new Flights<>(execution, "revalidate-file");
    started = meters.counter("import_revalidations");
    failed = meters.counter("import_revalidation_failures");
  }

  // What is known.

  /** Notes that a directory was listed. */
  void listed(InodeKey directory, long beganNanos, int pages) {
    seen.put(directory, new Seen(beganNanos, pages, 0));
  }

  /** A directory was made here: what others put there since is found like in any other. */
  void made(InodeKey directory) {
    listed(directory, execution.nanoTime(), 1);
  }

  private boolean isFresh(InodeKey key, long sinceNanos) {
    var last = seen.getIfPresent(key);
    return last != null && last.atNanos - sinceNanos >= 0;
  }

  /** Lets everything of a mount be compared at its next use. */
  void forget(int mount) {
    seen.asMap().keySet().removeIf(key -> key.mount() == mount);
  }

  // Uses.

  /**
   * A directory is used by its names.
   *
   * @return whether it may be different now
   */
  boolean directoryUsed(Inode directory, Patience patience) throws FileSystemException {
    var refresh = mounts.require(directory.key().mount()).mount().policy().refresh();
    var interval = refresh.interval();
    if (interval == null || !directory.imported() || directory.localOnly()) {
      return false;
    }
    var since = execution.nanoTime() - interval.toNanos();
    var key = directory.key();
    if (isFresh(key, since)) {
      return false;
    }
    return compare(
        key, since, refresh.strict(), patience, directories, () -> compareDirectory(key));
  }

  /**
   * The attributes of a file are used, or it is opened.
   *
   * @return whether it may be different now
   */
  boolean fileUsed(Inode file, Patience patience) throws FileSystemException {
    var refresh = mounts.require(file.key().mount()).mount().policy().refresh();
    var interval = refresh.interval();
    if (interval == null || file.localOnly() || file.links() == 0) {
      return false;
    }
    var since = execution.nanoTime() - atLeast(interval, ATTRIBUTES_AGE_MIN).toNanos();
    var key = file.key();
    if (isFresh(key, since)) {
      return false;
    }
    return compare(key, since, refresh.strict(), patience, files, () -> compareFile(key, since));
  }

  /** A file was found through its directory, and is as fresh as that. */
  void found(InodeKey file, InodeKey directory) {
    var last = seen.getIfPresent(directory);
    if (last != null && !isFresh(file, last.atNanos)) {
      seen.put(file, new Seen(last.atNanos, 0, 0));
    }
  }

  private static Duration atLeast(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? other : one;
  }

  private boolean compare(
      InodeKey key,
      long since,
      boolean strict,
      Patience patience,
      Flights<InodeKey, Changes> flights,
      Flights.Work<Changes> work)
      throws FileSystemException {
    if (!strict) {
      if (!flights.isRunning(key) && !isBusy() && !isOut(key.mount())) {
        flights.prefetch(key, work);
      }
      return false;
    }
    patience.requireWaiting();
    for (var round = 0; round < ROUNDS_MAX && !isFresh(key, since); round++) {
      if (isOut(key.mount())) {
        throw new FileSystemException(FsError.DELAY, "the bucket does not answer");
      }
      flights.get(key, work, patience);
    }
    return true;
  }

  private boolean isBusy() {
    return directories.count() + files.count() >= limits.revalidationsMax();
  }

  /**
   * Compares a directory in any case, with what is there from now on.
   *
   * @param imported what of it is taken over
   */
  Changes compareNow(InodeKey directory, Imported imported)
      throws FileSystemException, IOException {
    return list(directory, imported);
  }

  // Comparisons, on threads of their own.

  private Changes compareDirectory(InodeKey key) throws FileSystemException, IOException {
    return guarded(key, () -> list(key, policy(key).imported()));
  }

  private RefreshPolicy policy(InodeKey key) throws FileSystemException {
    return mounts.require(key.mount()).mount().policy().refresh();
  }

  private Changes list(InodeKey key, Imported imported) throws FileSystemException, IOException {
    var mount = mounts.require(key.mount());
    var directory = cache.inode(key, Patience.FOREVER);
    if (directory == null || !directory.imported()) {
      return Changes.NONE;
    }
    var began = execution.nanoTime();
    var listed = listings.list(mount, directory, imported);
    listed(key, began, listed.pages());
    return listed.changes();
  }

  /** Runs a comparison within the bounds, and pauses the mount's where the bucket is away. */
  private Changes guarded(InodeKey key, Flights.Work<Changes> work)
      throws FileSystemException, IOException {
    var mount = key.mount();
    var permit =
        permits.computeIfAbsent(mount, _ -> new Semaphore(limits.revalidationsPerMountMax()));
    try {
      permit.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FileSystemException(FsError.DELAY, "interrupted");
    }
    try {
      if (!mayTry(mount)) {
        throw new FileSystemException(FsError.DELAY, "the bucket does not answer");
      }
      started.add(1);
      var changes = work.run();
      outages.remove(mount);
      return changes;
    } catch (FileSystemException e) {
      failed.add(1);
      if (e.error() == FsError.DELAY) {
        pause(mount);
      } else {
        // Not again before the interval is over.
        seen.put(key, new Seen(execution.nanoTime(), 1, 0));
      }
      throw e;
    } finally {
      permit.release();
    }
  }

  private boolean isOut(int mount) {
    var outage = outages.get(mount);
    return outage != null && outage.untilNanos - execution.nanoTime() > 0;
  }

  /** After an outage one at a time tries whether it is over. */
  private boolean mayTry(int mount) {
    while (true) {
      var outage = outages.get(mount);
      if (outage == null) {
        return true;
      }
      var now = execution.nanoTime();
      if (outage.untilNanos - now > 0) {
        return false;
      }
      var tried = new Outage(now + limits.persistence().toNanos(), outage.pause);
      if (outages.replace(mount, outage, tried)) {
        return true;
      }
    }
  }

  private void pause(int mount) {
    var now = execution.nanoTime();
    outages.compute(
        mount,
        (_, before) -> {
          var next = before == null ? limits.outagePauseMin() : before.pause.multipliedBy(2);
          var pause = next.compareTo(limits.outagePauseMax()) < 0 ? next : limits.outagePauseMax();
          return new Outage(now + pause.toNanos(), pause);
        });
  }

  /** Compares a file, by its directory where that is as cheap. */
  private Changes compareFile(InodeKey key, long since) throws FileSystemException, IOException {
    var began = execution.nanoTime();
    var mount = mounts.require(key.mount());
    var names = cache.names(key, 1);
    var name = names.isEmpty() ? null : names.getFirst();
    if (name == null) {
      return Changes.NONE;
    }
    var directory = new InodeKey(key.mount(), name.directory());
    if (directories.isRunning(directory)) {
      if (!policy(key).strict()) {
        // It will be compared with its directory; looked at again in a second.
        var interval = policy(key).interval();
        var age = interval == null ? Duration.ZERO : interval.minus(ATTRIBUTES_AGE_MIN);
        seen.put(key, new Seen(began - Math.max(0, age.toNanos()), 0, 0));
        return Changes.NONE;
      }
      var _ = directories.get(directory, () -> compareDirectory(directory), Patience.FOREVER);
    }
    found(key, directory);
    if (isFresh(key, since)) {
      return Changes.NONE;
    }
    var path = cache.path(name);
    var object = path == null ? null : mount.keyOf(path);
    if (object == null || !isExported(key, object)) {
      seen.put(key, new Seen(began, 0, 0));
      return Changes.NONE;
    }
    if (isListingCheaper(directory, since)) {
      var changes = directories.get(directory, () -> compareDirectory(directory), Patience.FOREVER);
      found(key, directory);
      return changes;
    }
    var changes =
        guarded(key, () -> keys.look(mount, object, mount.mount().policy().refresh().imported()));
    seen.put(key, new Seen(began, 0, 0));
    return changes;
  }

  /** Whether the bucket has what a file holds: else it is its export that meets a change. */
  private boolean isExported(InodeKey key, String object) throws IOException {
    return cache.store().get(Family.DIRTY, Keys.inode(key.mount(), key.number())) == null
        && cache.store().get(Family.REMOTE, Keys.text(key.mount(), object)) != null;
  }

  private boolean isListingCheaper(InodeKey directory, long since) throws IOException {
    var inode = cache.inode(directory, Patience.FOREVER);
    if (inode == null || !inode.imported()) {
      return false;
    }
    var last = seen.asMap().compute(directory, (_, before) -> counted(before, since));
    return last.heads > HEADS_A_PAGE * Math.max(1, last.pages);
  }

  /** Counts a HEAD; those of a directory that is not known to be large are as for one page. */
  private Seen counted(@Nullable Seen before, long since) {
    return before == null
        ? new Seen(since - 1, 1, 1)
        : new Seen(before.atNanos, before.pages, before.heads + 1);
  }
}
