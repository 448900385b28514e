package io.bucketfs.core.check;

import io.bucketfs.core.check.Finding.Kind;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.UsageCount;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Verifies the local state while clients use it. It holds nobody up: it rests as long as it works,
 * and only what seems wrong is looked at again in a transaction.
 *
 * <p>It changes nothing, but for counters of usage, which it puts right.
 */
public final class Check {
  private final Committer committer;
  private final MetadataCache cache;
  private final ExtentStore extents;
  private final MountTable mounts;
  private final Execution execution;
  private final Semaphore running = new Semaphore(1);

  public Check(
      Committer committer,
      MetadataCache cache,
      ExtentStore extents,
      MountTable mounts,
      Execution execution) {
    this.committer = committer;
    this.cache = cache;
    this.extents = extents;
    this.mounts = mounts;
    this.execution = execution;
  }

  /**
   * Runs a check.
   *
   * @param only the mount that is checked; null for all of them and what they share
   * @param withBytes whether to read all data and compare checksums, too
   * @return what was found, or null where a check is running already
   */
  public @Nullable CheckReport run(@Nullable ActiveMount only, boolean withBytes)
      throws IOException, FileSystemException, InterruptedException {
    if (!running.tryAcquire()) {
      return null;
    }
    try {
      return checked(only, withBytes);
    } finally {
      running.release();
    }
  }

  private CheckReport checked(@Nullable ActiveMount only, boolean withBytes)
      throws IOException, FileSystemException, InterruptedException {
    var search = new Search(committer, cache.store(), execution);
    var ofExtents = new ExtentRules(search, extents, mounts);
    var inodes = 0L;
    var names = 0L;
    Collection<ActiveMount> chosen = only == null ? mounts.all() : List.of(only);
    for (var mount : chosen) {
      var ofNames = new NameRules(search, mount);
      ofNames.requireRoot();
      ofNames.run();
      inodes += ofNames.inodes();
      names += ofNames.names();
      ofExtents.extentsOf(mount.mount().number());
      new UploadRules(search, mount).run();
      new BulkRules(search, mount).run();
      new KeptRules(search, mount, execution).run();
      usage(search, mount);
    }
    ofExtents.references(only == null ? 0 : only.mount().number(), withBytes);
    if (only == null) {
      ofExtents.files();
    }
    return new CheckReport(
        inodes,
        names,
        ofExtents.extents(),
        ofExtents.records(),
        ofExtents.bytes(),
        search.found(),
        List.copyOf(search.findings()));
  }

  private void usage(Search search, ActiveMount mount)
      throws FileSystemException, InterruptedException {
    var number = mount.mount().number();
    var compared = new UsageCount(committer, number).run(_ -> search.rest());
    if (compared != null && !compared.isRight()) {
      search.add(
          new Finding(
              Kind.USAGE,
              mount.mount().name(),
              "usage",
              "was noted as %d bytes in %d inodes, and is %d bytes in %d inodes"
                  .formatted(
                      compared.kept().bytes(),
                      compared.kept().inodes(),
                      compared.counted().bytes(),
                      compared.counted().inodes())));
    }
  }
}
