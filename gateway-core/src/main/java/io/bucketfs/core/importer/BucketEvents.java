package io.bucketfs.core.importer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes what stores tell of their objects, whichever way it comes: the HTTP webhook now, a queue
 * later. It is a hint only: a HEAD finds out what is there (CORRECTNESS 14), so that events may
 * come late, twice, in any order or from a liar.
 *
 * <p>Keys wait in a queue, each once; where it is full, the mount is compared with its bucket at
 * its next use instead. Any thread; nothing waits.
 */
public final class BucketEvents {
  private static final Logger LOG = LoggerFactory.getLogger(BucketEvents.class);
  static final int WAITING_MAX = 100_000;
  private static final int WORKERS_MAX = 32;

  private final MountTable mounts;
  private final MetadataCache cache;
  private final KeyLook keys;
  private final Revalidation revalidation;
  private final Execution execution;
  private final Meters.Counter looked;
  private final Meters.Counter known;
  private final Meters.Counter unused;
  private final Meters.Counter unknown;
  private final Meters.Counter dropped;
  private final Meters.Counter failed;
  private final ReentrantLock lock = new ReentrantLock();

  /** What to look at, with the entity tag that the store told of. */
  @GuardedBy("lock")
  private final LinkedHashMap<Target, Event> waiting = new LinkedHashMap<>();

  @GuardedBy("lock")
  private int workers;

  private record Target(int mount, String key) {}

  /**
   * An object was written or deleted.
   *
   * @param bucket its name
   * @param key decoded
   * @param etag of what was written, with or without quotes; null where it was deleted
   */
  public record Event(String bucket, String key, @Nullable String etag) {}

  /**
   * What became of events.
   *
   * @param taken keys of mounts that will be looked at
   * @param unknown events of objects that no mount shows
   */
  public record Taken(int taken, int unknown) {}

  BucketEvents(
      MountTable mounts,
      MetadataCache cache,
      KeyLook keys,
      Revalidation revalidation,
      Execution execution,
      Meters meters) {
    this.mounts = mounts;
    this.cache = cache;
    this.keys = keys;
    this.revalidation = revalidation;
    this.execution = execution;
    looked = meters.counter("import_events", "outcome", "looked");
    known = meters.counter("import_events", "outcome", "known");
    unused = meters.counter("import_events", "outcome", "unused");
    unknown = meters.counter("import_events", "outcome", "unknown");
    dropped = meters.counter("import_events", "outcome", "dropped");
    failed = meters.counter("import_events", "outcome", "failed");
  }

  /** Takes events. */
  public Taken take(List<Event> events) {
    var taken = 0;
    var strangers = 0;
    for (var event : events) {
      var isShown = false;
      for (var active : mounts.all()) {
        var mount = active.mount();
        if (mount.location().bucket().equals(event.bucket())
            && event.key().startsWith(mount.prefix())) {
          add(new Target(mount.number(), event.key()), event);
          isShown = true;
        }
      }
      if (isShown) {
        taken++;
      } else {
        strangers++;
      }
    }
    unknown.add(strangers);
    return new Taken(taken, strangers);
  }

  private void add(Target target, Event event) {
    lock.lock();
    try {
      if (waiting.size() >= WAITING_MAX && !waiting.containsKey(target)) {
        dropped.add(1);
        revalidation.forget(target.mount);
        return;
      }
      waiting.put(target, event);
      if (workers < WORKERS_MAX) {
        workers++;
        execution.fork("bucket-event", this::work);
      }
    } finally {
      lock.unlock();
    }
  }

  private void work() {
    var isDone = false;
    try {
      for (var next = next(); next != null; next = next()) {
        look(next.getKey(), next.getValue());
      }
      isDone = true;
    } finally {
      if (!isDone) {
        ended();
      }
    }
  }

  private void ended() {
    lock.lock();
    try {
      workers--;
    } finally {
      lock.unlock();
    }
  }

  /** The next key; null, with the worker taken off, where there is none. */
  private Map.@Nullable Entry<Target, Event> next() {
    lock.lock();
    try {
      var next = waiting.pollFirstEntry();
      if (next == null) {
        workers--;
      }
      return next;
    } finally {
      lock.unlock();
    }
  }

  private void look(Target target, Event event) {
    var mount = mounts.get(target.mount);
    if (mount == null) {
      return;
    }
    try {
      if (!keys.matters(mount, target.key)) {
        unused.add(1);
      } else if (event.etag == null && !keys.isKnown(mount, target.key)) {
        // Somebody deleted what was never seen here, or we deleted it.
        unused.add(1);
      } else if (isOwn(mount, target.key, event.etag)) {
        known.add(1);
      } else {
        keys.look(mount, target.key, mount.mount().policy().refresh().imported());
        looked.add(1);
      }
    } catch (FileSystemException e) {
      failed.add(1);
      if (e.error() == FsError.DELAY) {
        // What is missed now is found by the next use.
        revalidation.forget(target.mount);
      }
    } catch (IOException e) {
      failed.add(1);
      LOG.error("An event for {} could not be worked on", target.key, e);
    }
  }

  /**
   * Whether it is our own export that is told of: it is on its way, or has this tag and was not
   * listed yet. A tag alone proves nothing later, since a copy onto itself keeps it.
   */
  private boolean isOwn(ActiveMount mount, String key, @Nullable String etag) throws IOException {
    var stored = Keys.text(mount.mount().number(), key);
    if (cache.store().get(Family.JOBS, stored) != null) {
      return true;
    }
    var value = cache.store().get(Family.REMOTE, stored);
    if (value == null || etag == null) {
      return false;
    }
    var version = RemoteEntry.decode(value).version();
    return version.lastModified() == null && bare(version.etag()).equals(bare(etag));
  }

  private static String bare(String etag) {
    return etag.replace("\"", "");
  }
}
