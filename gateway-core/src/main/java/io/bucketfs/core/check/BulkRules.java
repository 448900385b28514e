package io.bucketfs.core.check;

import io.bucketfs.core.check.Finding.Kind;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.store.BulkJob;
import io.bucketfs.core.store.Dirty;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What must hold of jobs of many objects: what is left of them are the marks that name them. */
final class BulkRules {
  /** Of a mount with more marks, jobs are not looked through. */
  private static final int MARKS_MAX = 100_000;

  private final Search search;
  private final ActiveMount mount;
  private final int number;

  BulkRules(Search search, ActiveMount mount) {
    this.search = search;
    this.mount = mount;
    number = mount.mount().number();
  }

  void run() throws IOException, FileSystemException, InterruptedException {
    search.apply(this::current);
    search.each(
        Family.STALE,
        Keys.mount(number),
        entry -> {
          var mark = Dirty.decode(entry.value());
          if (mark.job() != 0 && !mark.subtree()) {
            search.apply(view -> mark(view, entry.key()));
          }
        });
    search.each(
        Family.BULK,
        Keys.mount(number),
        entry -> {
          // The first one says which of the others removals are added to.
          if (!Arrays.equals(entry.key(), Keys.bulk(number, 0))) {
            search.apply(view -> job(view, entry.key()));
          }
        });
  }

  /** The job that removals are added to is there. */
  private @Nullable Finding current(View view) throws IOException {
    var value = view.get(Family.BULK, Keys.bulk(number, 0));
    if (value == null) {
      return null;
    }
    var job = new RecordReader(value).i64();
    return view.get(Family.BULK, Keys.bulk(number, job)) == null
        ? wrong(job, "is to get further removals, and is not there")
        : null;
  }

  /** What a mark belongs to is there. */
  private @Nullable Finding mark(View view, byte[] key) throws IOException {
    var value = view.get(Family.STALE, key);
    var job = value == null ? 0 : Dirty.decode(value).job();
    return job == 0 || view.get(Family.BULK, Keys.bulk(number, job)) != null
        ? null
        : wrong(job, "has the key " + Keys.textOf(key) + ", and is not there");
  }

  private Finding wrong(long job, String detail) {
    return new Finding(Kind.BULK, mount.mount().name(), "job " + job, detail);
  }

  private @Nullable Finding job(View view, byte[] key) throws IOException {
    var value = view.get(Family.BULK, key);
    if (value == null) {
      return null;
    }
    var job = BulkJob.decode(value);
    var to = Objects.requireNonNull(Keys.endOfPrefix(Keys.mount(number)));
    var marks = view.scan(Family.STALE, Keys.mount(number), to, MARKS_MAX);
    if (marks.size() == MARKS_MAX) {
      return null;
    }
    var left = 0L;
    var leftBytes = 0L;
    var isSought = false;
    for (var entry : marks) {
      var mark = Dirty.decode(entry.value());
      if (mark.job() == job.number()) {
        isSought |= mark.subtree();
        left += mark.subtree() ? 0 : 1;
        leftBytes += mark.subtree() ? 0 : mark.bytes();
      }
    }
    return left == job.left() && leftBytes == job.leftBytes() && (left > 0 || isSought)
        ? null
        : wrong(
            job.number(),
            "was noted to have %d objects of %d bytes left, and has %d of %d"
                .formatted(job.left(), job.leftBytes(), left, leftBytes));
  }
}
