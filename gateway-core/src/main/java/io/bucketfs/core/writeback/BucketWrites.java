package io.bucketfs.core.writeback;

import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.MultipartStore;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.object.PosixMetadata;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Job;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends requests that change objects, each on a condition, and finds out what became of them
 * (CORRECTNESS 13 and 16).
 *
 * <p>Where the store does not honour a request's condition, a HEAD before it takes its place; the
 * gap between the two is what makes such a mount weaker.
 *
 * <p>A request whose reply was lost may still land after a HEAD has said that it did not. Its job
 * is remembered, so that its token is never taken for somebody else's.
 */
final class BucketWrites {
  private static final Logger LOG = LoggerFactory.getLogger(BucketWrites.class);
  private static final int LATE_MAX = 4;

  /** How often bytes are sent that arrive damaged. */
  private static final int CORRUPT_MAX = 4;

  private record ObjectName(int mount, String key) {}

  private final Execution execution;
  private final Deletions deletions;
  private final UploadBandwidth bandwidth;
  private final Meters.Counter lostReplies;
  private final Map<ObjectName, List<Job>> late = new ConcurrentHashMap<>();

  /** Tokens of writes that the store says it got damaged. */
  private final Map<ObjectName, String> damaged = new ConcurrentHashMap<>();

  private final Set<Integer> withoutPartCopies = ConcurrentHashMap.newKeySet();
  private final Set<Integer> withoutUploads = ConcurrentHashMap.newKeySet();

  BucketWrites(Execution execution, UploadBandwidth bandwidth, Meters meters) {
    this.execution = execution;
    this.bandwidth = bandwidth;
    deletions = new Deletions(execution);
    lostReplies = meters.counter("writeback_lost_replies");
  }

  /** A PUT of a body. */
  Outcome put(ActiveMount mount, Target target, BodySource body) throws InterruptedException {
    try (var turn = bandwidth.begin(mount.mount().number(), body.sizeBytes())) {
      var limited = turn.limit(body);
      return write(
          mount,
          target.key(),
          target.expected(),
          target.job(),
          mount.traits().conditionalPut(),
          condition -> mount.store().put(request(target, condition), limited));
    }
  }

  /** One part of an upload. */
  MultipartStore.Part uploadPart(
      ActiveMount mount, String key, String uploadId, int number, BodySource body)
      throws Refused, InterruptedException {
    try (var turn = bandwidth.begin(mount.mount().number(), body.sizeBytes())) {
      var limited = turn.limit(body);
      return await(() -> mount.store().uploadPart(key, uploadId, number, limited));
    }
  }

  private static ObjectStore.PutRequest request(Target target, Condition condition) {
    return new ObjectStore.PutRequest(
        target.key(), condition, target.metadata(), target.contentType(), target.placement());
  }

  /** A copy inside the bucket; a source that is not what it was is NotDone with Conflict. */
  Outcome copy(ActiveMount mount, String source, ObjectVersion sourceVersion, Target target)
      throws InterruptedException {
    var key = target.key();
    if (!mount.traits().conditionalCopySource() && !source.equals(key)) {
      try {
        var head = head(mount, source);
        if (head == null || !head.version().mayEqual(sourceVersion)) {
          return new Outcome.NotDone(new BackendFailure.Conflict("the source of a copy changed"));
        }
      } catch (Refused e) {
        return new Outcome.NotDone(e.failure);
      }
    }
    var honoured =
        mount.traits().conditionalCopyTarget()
            || (source.equals(key) && mount.traits().conditionalCopySource());
    return write(
        mount,
        key,
        target.expected(),
        target.job(),
        honoured,
        condition ->
            mount
                .store()
                .copy(
                    new ObjectStore.CopyRequest(
                        source,
                        sourceVersion,
                        key,
                        condition,
                        target.metadata(),
                        target.contentType(),
                        target.placement())));
  }

  /** Whether many objects are deleted by one request. */
  boolean deletesMany(ActiveMount mount) {
    return deletions.isInBatches(mount);
  }

  /** Whether parts may be copied by the store: it was seen to do so, and has not refused since. */
  boolean copiesParts(ActiveMount mount) {
    return mount.traits().conditionalPartCopy()
        && !withoutPartCopies.contains(mount.mount().number());
  }

  /** Notes that the store does not copy parts after all, or not between others. */
  void refusedPartCopies(ActiveMount mount) {
    withoutPartCopies.add(mount.mount().number());
  }

  /** Whether the store refused to begin uploads, and took the same bytes in one request. */
  boolean isWithoutUploads(ActiveMount mount) {
    return withoutUploads.contains(mount.mount().number());
  }

  /** Notes that the store was probed again: what it refused before it may take now. */
  void probed(int mount) {
    withoutPartCopies.remove(mount);
    withoutUploads.remove(mount);
    deletions.probed(mount);
  }

  /** Notes that it did. */
  void refusedUploads(ActiveMount mount) {
    withoutUploads.add(mount.mount().number());
  }

  /**
   * The end of an upload, whose parts are all there. It can be ended only once: where the store
   * tells another checksum of the whole than that of the parts, what is there is read.
   */
  Outcome complete(
      ActiveMount mount,
      String key,
      @Nullable ObjectVersion expected,
      Job job,
      String uploadId,
      List<MultipartStore.Part> parts)
      throws InterruptedException {
    var outcome =
        write(
            mount,
            key,
            expected,
            job,
            mount.traits().conditionalComplete(),
            1,
            condition ->
                mount
                    .store()
                    .completeUpload(
                        new MultipartStore.CompleteRequest(key, uploadId, condition, parts)));
    if (!(outcome instanceof Outcome.Damaged(var written, var head, var failure))) {
      return outcome;
    }
    LOG.warn("An object in parts is read, since the store says: {}", failure.detail());
    try {
      if (!new ReadBack(mount, this).agrees(key, head.version(), parts)) {
        return outcome;
      }
    } catch (Refused e) {
      return new Outcome.Unknown(e.failure);
    }
    damaged.remove(new ObjectName(mount.mount().number(), key));
    return new Outcome.Written(written, head.version());
  }

  private static Condition condition(@Nullable ObjectVersion expected) {
    return expected == null ? Condition.ABSENT : Condition.matches(expected);
  }

  private Outcome write(
      ActiveMount mount,
      String key,
      @Nullable ObjectVersion expected,
      Job job,
      boolean honoured,
      Function<Condition, CompletionStage<ObjectVersion>> request)
      throws InterruptedException {
    return write(mount, key, expected, job, honoured, CORRUPT_MAX, request);
  }

  private Outcome write(
      ActiveMount mount,
      String key,
      @Nullable ObjectVersion expected,
      Job job,
      boolean honoured,
      int attemptsMax,
      Function<Condition, CompletionStage<ObjectVersion>> request)
      throws InterruptedException {
    var name = new ObjectName(mount.mount().number(), key);
    if (!honoured) {
      try {
        var head = head(mount, key);
        if (!isAsExpected(head, expected)) {
          return judge(mount, key, expected, job, head, new BackendFailure.Conflict("changed"));
        }
      } catch (Refused e) {
        return new Outcome.NotDone(e.failure);
      }
    }
    var condition = condition(expected);
    for (var attempt = 1; ; attempt++) {
      try {
        var now = condition;
        var version = await(() -> request.apply(now));
        late.remove(name);
        damaged.remove(name);
        return new Outcome.Written(job, version);
      } catch (Refused e) {
        if (e.failure instanceof BackendFailure.Corrupt) {
          damaged.put(name, job.token());
        }
        if (e.failure instanceof BackendFailure.Corrupt && attempt < attemptsMax) {
          var own = ownVersion(mount, key, job);
          condition = own == null ? condition : Condition.matches(own);
        } else {
          return isCertain(e.failure) && !job.token().equals(damaged.get(name))
              ? new Outcome.NotDone(e.failure)
              : settle(mount, key, expected, job, e.failure);
        }
      }
    }
  }

  /**
   * What a write left that the store says it got damaged; null where it refused it. It must not be
   * taken for done, nor for somebody else's, but be written over.
   */
  private @Nullable ObjectVersion ownVersion(ActiveMount mount, String key, Job job)
      throws InterruptedException {
    try {
      var head = head(mount, key);
      return head != null && job.token().equals(head.metadata().get(PosixMetadata.TOKEN))
          ? head.version()
          : null;
    } catch (Refused e) {
      return null;
    }
  }

  /** Whether a failure says that nothing was done. */
  private static boolean isCertain(BackendFailure failure) {
    return switch (failure) {
      case BackendFailure.Busy _, BackendFailure.Denied _, BackendFailure.Archived _ -> true;
      case BackendFailure.Rejected _, BackendFailure.Corrupt _ -> true;
      case BackendFailure.Missing _, BackendFailure.Conflict _, BackendFailure.Unreachable _ ->
          false;
    };
  }

  private static boolean isAsExpected(@Nullable ObjectHead head, @Nullable ObjectVersion expected) {
    return (head == null || expected == null)
        ? head == null && expected == null
        : head.version().mayEqual(expected);
  }

  /** Lets a HEAD decide what became of a job. */
  private Outcome settle(
      ActiveMount mount,
      String key,
      @Nullable ObjectVersion expected,
      Job job,
      BackendFailure failure)
      throws InterruptedException {
    lostReplies.add(1);
    try {
      return judge(mount, key, expected, job, head(mount, key), failure);
    } catch (Refused e) {
      return new Outcome.Unknown(e.failure);
    }
  }

  /** Tells whether an object that has the token of a job is what the job was to make. */
  @FunctionalInterface
  interface Proof {
    boolean holds(ObjectVersion version) throws Refused, FileSystemException, InterruptedException;
  }

  /**
   * Lets a HEAD decide what became of a job that was left, as by a process that was killed.
   *
   * @param proof is asked where the object has the job's token
   */
  Outcome settleLeft(
      ActiveMount mount,
      String key,
      @Nullable ObjectVersion expected,
      Job job,
      BackendFailure failure,
      Proof proof)
      throws FileSystemException, InterruptedException {
    lostReplies.add(1);
    try {
      var head = head(mount, key);
      var outcome = judge(mount, key, expected, job, head, failure);
      if (head == null
          || !(outcome instanceof Outcome.Written(var written, _))
          || !written.token().equals(job.token())
          || proof.holds(head.version())) {
        return outcome;
      }
      return new Outcome.Damaged(
          job, head, new BackendFailure.Corrupt("the bucket may have other bytes than were sent"));
    } catch (Refused e) {
      return new Outcome.Unknown(e.failure);
    }
  }

  private Outcome judge(
      ActiveMount mount,
      String key,
      @Nullable ObjectVersion expected,
      Job job,
      @Nullable ObjectHead head,
      BackendFailure failure) {
    if (job.deletion()) {
      if (head == null) {
        return new Outcome.Deleted();
      }
      return isAsExpected(head, expected)
          ? new Outcome.NotDone(failure)
          : new Outcome.Foreign(head);
    }
    var name = new ObjectName(mount.mount().number(), key);
    var token = head == null ? null : head.metadata().get(PosixMetadata.TOKEN);
    if (head != null && token != null) {
      if (token.equals(job.token()) && token.equals(damaged.get(name))) {
        return new Outcome.Damaged(job, head, failure);
      }
      if (token.equals(job.token())) {
        late.remove(name);
        return new Outcome.Written(job, head.version());
      }
      for (var earlier : late.getOrDefault(name, List.of())) {
        if (token.equals(earlier.token())) {
          return new Outcome.Written(earlier, head.version());
        }
      }
    }
    if (isAsExpected(head, expected)) {
      if (failure instanceof BackendFailure.Unreachable) {
        remember(name, job);
      }
      return new Outcome.NotDone(failure);
    }
    return new Outcome.Foreign(head);
  }

  private void remember(ObjectName name, Job job) {
    late.merge(
        name,
        List.of(job),
        (before, more) -> Stream.concat(more.stream(), before.stream()).limit(LATE_MAX).toList());
  }

  /** A conditional DELETE; the job is one of deletion. */
  Outcome delete(ActiveMount mount, String key, ObjectVersion expected, Job job)
      throws InterruptedException {
    if (!mount.traits().conditionalDelete()) {
      try {
        var head = head(mount, key);
        if (!isAsExpected(head, expected)) {
          return judge(mount, key, expected, job, head, new BackendFailure.Conflict("changed"));
        }
      } catch (Refused e) {
        return new Outcome.NotDone(e.failure);
      }
    }
    try {
      var _ = await(() -> deletions.delete(mount, key, expected));
      return new Outcome.Deleted();
    } catch (Refused e) {
      return isCertain(e.failure)
          ? new Outcome.NotDone(e.failure)
          : settle(mount, key, expected, job, e.failure);
    }
  }

  /** What is at a key; null for nothing. */
  @Nullable ObjectHead head(ActiveMount mount, String key) throws Refused, InterruptedException {
    try {
      return Objects.requireNonNull(await(() -> mount.store().head(key)));
    } catch (Refused e) {
      if (e.failure instanceof BackendFailure.Missing) {
        return null;
      }
      throw e;
    }
  }

  /** Sends a request and waits for its reply. */
  <T extends @Nullable Object> T await(Supplier<CompletionStage<T>> request)
      throws Refused, InterruptedException {
    try {
      return execution.await(request.get(), Patience.FOREVER);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ObjectStoreException refusal) {
        throw new Refused(refusal.failure());
      }
      throw new Refused(new BackendFailure.Unreachable(String.valueOf(e.getCause())));
    } catch (TimeoutException e) {
      throw new IllegalStateException("waiting for ever ended", e);
    }
  }
}
