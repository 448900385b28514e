package io.bucketfs.core.writeback;

import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.store.StoredUpload;
import io.bucketfs.core.vfs.FileSystemException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Throws away uploads of ours that nothing will complete. Ours are those whose ids are kept here:
 * the bucket does not tell who began an upload, so that no other is ever touched.
 *
 * <p>An upload that is gone may have been completed by a request whose reply was lost: then its
 * object is there, and is recognised by its token (CORRECTNESS 13).
 */
final class UploadRemoval {
  private static final Logger LOG = LoggerFactory.getLogger(UploadRemoval.class);

  private final Committer committer;
  private final BucketWrites writes;
  private final LeftWrites leftWrites;
  private final Settlement settlement;
  private final Meters.Counter aborted;

  UploadRemoval(
      Committer committer,
      BucketWrites writes,
      LeftWrites leftWrites,
      Settlement settlement,
      Meters meters) {
    this.committer = committer;
    this.writes = writes;
    this.leftWrites = leftWrites;
    this.settlement = settlement;
    aborted = meters.counter("writeback_uploads_aborted");
  }

  /**
   * Throws an upload away. The caller has claimed its key, and there is no job at it.
   *
   * @return why it has to be tried again; null where it is done
   */
  @Nullable BackendFailure remove(ActiveMount mount, String key, StoredUpload upload)
      throws FileSystemException, InterruptedException {
    try {
      writes.<@Nullable Void>await(() -> mount.store().abortUpload(key, upload.uploadId()));
    } catch (Refused e) {
      if (e.failure instanceof BackendFailure.Missing missing) {
        return settle(mount, key, upload, missing);
      }
      if (e.failure.isRetryable()) {
        return e.failure;
      }
      // Exports must not wait for a right that nobody gives.
      LOG.warn(
          "An upload of {} stays in the bucket and is paid for, abort it there: {}",
          key,
          Reasons.of(e.failure));
    }
    aborted.add(1);
    forget(mount, key, upload);
    return null;
  }

  private @Nullable BackendFailure settle(
      ActiveMount mount, String key, StoredUpload upload, BackendFailure missing)
      throws FileSystemException, InterruptedException {
    var number = mount.mount().number();
    var known = committer.<@Nullable RemoteEntry>commit(tx -> tx.remote(number, key));
    var expected = known == null ? null : known.version();
    var completion =
        committer.<@Nullable Completion>commit(tx -> Completion.of(tx, number, key, upload.job()));
    var outcome = leftWrites.settle(mount, key, expected, upload.job(), missing, completion);
    switch (outcome) {
      case Outcome.Unknown(var failure) -> {
        return failure;
      }
      case Outcome.Written written ->
          committer.commit(tx -> {
            settlement.written(tx, mount, key, written.job(), written.version(), known);
            return true;
          });
      case Outcome.Damaged damaged ->
          committer.commit(tx -> {
            settlement.damaged(tx, mount, key, damaged.job(), damaged.head());
            return true;
          });
      case Outcome.Foreign _, Outcome.NotDone _, Outcome.Deleted _ -> {}
    }
    forget(mount, key, upload);
    return null;
  }

  private void forget(ActiveMount mount, String key, StoredUpload upload)
      throws FileSystemException {
    var number = mount.mount().number();
    committer.commit(tx -> {
      if (upload.equals(tx.upload(number, key))) {
        tx.deleteUpload(number, key, upload);
      }
      return true;
    });
  }
}
