package io.bucketfs.core.writeback;

import io.bucketfs.core.content.ByteRun;
import io.bucketfs.core.content.Snapshot;
import io.bucketfs.core.content.Snapshots;
import io.bucketfs.core.importer.Importing;
import io.bucketfs.core.importer.ObjectForm;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.ObjectPolicy;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Job;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.store.StoredUpload;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One attempt to make the bucket agree with an inode: plans and acts in turn until it does. */
final class InodeExport {
  /** More steps than the names of one file can need; then it is tried again later. */
  private static final int STEPS_MAX = 4_096;

  /** How often an attempt begins an upload anew. */
  private static final int UPLOADS_MAX = 4;

  private static final String TEMPORARY = ".bucketfs-swap-";

  private final ActiveMount mount;
  private final InodeKey file;
  private final Committer committer;
  private final Snapshots snapshots;
  private final Importing importing;
  private final BucketWrites writes;
  private final LeftWrites leftWrites;
  private final Settlement settlement;
  private final UploadRemoval uploads;
  private final ExportTurns turns;
  private final Execution execution;
  private WritebackLimits limits;
  private final Supplier<String> tokens;
  private final Claim claim;
  private final Descriptions descriptions;

  private @Nullable Snapshot snapshot;

  /** The next step, where the transaction that ended the last one found it. */
  private @Nullable Step planned;

  private boolean mayCopy = true;
  private boolean mayCopyParts = true;
  private boolean uploadsRefused;
  private int uselessUploads;

  InodeExport(
      ActiveMount mount,
      InodeKey file,
      Committer committer,
      Snapshots snapshots,
      Importing importing,
      BucketWrites writes,
      LeftWrites leftWrites,
      Settlement settlement,
      UploadRemoval uploads,
      ExportTurns turns,
      Execution execution,
      WritebackLimits limits,
      Supplier<String> tokens,
      Claim claim) {
    this.mount = mount;
    this.file = file;
    this.committer = committer;
    this.snapshots = snapshots;
    this.importing = importing;
    this.writes = writes;
    this.leftWrites = leftWrites;
    this.settlement = settlement;
    this.uploads = uploads;
    this.turns = turns;
    this.execution = execution;
    this.limits = limits;
    this.tokens = tokens;
    this.claim = claim;
    descriptions = new Descriptions(mount, writes);
  }

  /**
   * Runs the attempt.
   *
   * @param bytes whether the file was just seen to have bytes that the bucket has not: they are
   *     pinned first, since whatever is to be done rests on them
   */
  Attempt run(boolean bytes) throws FileSystemException, IOException, InterruptedException {
    planned = bytes ? new Step.TakeSnapshot() : null;
    try {
      for (var steps = 0; steps < STEPS_MAX; steps++) {
        var attempt = act(nextStep());
        if (attempt != null) {
          return attempt;
        }
      }
      return new Attempt.Later("it changes faster than it can be exported", Duration.ZERO);
    } finally {
      if (snapshot != null) {
        snapshot.close();
      }
    }
  }

  private Step nextStep() throws FileSystemException {
    var next = planned;
    planned = null;
    return next == null ? committer.commit(this::plan) : next;
  }

  private Step plan(Tx tx) throws IOException {
    return plan(tx, snapshot == null ? null : snapshot.inode());
  }

  private Step plan(Tx tx, @Nullable Inode pinned) throws IOException {
    return new InodePlan(tx, mount, claim, limits, tokens).next(file, pinned, mayCopy);
  }

  /** What the end of a step changes. */
  @FunctionalInterface
  private interface Change {
    void apply(Tx tx) throws IOException;
  }

  /** Ends a step, and finds the next one in the same transaction: it waits for one sync. */
  private @Nullable Attempt goOnAfter(Change change) throws FileSystemException {
    planned =
        committer.commit(tx -> {
          change.apply(tx);
          return plan(tx);
        });
    return null;
  }

  /** Does a step; the end of the attempt, or null where it goes on. */
  private @Nullable Attempt act(Step step)
      throws FileSystemException, IOException, InterruptedException {
    return switch (step) {
      case Step.End end -> end.attempt();
      case Step.ReadAttributes(var inode) -> {
        importing.ensureAttributes(inode, Patience.FOREVER);
        yield null;
      }
      case Step.ReadForeign(var key, var remote) -> readForeign(key, remote);
      case Step.TakeSnapshot _ -> takeSnapshot();
      case Step.Settle settle -> settle(settle);
      case Step.Abandon(var key, var upload) -> abandon(key, upload);
      case Step.Put put -> put(put);
      case Step.Copy copy -> copy(copy);
      case Step.StepAside aside -> stepAside(aside);
    };
  }

  /**
   * Notes what others keep with an object. Where it is another one by now, or gone, the condition
   * of what is sent next finds out.
   */
  private @Nullable Attempt readForeign(String key, RemoteEntry unread)
      throws FileSystemException, InterruptedException {
    ObjectHead head;
    try {
      head = writes.head(mount, key);
    } catch (Refused e) {
      return e.failure.isRetryable()
          ? later(e.failure)
          : new Attempt.Failing(Reasons.of(e.failure));
    }
    return goOnAfter(tx -> {
      var remote = tx.remote(file.mount(), key);
      if (remote != null && remote.equals(unread)) {
        tx.putRemote(file.mount(), key, read(remote, head));
      }
    });
  }

  private RemoteEntry read(RemoteEntry remote, @Nullable ObjectHead head) {
    var hash = ObjectForm.plainHash();
    return head == null || !head.version().mayEqual(remote.version())
        ? new RemoteEntry(
            remote.version(),
            remote.inode(),
            remote.content(),
            remote.contentSequence(),
            hash,
            remote.foreignMetadata(),
            remote.contentType(),
            remote.headers())
        : new RemoteEntry(
            remote.version().completedBy(head.version()),
            remote.inode(),
            remote.content(),
            remote.contentSequence(),
            hash,
            ObjectForm.foreign(mount.mount(), head.metadata()),
            head.contentType(),
            head.headers());
  }

  private @Nullable Attempt takeSnapshot() throws FileSystemException, IOException {
    try {
      var taken = snapshots.snapshot(file, this::plan);
      snapshot = taken.snapshot();
      planned = taken.found();
      return null;
    } catch (FileSystemException e) {
      if (e.error() != FsError.STALE) {
        throw e;
      }
      return new Attempt.Later("the file is going away", Duration.ZERO);
    }
  }

  private @Nullable Attempt settle(Step.Settle step)
      throws FileSystemException, InterruptedException {
    var failure = new BackendFailure.Conflict("left over");
    var outcome =
        leftWrites.settle(
            mount, step.key(), step.expected(), step.job(), failure, step.completion());
    return switch (outcome) {
      case Outcome.Written written ->
          goOnAfter(tx -> {
            var like = tx.remote(file.mount(), step.key());
            settlement.written(tx, mount, step.key(), written.job(), written.version(), like);
          });
      case Outcome.Deleted _ -> goOnAfter(tx -> settlement.deleted(tx, mount, step.key()));
      case Outcome.Damaged damaged -> writtenDamaged(step.key(), damaged);
      case Outcome.Foreign _, Outcome.NotDone _ ->
          goOnAfter(tx -> tx.deleteJob(file.mount(), step.key()));
      case Outcome.Unknown(var unknown) -> later(unknown);
    };
  }

  private Attempt writtenDamaged(String key, Outcome.Damaged damaged) throws FileSystemException {
    committer.commit(tx -> {
      settlement.damaged(tx, mount, key, damaged.job(), damaged.head());
      return true;
    });
    return later(damaged.failure());
  }

  private void dropJob(String key) throws FileSystemException {
    committer.commit(tx -> {
      tx.deleteJob(file.mount(), key);
      return true;
    });
  }

  private static Attempt later(BackendFailure failure) {
    var pause = failure instanceof BackendFailure.Busy busy ? busy.retryAfter() : Duration.ZERO;
    return new Attempt.Later(failure.detail(), pause);
  }

  private @Nullable Attempt put(Step.Put put) throws FileSystemException, InterruptedException {
    if (InodePlan.isInParts(put.state(), limits)) {
      try {
        return putInParts(put, target(put));
      } catch (Refused e) {
        return conclude(new Outcome.NotDone(e.failure), put.key(), put.expected(), put.like());
      }
    }
    var expected = put.expected();
    var watched = new Bodies.Watched(body(put.state()));
    Outcome outcome;
    try (var _ = turns.take(file.mount())) {
      outcome = writes.put(mount, target(put), watched);
    } catch (Refused e) {
      outcome = new Outcome.NotDone(e.failure);
    }
    if (uploadsRefused && outcome instanceof Outcome.Written) {
      writes.refusedUploads(mount);
    }
    var unread = watched.failure();
    if (unread != null && outcome instanceof Outcome.NotDone) {
      dropJob(put.key());
      return unreadable(unread);
    }
    return conclude(outcome, put.key(), expected, put.like());
  }

  private Target target(Step.Put put) throws Refused, InterruptedException {
    return descriptions.ofBytes(put.key(), put.expected(), put.job(), put.state(), put.like());
  }

  private @Nullable Attempt putInParts(Step.Put put, Target target)
      throws FileSystemException, InterruptedException {
    var pinned = Objects.requireNonNull(snapshot);
    var base =
        mayCopyParts && writes.copiesParts(mount) ? pinned.inode().requireContent().base() : null;
    var pieces =
        PartLayout.of(
            put.state().sizeBytes(),
            base == null ? List.of() : pinned.unchanged(),
            limits.multipart());
    PartedWrite.Result result;
    try (var _ = turns.take(file.mount())) {
      result = inParts(target, pinned, base).run(put.upload(), pieces);
    }
    return switch (result) {
      case PartedWrite.Result.Ended(var outcome) -> {
        if (outcome instanceof Outcome.Foreign
            || outcome instanceof Outcome.NotDone(BackendFailure.Rejected _)) {
          // Where that fails now, it is done when uploads are looked through.
          var _ = abandon(put.key());
        }
        yield conclude(outcome, put.key(), put.expected(), put.like());
      }
      case PartedWrite.Result.Useless(var failure, var withoutCopies) -> {
        if (withoutCopies) {
          mayCopyParts = false;
          if (failure instanceof BackendFailure.Rejected) {
            writes.refusedPartCopies(mount);
          }
        }
        yield beginAnew(put.key(), failure);
      }
      case PartedWrite.Result.NoUploads(var failure) -> {
        if (put.state().sizeBytes() > ObjectPolicy.THRESHOLD_MAX) {
          yield conclude(new Outcome.NotDone(failure), put.key(), put.expected(), put.like());
        }
        // Maybe the store knows no uploads; it will say the same of a PUT where it is something
        // else.
        dropJob(put.key());
        uploadsRefused = true;
        limits = limits.withoutUploads();
        yield null;
      }
      case PartedWrite.Result.Unreadable(var failure) -> {
        dropJob(put.key());
        if (!failure.isRetryable()) {
          var _ = abandon(put.key());
        }
        yield unreadable(failure);
      }
    };
  }

  private PartedWrite inParts(
      Target target, @Nullable Snapshot pinned, Content.@Nullable Base base) {
    return new PartedWrite(mount, target, pinned, base, committer, execution, writes, limits);
  }

  /** Throws an upload away that cannot be completed; null where another one may be begun. */
  private @Nullable Attempt beginAnew(String key, BackendFailure failure)
      throws FileSystemException, InterruptedException {
    dropJob(key);
    var failed = abandon(key);
    return failed == null && ++uselessUploads >= UPLOADS_MAX ? later(failure) : failed;
  }

  private @Nullable Attempt abandon(String key) throws FileSystemException, InterruptedException {
    var upload = committer.<@Nullable StoredUpload>commit(tx -> tx.upload(file.mount(), key));
    return upload == null ? null : abandon(key, upload);
  }

  private @Nullable Attempt abandon(String key, StoredUpload upload)
      throws FileSystemException, InterruptedException {
    var failure = uploads.remove(mount, key, upload);
    return failure == null ? null : later(failure);
  }

  private BodySource body(Inode state) {
    return snapshot != null && state.content() != null
        ? snapshot.body()
        : BodySource.ofBytes(InodePlan.smallBody(state));
  }

  /** A part of the file that is only in the bucket could not be read (CORRECTNESS 19). */
  private Attempt unreadable(BackendFailure failure) throws FileSystemException {
    if (failure.isRetryable()) {
      return later(failure);
    }
    if (!(failure instanceof BackendFailure.Missing)
        && !(failure instanceof BackendFailure.Conflict)) {
      return new Attempt.Failing(Reasons.of(failure));
    }
    if (snapshot != null) {
      try {
        importing.refresh(snapshot.inode(), Patience.FOREVER);
        return new Attempt.Later("the object below the file changed", Duration.ZERO);
      } catch (FileSystemException e) {
        if (e.error() != FsError.IO) {
          throw e;
        }
      }
    }
    return new Attempt.Failing(
        "a part of the file was only in the bucket and is gone there; restore the object, or"
            + " write the whole file again");
  }

  private @Nullable Attempt copy(Step.Copy copy) throws FileSystemException, InterruptedException {
    var expected = copy.expected();
    var outcome = copied(copy);
    if (outcome instanceof Outcome.NotDone(var failure)
        && (failure instanceof BackendFailure.Conflict
            || failure instanceof BackendFailure.Missing)) {
      // The target is what it was, so it is the source that is not: write the bytes instead.
      mayCopy = false;
      return beginAnew(copy.key(), failure);
    }
    return conclude(outcome, copy.key(), expected, copy.like());
  }

  private Outcome copied(Step.Copy copy) throws FileSystemException, InterruptedException {
    try (var _ = turns.take(file.mount())) {
      return copiedNow(copy);
    }
  }

  /** Copies an object, in parts where it is too big for one request. */
  private Outcome copiedNow(Step.Copy copy) throws FileSystemException, InterruptedException {
    var source = copy.source();
    var upload = copy.upload();
    var size = source.version().sizeBytes();
    if (size <= limits.multipart().copyBytesMax()) {
      var target =
          descriptions.ofCopy(copy.key(), copy.expected(), copy.job(), copy.state(), copy.like());
      return writes.copy(mount, source.key(), source.version(), target);
    }
    Target target;
    try {
      target =
          descriptions.ofBytes(copy.key(), copy.expected(), copy.job(), copy.state(), copy.like());
    } catch (Refused e) {
      return new Outcome.NotDone(e.failure);
    }
    var pieces = PartLayout.of(size, List.of(new ByteRun(0, size)), limits.multipart());
    return switch (inParts(target, null, source).run(upload, pieces)) {
      case PartedWrite.Result.Ended(var outcome) -> outcome;
      case PartedWrite.Result.NoUploads(var failure) -> new Outcome.NotDone(failure);
      case PartedWrite.Result.Useless(var failure, _) ->
          new Outcome.NotDone(new BackendFailure.Conflict(failure.detail()));
      case PartedWrite.Result.Unreadable(var failure) -> new Outcome.NotDone(failure);
    };
  }

  private @Nullable Attempt conclude(
      Outcome outcome, String key, @Nullable RemoteEntry expected, Step.@Nullable Like like)
      throws FileSystemException {
    return switch (outcome) {
      case Outcome.Written written ->
          goOnAfter(tx ->
              settlement.written(
                  tx, mount, key, written.job(), written.version(), Step.Like.remoteOf(like)));
      // What wins may still have to be exported, at another place perhaps.
      case Outcome.Foreign(var head) ->
          goOnAfter(tx -> settlement.conflict(tx, mount, key, file, expected, head));
      case Outcome.NotDone(var failure) -> {
        dropJob(key);
        yield failure.isRetryable() || failure instanceof BackendFailure.Conflict
            ? later(failure)
            : new Attempt.Failing(Reasons.of(failure));
      }
      case Outcome.Unknown(var failure) -> later(failure);
      case Outcome.Damaged damaged -> writtenDamaged(key, damaged);
      case Outcome.Deleted _ -> throw new IllegalStateException("a write was taken for a deletion");
    };
  }

  /**
   * Copies the object that is in the way to a temporary key, and lets its file rest on that. The
   * key is marked to go before it is there, so that it goes whatever happens.
   */
  private @Nullable Attempt stepAside(Step.StepAside step)
      throws FileSystemException, InterruptedException {
    var token = tokens.get();
    var key = mount.keyOf(TEMPORARY + token);
    var like = step.like().remote();
    var job =
        new Job(
            token,
            false,
            like.inode(),
            like.content(),
            like.contentSequence(),
            step.base().length(),
            like.metadataHash(),
            true);
    claim.take(key);
    committer.commit(tx -> {
      tx.putJob(file.mount(), key, job);
      tx.markStale(file.mount(), key, false);
      return true;
    });
    var outcome =
        copied(
            new Step.Copy(
                key, TEMPORARY + token, null, job, step.holder(), step.base(), step.like(), null));
    return switch (outcome) {
      case Outcome.Written written -> goOnAfter(tx -> moveBase(tx, step, key, written));
      case Outcome.NotDone(var failure) -> {
        dropJob(key);
        yield later(failure);
      }
      case Outcome.Unknown(var failure) -> later(failure);
      case Outcome.Damaged damaged -> writtenDamaged(key, damaged);
      case Outcome.Foreign _, Outcome.Deleted _ -> {
        dropJob(key);
        yield new Attempt.Later("the temporary key is taken", Duration.ZERO);
      }
    };
  }

  private static void moveBase(Tx tx, Step.StepAside step, String key, Outcome.Written written)
      throws IOException {
    var holder = tx.inode(step.holder().key());
    var content = holder == null ? null : holder.content();
    var base = content == null ? null : content.base();
    var mount = step.holder().key().mount();
    var like = step.like().remote();
    tx.deleteJob(mount, key);
    Settlement.forgetUpload(tx, mount, key, written.job());
    tx.putRemote(
        mount,
        key,
        new RemoteEntry(
            written.version(),
            like.inode(),
            like.content(),
            like.contentSequence(),
            like.metadataHash(),
            like.foreignMetadata(),
            like.contentType(),
            like.headers()));
    if (holder == null
        || content == null
        || base == null
        || !base.key().equals(step.base().key())
        || !base.version().equals(step.base().version())) {
      return;
    }
    var edit = holder.edit();
    edit.content = content.withBase(new Content.Base(key, written.version(), base.length()));
    tx.put(edit.freeze());
  }
}
