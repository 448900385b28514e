package io.bucketfs.core.writeback;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.store.BulkJob;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.Paths;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.writeback.BulkProgress.State;
import io.bucketfs.core.writeback.MountQueue.Parts;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an operator is told of renames and removals of many objects. */
final class BulkReport {
  private static final int PAGE = 1_024;

  private BulkReport() {}

  /** Those of a mount, oldest first. */
  static List<BulkProgress> of(int mount, MetadataCache cache, Schedule schedule)
      throws IOException {
    var parts = schedule.parts(mount);
    var found = new ArrayList<BulkProgress>();
    var from = Keys.bulk(mount, 1);
    var to = Keys.endOfPrefix(Keys.mount(mount));
    while (true) {
      var page = cache.store().scan(Family.BULK, from, to, PAGE);
      for (var entry : page) {
        var job = BulkJob.decode(entry.value());
        found.add(progress(mount, job, parts.getOrDefault(job.number(), new Parts()), cache));
      }
      if (page.size() < PAGE) {
        return found;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  private static BulkProgress progress(int mount, BulkJob job, Parts parts, MetadataCache cache)
      throws IOException {
    return new BulkProgress(
        job.number(),
        job.path(),
        job.isRename() ? path(new InodeKey(mount, job.directory()), cache) : null,
        job.isRename(),
        state(job, parts),
        job.objects(),
        job.objects() - job.left(),
        job.bytes(),
        job.bytes() - job.leftBytes(),
        Instant.ofEpochSecond(0, job.sinceNanos()),
        parts.reason);
  }

  private static @Nullable String path(InodeKey directory, MetadataCache cache) throws IOException {
    return Paths.directoryPath(directory, key -> cache.inode(key, Patience.FOREVER));
  }

  private static State state(BulkJob job, Parts parts) {
    if (parts.failing > 0 && parts.failing >= job.left()) {
      return State.FAILING;
    }
    if (parts.running == 0 && parts.retried > 0) {
      return State.RETRYING;
    }
    return parts.running > 0 || job.left() < job.objects() ? State.RUNNING : State.WAITING;
  }
}
