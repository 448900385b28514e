package io.bucketfs.core.writeback;

import io.bucketfs.core.content.ByteRun;
import io.bucketfs.core.content.Snapshot;
import io.bucketfs.core.content.Snapshots;
import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Job;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what became of requests that were left, as by a process that was killed. An object that
 * has the token of one is read, since nobody knows whether the reply told the checksum of other
 * bytes: once it is the base of its file, what is here may be dropped.
 *
 * <p>The object of an upload must be what its parts were. That of a PUT must have what would rest
 * on it: whatever of its bytes was not written since, be it here or only in another object below
 * the file. A file that was written since is compared as well: what it did not change would be
 * dropped here, too. Believed is
 *
 * <ul>
 *   <li>what was nowhere but in the object that it took the place of, or cannot be read here any
 *       longer: nothing else has these bytes;
 *   <li>the object of a file that is gone, has got another content, or has a later state in the
 *       bucket: nothing will rest on it;
 *   <li>a copy: the store had the bytes, and tells no checksum of what it received.
 * </ul>
 */
final class LeftWrites {
  private static final Logger LOG = LoggerFactory.getLogger(LeftWrites.class);

  private final Committer committer;
  private final Snapshots snapshots;
  private final BucketWrites writes;
  private final Execution execution;

  LeftWrites(Committer committer, Snapshots snapshots, BucketWrites writes, Execution execution) {
    this.committer = committer;
    this.snapshots = snapshots;
    this.writes = writes;
    this.execution = execution;
  }

  /**
   * What became of a job that was left. The caller has claimed its key.
   *
   * @param expected what was there before; null for nothing
   * @param failure what is said of a job that was not carried out
   * @param completion what it was to complete; null where it is another kind of job
   */
  Outcome settle(
      ActiveMount mount,
      String key,
      @Nullable ObjectVersion expected,
      Job job,
      BackendFailure failure,
      @Nullable Completion completion)
      throws FileSystemException, InterruptedException {
    return writes.settleLeft(
        mount,
        key,
        expected,
        job,
        failure,
        version ->
            completion == null
                ? job.copied() || isAsSent(mount, key, version, job)
                : isRead(
                    key,
                    completion.isReplaceable(),
                    () -> new ReadBack(mount, writes).agrees(key, version, completion.parts())));
  }

  /**
   * Whether a file can be sent again whose object at a key was written over: not where some of its
   * bytes were nowhere but in that.
   *
   * @param base of the file
   */
  static boolean isReplaceable(Content.@Nullable Base base, String key) {
    return base == null || base.length() == 0 || !base.key().equals(key);
  }

  @FunctionalInterface
  private interface Reading {
    boolean agrees() throws Refused, InterruptedException;
  }

  /**
   * Whether an object is what it has to be. One that may never be read is sent again where that is
   * possible, and believed otherwise: nothing but it has the bytes.
   */
  private static boolean isRead(String key, boolean isReplaceable, Reading reading)
      throws Refused, InterruptedException {
    LOG.info("The object {} is read: nobody knows what the store replied to its write", key);
    try {
      return reading.agrees();
    } catch (Refused e) {
      return switch (e.failure) {
        case BackendFailure.Denied _, BackendFailure.Archived _, BackendFailure.Rejected _ ->
            !isReplaceable;
        // It changed meanwhile, or is to be read again.
        case BackendFailure.Missing _,
            BackendFailure.Conflict _,
            BackendFailure.Busy _,
            BackendFailure.Unreachable _,
            BackendFailure.Corrupt _ ->
            throw e;
      };
    }
  }

  /** Whether the object of a PUT has all that would rest on it. */
  private boolean isAsSent(ActiveMount mount, String key, ObjectVersion version, Job job)
      throws Refused, FileSystemException, InterruptedException {
    var file = new InodeKey(mount.mount().number(), job.inode());
    var inode = committer.<@Nullable Inode>commit(tx -> tx.inode(file));
    if (inode == null) {
      return true;
    }
    if (inode.content() == null) {
      var body = BodySource.ofBytes(InodePlan.smallBody(inode));
      var size = body.sizeBytes();
      var whole = size == 0 ? List.<ByteRun>of() : List.of(new ByteRun(0, size));
      return version.sizeBytes() == size && has(mount, key, version, sums(whole, _ -> body), true);
    }
    try (var snapshot = snapshots.snapshot(file, (_, _) -> true).snapshot()) {
      var content = snapshot.inode().requireContent();
      return !willRest(content, job) || isAsSent(mount, key, version, job, snapshot);
    } catch (FileSystemException e) {
      if (e.error() != FsError.STALE) {
        throw e;
      }
      // It went in the meantime.
      return true;
    }
  }

  /** Whether an object becomes the base of a content; see {@link Settlement#written}. */
  private static boolean willRest(Content content, Job job) {
    return content.id() == job.content() && content.exportedSequence() <= job.contentSequence();
  }

  private boolean isAsSent(
      ActiveMount mount, String key, ObjectVersion version, Job job, Snapshot snapshot)
      throws Refused, InterruptedException {
    if (version.sizeBytes() != job.sizeBytes()) {
      return false;
    }
    var base = snapshot.inode().requireContent().base();
    var isReplaceable = isReplaceable(base, key);
    var runs = snapshot.unwrittenSince(job.contentSequence(), isReplaceable);
    var sums = sums(runs, run -> snapshot.body(run.offset(), run.length()));
    return has(mount, key, version, sums, isReplaceable);
  }

  private boolean has(
      ActiveMount mount,
      String key,
      ObjectVersion version,
      List<ReadBack.Sum> sums,
      boolean isReplaceable)
      throws Refused, InterruptedException {
    return sums.isEmpty()
        || isRead(key, isReplaceable, () -> new ReadBack(mount, writes).has(key, version, sums));
  }

  /** The checksums of those runs that can be read. */
  private List<ReadBack.Sum> sums(List<ByteRun> runs, Function<ByteRun, BodySource> bodies)
      throws Refused, InterruptedException {
    var sums = new ArrayList<ReadBack.Sum>();
    for (var run : runs) {
      var sum = sum(bodies.apply(run));
      if (sum != null) {
        sums.add(new ReadBack.Sum(run, sum));
      }
    }
    return sums;
  }

  /** The checksum of a body; null where it is gone for good, here or below the file. */
  private @Nullable Long sum(BodySource body) throws Refused, InterruptedException {
    var sum = new CRC32C();
    try (var reader = body.open()) {
      while (true) {
        var part = execution.await(reader.next(), Patience.FOREVER);
        if (part == null) {
          return sum.getValue();
        }
        try {
          for (var buffer : part.nioBuffers()) {
            sum.update(buffer);
          }
        } finally {
          part.release();
        }
      }
    } catch (ExecutionException e) {
      var cause = e.getCause();
      if (cause instanceof CorruptExtentException || cause instanceof NoSuchFileException) {
        return null;
      }
      var failure =
          cause instanceof ObjectStoreException refusal
              ? refusal.failure()
              : new BackendFailure.Unreachable(String.valueOf(cause));
      if (failure.isRetryable()) {
        throw new Refused(failure);
      }
      return null;
    } catch (TimeoutException e) {
      throw new IllegalStateException("waiting for ever ended", e);
    }
  }
}
