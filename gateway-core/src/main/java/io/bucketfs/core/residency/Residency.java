package io.bucketfs.core.residency;

import io.bucketfs.core.content.LocalCopies;
import io.bucketfs.core.content.Pins;
import io.bucketfs.core.importer.Importing;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.residency.TreeWalk.Unknown;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.Paths;
import io.bucketfs.core.store.Pin;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Carries out what operators order about local copies. Orders may run at the same time. */
public final class Residency {
  /** Files of one order that are fetched at the same time. */
  private static final int FETCHES_MAX = 16;

  /** So many files that failed are named. */
  private static final int FAILURES_MAX = 100;

  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};
  private static final int UNIT = 1_024;

  private final MetadataCache cache;
  private final LocalCopies copies;
  private final Pins pins;
  private final TreeWalk tree;
  private final Execution execution;

  /** Pins are added one at a time, so that together they keep to their share. */
  private final ReentrantLock pinning = new ReentrantLock();

  public Residency(
      MetadataCache cache, LocalCopies copies, Importing importing, Execution execution) {
    this.cache = cache;
    this.copies = copies;
    this.execution = execution;
    pins = copies.pins();
    tree = new TreeWalk(cache, importing);
  }

  /** An order that cannot be carried out. The message says what to do. */
  public static final class RefusedException extends Exception {
    RefusedException(String message) {
      super(message, null, false, false);
    }
  }

  /** A path inside a mount, without slashes around it; empty for the mount's root. */
  public record Target(ActiveMount mount, String path) {
    String shown() {
      return "/" + mount.mount().name() + (path.isEmpty() ? "" : "/" + path);
    }

    int number() {
      return mount.mount().number();
    }
  }

  /** A file that was passed over, and why. */
  public record Failure(String path, String reason) {}

  /**
   * What came of an order.
   *
   * @param files that were looked at
   * @param bytes that were fetched or dropped
   * @param dirtyFiles files of which something stays since S3 does not have it
   * @param pinnedFiles files that stay since they are pinned
   * @param failed how many files failed
   * @param failures some of them
   */
  public record Outcome(
      long files,
      long bytes,
      long dirtyFiles,
      long pinnedFiles,
      long failed,
      List<Failure> failures) {}

  /** What an order has come to. Any thread. */
  private static final class Tally {
    final AtomicLong files = new AtomicLong();
    final AtomicLong bytes = new AtomicLong();
    final AtomicLong dirty = new AtomicLong();
    final AtomicLong pinned = new AtomicLong();
    final AtomicLong failed = new AtomicLong();
    final ConcurrentLinkedQueue<Failure> failures = new ConcurrentLinkedQueue<>();

    void fail(String path, String reason) {
      if (failed.incrementAndGet() <= FAILURES_MAX) {
        failures.add(new Failure(path, reason));
      }
    }

    Outcome outcome() {
      return new Outcome(
          files.get(), bytes.get(), dirty.get(), pinned.get(), failed.get(), List.copyOf(failures));
    }
  }

  // Fetching.

  /**
   * Fetches what only S3 has of files.
   *
   * @throws RefusedException where it does not fit the local disk; nothing is fetched then
   */
  public Outcome warm(List<Target> targets, Progress progress)
      throws FileSystemException, IOException, InterruptedException, RefusedException {
    var tally = new Tally();
    var there = new ArrayList<Target>();
    for (var target : targets) {
      if (measure(target, progress, tally)) {
        there.add(target);
      }
    }
    var wanted = progress.state().bytesAll();
    var room = copies.roomBytes();
    if (wanted > room) {
      throw new RefusedException(
          "%s are to be fetched, and the cache has room for %s beside what is not in S3 yet: name"
                  .formatted(size(wanted), size(room))
              + " less, or enlarge it with bucketfs cache --size");
    }
    var running = new Semaphore(FETCHES_MAX);
    for (var target : there) {
      var top = tree.resolve(target.number(), target.path);
      tree.run(
          top,
          target.path,
          Unknown.LIST,
          (file, path) -> {
            running.acquire();
            execution.fork("warm", () -> fetch(file, path, progress, tally, running));
            return !progress.isAbandoned();
          });
    }
    running.acquire(FETCHES_MAX);
    return tally.outcome();
  }

  /** Counts what there is to fetch; false where there is nothing at the path. */
  private boolean measure(Target target, Progress progress, Tally tally)
      throws FileSystemException, IOException, InterruptedException {
    Inode top;
    try {
      top = tree.resolve(target.number(), target.path);
    } catch (FileSystemException e) {
      if (e.error() != FsError.NOT_FOUND) {
        throw e;
      }
      tally.fail(target.shown(), "is not there; bucketfs refresh looks for what is new");
      return false;
    }
    tree.run(
        top,
        target.path,
        Unknown.LIST,
        (file, _) -> {
          progress.found(1, copies.missingBytes(file.key()));
          return !progress.isAbandoned();
        });
    return true;
  }

  private void fetch(Inode file, String path, Progress progress, Tally tally, Semaphore running) {
    var fetched = new AtomicLong();
    try {
      copies.fetch(
          file.key(),
          bytes -> {
            fetched.addAndGet(bytes);
            progress.did(0, bytes);
          });
      tally.files.incrementAndGet();
    } catch (FileSystemException e) {
      tally.fail(path, String.valueOf(e.getMessage()));
    } finally {
      tally.bytes.addAndGet(fetched.get());
      progress.did(1, 0);
      running.release();
    }
  }

  // Dropping.

  /** Drops what S3 has too of files, unless it is pinned. */
  public Outcome evict(List<Target> targets, Progress progress)
      throws FileSystemException, IOException, InterruptedException {
    var tally = new Tally();
    for (var target : targets) {
      try {
        var top = tree.resolve(target.number(), target.path);
        tree.run(
            top,
            target.path,
            Unknown.PASS_OVER,
            (file, _) -> {
              progress.found(1, 0);
              evict(file, progress, tally);
              return !progress.isAbandoned();
            });
      } catch (FileSystemException e) {
        if (e.error() != FsError.NOT_FOUND) {
          throw e;
        }
        tally.fail(target.shown(), "is not there");
      }
    }
    copies.deleteDead();
    return tally.outcome();
  }

  private void evict(Inode file, Progress progress, Tally tally)
      throws FileSystemException, IOException {
    tally.files.incrementAndGet();
    if (pins.holds(file.key())) {
      tally.pinned.incrementAndGet();
      progress.did(1, 0);
      return;
    }
    var dropped = copies.drop(file.key());
    tally.bytes.addAndGet(dropped.bytes());
    if (!dropped.isWhole()) {
      tally.dirty.incrementAndGet();
    }
    progress.did(1, dropped.bytes());
  }

  // Pinning.

  /**
   * Pins files and directories. What is not here of them is not fetched by this.
   *
   * @throws RefusedException where pins would exceed their share of the local disk; nothing is
   *     pinned then
   */
  public Outcome pin(List<Target> targets, Progress progress)
      throws FileSystemException, IOException, InterruptedException, RefusedException {
    pinning.lock();
    try {
      var tally = new Tally();
      for (var target : targets) {
        pin(target, progress, tally);
      }
      return tally.outcome();
    } finally {
      pinning.unlock();
    }
  }

  private void pin(Target target, Progress progress, Tally tally)
      throws FileSystemException, IOException, InterruptedException, RefusedException {
    Inode top;
    try {
      top = tree.resolve(target.number(), target.path);
    } catch (FileSystemException e) {
      if (e.error() != FsError.NOT_FOUND) {
        throw e;
      }
      tally.fail(target.shown(), "is not there; bucketfs refresh looks for what is new");
      return;
    }
    var holder = pins.holder(top.key());
    if (holder != null && !holder.equals(top.key())) {
      throw new RefusedException(
          "%s is pinned already, with %s".formatted(target.shown(), shown(target, holder)));
    }
    var bytes = new AtomicLong();
    var files = new AtomicInteger();
    tree.run(
        top,
        target.path,
        Unknown.LIST,
        (file, _) -> {
          bytes.addAndGet(file.sizeBytes());
          files.incrementAndGet();
          progress.found(1, file.sizeBytes());
          return !progress.isAbandoned();
        });
    if (progress.isAbandoned()) {
      return;
    }
    var inside = forget(top.key());
    var others = 0L;
    for (var pin : pins.all().entrySet()) {
      if (!pin.getKey().equals(top.key()) && !inside.contains(pin.getKey())) {
        others += pin.getValue().bytes();
      }
    }
    var max = copies.pinnedBytesMax();
    if (others + bytes.get() > max) {
      throw new RefusedException(
          "%s has %s, %s are pinned, and pins may hold %s, three tenths of the cache: unpin some"
                  .formatted(target.shown(), size(bytes.get()), size(others), size(max))
              + " (bucketfs pin lists them), or enlarge it with bucketfs cache --size");
    }
    if (pins.all().size() - inside.size() >= Pins.PINS_MAX) {
      throw new RefusedException(
          "there are %,d pins, and no more may be: pin a directory above them"
              .formatted(Pins.PINS_MAX));
    }
    pins.add(top.key(), new Pin(bytes.get(), Committer.nanos(execution.now())));
    pins.remove(inside);
    tally.files.addAndGet(files.get());
    tally.bytes.addAndGet(bytes.get());
  }

  /** Pins below a directory, which one of it makes needless, and those of what is gone. */
  private List<InodeKey> forget(InodeKey top) throws IOException {
    var found = new ArrayList<InodeKey>();
    for (var key : pins.all().keySet()) {
      if (key.equals(top)) {
        continue;
      }
      if (cache.inode(key, Patience.FOREVER) == null || isBelow(key, top)) {
        found.add(key);
      }
    }
    return found;
  }

  private boolean isBelow(InodeKey key, InodeKey top) throws IOException {
    if (key.mount() != top.mount()) {
      return false;
    }
    var seen = new HashSet<Long>();
    for (var name : cache.names(key, 1)) {
      var at = new InodeKey(name.mount(), name.directory());
      while (seen.add(at.number())) {
        if (at.equals(top)) {
          return true;
        }
        var directory = cache.inode(at, Patience.FOREVER);
        if (directory == null || directory.isRoot()) {
          return false;
        }
        at = new InodeKey(at.mount(), directory.parent());
      }
    }
    return false;
  }

  /** Takes pins away. What is here of the files stays until something else needs the room. */
  public Outcome unpin(List<Target> targets)
      throws FileSystemException, IOException, RefusedException {
    pinning.lock();
    try {
      var tally = new Tally();
      var found = new ArrayList<InodeKey>();
      for (var target : targets) {
        InodeKey key = null;
        try {
          key = tree.resolve(target.number(), target.path).key();
        } catch (FileSystemException e) {
          if (e.error() != FsError.NOT_FOUND) {
            throw e;
          }
        }
        var holder = key == null ? null : pins.holder(key);
        if (key == null || holder == null) {
          tally.fail(target.shown(), "is not pinned");
        } else if (holder.equals(key)) {
          found.add(key);
          tally.files.incrementAndGet();
        } else {
          tally.fail(target.shown(), "is pinned with " + shown(target, holder) + ": unpin that");
        }
      }
      pins.remove(found);
      return tally.outcome();
    } finally {
      pinning.unlock();
    }
  }

  /** What pins may hold of the local disk. */
  public long pinnedBytesMax() {
    return copies.pinnedBytesMax();
  }

  /** A pin with where it is now. */
  public record Pinned(int mount, String path, Pin pin) {}

  /** All pins of what is there. */
  public List<Pinned> pins() throws IOException {
    var found = new ArrayList<Pinned>();
    for (var entry : pins.all().entrySet()) {
      var path = path(entry.getKey());
      if (path != null) {
        found.add(new Pinned(entry.getKey().mount(), path, entry.getValue()));
      }
    }
    return found;
  }

  private String shown(Target target, InodeKey key) throws IOException {
    var path = path(key);
    return new Target(target.mount, path == null ? "" : path).shown();
  }

  private @Nullable String path(InodeKey key) throws IOException {
    var inode = cache.inode(key, Patience.FOREVER);
    if (inode == null) {
      return null;
    }
    if (inode.isDirectory()) {
      return Paths.directoryPath(key, (InodeKey at) -> cache.inode(at, Patience.FOREVER));
    }
    for (DirentKey name : cache.names(key, 1)) {
      return cache.path(name);
    }
    return null;
  }

  private static String size(long bytes) {
    var unit = 0;
    var value = (double) bytes;
    while (value >= UNIT && unit < UNITS.length - 1) {
      value /= UNIT;
      unit++;
    }
    return unit == 0 ? bytes + " B" : "%.1f %s".formatted(value, UNITS[unit]);
  }
}
