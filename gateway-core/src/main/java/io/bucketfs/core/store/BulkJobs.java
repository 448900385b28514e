package io.bucketfs.core.store;

import io.bucketfs.core.local.Family;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The jobs of many objects, as one transaction changes them. A directory that is renamed begins
 * one. Names that are removed or renamed one by one, as {@code rm -r} does, are one as long as no
 * {@link #GAP} is between them: nothing tells the server what belongs together.
 */
public final class BulkJobs {
  /** How long after the last removal another one is no part of the same job. */
  static final Duration GAP = Duration.ofSeconds(60);

  private final Tx tx;

  BulkJobs(Tx tx) {
    this.tx = tx;
  }

  /** One job, or null where it is done. */
  public @Nullable BulkJob find(int mount, long number) throws IOException {
    var value = number == 0 ? null : tx.get(Family.BULK, Keys.bulk(mount, number));
    return value == null ? null : BulkJob.decode(value);
  }

  private void put(int mount, BulkJob job) throws IOException {
    if (!job.isDone()) {
      tx.put(Family.BULK, Keys.bulk(mount, job.number()), job.encode());
      return;
    }
    tx.delete(Family.BULK, Keys.bulk(mount, job.number()));
    if (current(mount) == job.number()) {
      tx.delete(Family.BULK, Keys.bulk(mount, 0));
    }
  }

  /** The number of the job that removals are added to; 0 for none. */
  private long current(int mount) throws IOException {
    var value = tx.get(Family.BULK, Keys.bulk(mount, 0));
    return value == null ? 0 : new RecordReader(value).i64();
  }

  /**
   * Marks everything below a prefix, whose directory moves.
   *
   * @param path of the directory inside the mount
   */
  public void markMoved(int mount, String prefix, String path, long directory) throws IOException {
    var old = tx.stale(mount, prefix);
    if (old != null && old.subtree() && find(mount, old.job()) != null) {
      // It moved from here before, and that is not begun.
      tx.putStale(mount, prefix, old.changedAgain(tx.nowNanos()));
      return;
    }
    var job = BulkJob.rename(tx.newBulkJob(), path, directory, tx.nowNanos());
    put(mount, job);
    var now = tx.nowNanos();
    var mark = old == null ? Dirty.since(now, true) : old.changedAgain(now).asSubtree();
    tx.putStale(mount, prefix, mark.ofJob(job.number()));
  }

  /**
   * Marks a key that loses its name.
   *
   * @param directory path of the directory that it was in, inside the mount
   * @param bytes of the object
   */
  public void markRemoved(int mount, String key, String directory, long bytes) throws IOException {
    var old = tx.stale(mount, key);
    var mark = old == null ? Dirty.since(tx.nowNanos(), false) : old.changedAgain(tx.nowNanos());
    if (!mark.subtree() && find(mount, mark.job()) == null) {
      mark = mark.ofJob(removal(mount, directory)).ofObject(bytes);
    }
    tx.putStale(mount, key, mark);
  }

  private long removal(int mount, String directory) throws IOException {
    var current = find(mount, current(mount));
    if (current != null && tx.nowNanos() - current.changedNanos() <= GAP.toNanos()) {
      put(mount, current.at(common(current.path(), directory), tx.nowNanos()));
      return current.number();
    }
    var job = BulkJob.removal(tx.newBulkJob(), directory, tx.nowNanos());
    // It is not done before its first mark counts.
    tx.put(Family.BULK, Keys.bulk(mount, job.number()), job.encode());
    tx.put(Family.BULK, Keys.bulk(mount, 0), Keys.number(job.number()));
    return job.number();
  }

  /** The nearest directory above both, or one of them. */
  static String common(String one, String other) {
    var end = 0;
    for (var at = 0; at <= one.length() && at <= other.length(); at++) {
      var oneEnds = at == one.length() || one.charAt(at) == '/';
      var otherEnds = at == other.length() || other.charAt(at) == '/';
      if (oneEnds && otherEnds) {
        end = at;
      }
      if (at == one.length() || at == other.length() || one.charAt(at) != other.charAt(at)) {
        break;
      }
    }
    return one.substring(0, end);
  }

  /** All keys of a job have marks of their own. */
  public void found(int mount, long number) throws IOException {
    var job = find(mount, number);
    if (job != null) {
      put(mount, job.allFound());
    }
  }

  /** Counts a mark that comes, changes or goes. */
  void changed(int mount, @Nullable Dirty before, @Nullable Dirty after) throws IOException {
    var from = before == null || before.subtree() ? 0 : before.job();
    var to = after == null || after.subtree() ? 0 : after.job();
    if (from == to) {
      return;
    }
    var old = find(mount, from);
    if (old != null && before != null) {
      put(mount, old.without(before.bytes()));
    }
    var present = find(mount, to);
    if (present != null && after != null) {
      put(mount, present.with(after.bytes()));
    }
  }
}
