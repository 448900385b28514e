package io.bucketfs.core.writeback;

import io.bucketfs.core.importer.NamespaceEdit;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Dirty;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Job;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.store.StoredUpload;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to take away from the bucket what the namespace has no longer. An object goes only
 * after everything that needs it: the copy at the new place of a file that was renamed, and the
 * marker of a directory that it was the last to show (CORRECTNESS 17 and 18).
 */
final class KeyRemoval {
  private static final int CHUNK = 256;
  private static final int STEPS_MAX = 64;
  private static final Duration CLAIMED_PAUSE = Duration.ofMillis(20);
  private static final Duration OPEN_PAUSE = Duration.ofSeconds(5);

  /** What one transaction found. */
  private sealed interface Next {
    record End(Attempt attempt) implements Next {}

    /** As {@link Step.Settle}. */
    record Settle(Job job, @Nullable ObjectVersion expected, @Nullable Completion completion)
        implements Next {}

    record Abandon(StoredUpload upload) implements Next {}

    record Delete(Job job, RemoteEntry remote) implements Next {}
  }

  private final ActiveMount mount;
  private final int number;
  private final String key;
  private final boolean urgent;
  private final Committer committer;
  private final BucketWrites writes;
  private final LeftWrites leftWrites;
  private final Settlement settlement;
  private final UploadRemoval uploads;
  private final Supplier<String> tokens;
  private final Claim claim;

  KeyRemoval(
      ActiveMount mount,
      String key,
      boolean urgent,
      Committer committer,
      BucketWrites writes,
      LeftWrites leftWrites,
      Settlement settlement,
      UploadRemoval uploads,
      Supplier<String> tokens,
      Claim claim) {
    this.mount = mount;
    this.number = mount.mount().number();
    this.key = key;
    this.urgent = urgent;
    this.committer = committer;
    this.writes = writes;
    this.leftWrites = leftWrites;
    this.settlement = settlement;
    this.uploads = uploads;
    this.tokens = tokens;
    this.claim = claim;
  }

  Attempt run(boolean subtree) throws FileSystemException, InterruptedException {
    if (subtree) {
      return expand();
    }
    for (var steps = 0; steps < STEPS_MAX; steps++) {
      var attempt = act(committer.commit(this::plan));
      if (attempt != null) {
        return attempt;
      }
    }
    return new Attempt.Later("it changes faster than it can be deleted", Duration.ZERO);
  }

  private Next plan(Tx tx) throws IOException {
    var mark = tx.stale(number, key);
    if (mark == null || mark.subtree()) {
      // Gone, or of a directory that moved meanwhile, for which the schedule comes again.
      return end(new Attempt.Clean());
    }
    if (!claim.take(key)) {
      return end(new Attempt.Later("another export is at work on the key", CLAIMED_PAUSE));
    }
    var job = tx.job(number, key);
    var remote = tx.remote(number, key);
    if (job != null) {
      return new Next.Settle(
          job, remote == null ? null : remote.version(), Completion.of(tx, number, key, job));
    }
    var present = Settlement.inodeAt(tx, mount, key);
    var upload = tx.upload(number, key);
    if (upload != null && (present == null || present.key().number() != upload.job().inode())) {
      return new Next.Abandon(upload);
    }
    if (remote == null) {
      return unmark(tx);
    }
    if (present != null) {
      if (remote.inode() != present.key().number()) {
        tx.markDirty(present);
      }
      return unmark(tx);
    }
    if (isRestedOnInLostAndFound(tx, remote)) {
      settlement.shownAgain(tx, mount, key, remote.version());
      return end(new Attempt.Clean());
    }
    var before = needed(tx, mark, remote);
    if (before != null) {
      return end(before);
    }
    var deletion = new Job(tokens.get(), true, remote.inode(), remote.content(), 0, 0, 0, false);
    tx.putJob(number, key, deletion);
    return new Next.Delete(deletion, remote);
  }

  private static Next end(Attempt attempt) {
    return new Next.End(attempt);
  }

  private Next unmark(Tx tx) throws IOException {
    tx.deleteStaleKey(number, key);
    return end(new Attempt.Clean());
  }

  /** What has to happen before the object may go; null for nothing. */
  private @Nullable Attempt needed(Tx tx, Dirty mark, RemoteEntry remote) throws IOException {
    var holder = InodePlan.holderOf(tx, number, key);
    if (holder != null) {
      if (tx.dirty(holder.key()) == null) {
        tx.markDirty(holder);
      }
      return new Attempt.Blocked(Subject.of(holder.key()), true);
    }
    if (isReadThroughHandles(tx, remote)
        && !urgent
        && tx.nowNanos() - mark.sinceNanos() < mount.mount().policy().writebackMaxAge().toNanos()) {
      return new Attempt.Later("the file is still open", OPEN_PAUSE);
    }
    var directory = lastSeenThrough(tx);
    if (directory != null) {
      if (tx.dirty(directory.key()) == null) {
        tx.markDirty(directory);
      }
      return new Attempt.Blocked(Subject.of(directory.key()), true);
    }
    return null;
  }

  /**
   * Whether a file was renamed from here, and lost against what somebody else put at its new name:
   * its bytes may be nowhere but here.
   */
  private boolean isRestedOnInLostAndFound(Tx tx, RemoteEntry remote) throws IOException {
    var inode = tx.inode(new InodeKey(number, remote.inode()));
    var base = inode == null || inode.content() == null ? null : inode.content().base();
    return inode != null
        && inode.localOnly()
        && inode.links() > 0
        && base != null
        && base.key().equals(key)
        && base.length() > 0;
  }

  /** Whether a file without names still has its bytes there. */
  private boolean isReadThroughHandles(Tx tx, RemoteEntry remote) throws IOException {
    var inode = tx.inode(new InodeKey(number, remote.inode()));
    var content = inode == null ? null : inode.content();
    var base = content == null ? null : content.base();
    return inode != null
        && base != null
        && base.key().equals(key)
        && base.length() > 0
        && !inode.localOnly();
  }

  /** The directory above that has nothing but this object to show that it exists, or null. */
  private @Nullable Inode lastSeenThrough(Tx tx) throws IOException {
    var names = new NamespaceEdit(tx, mount);
    var path = key.substring(mount.mount().prefix().length());
    var plain = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    var edit = Settlement.nearestDirectory(names, plain);
    if (edit == null || edit.localOnly) {
      return null;
    }
    var directory = edit.freeze();
    if (directory.isRoot() || !tx.isEmptyDirectory(number, directory.key().number())) {
      return null;
    }
    var where = names.directoryPath(directory.key().number());
    return where == null || tx.remote(number, mount.keyOf(where + "/")) != null ? null : directory;
  }

  private @Nullable Attempt act(Next next) throws FileSystemException, InterruptedException {
    return switch (next) {
      case Next.End(var attempt) -> attempt;
      case Next.Settle(var job, var expected, var completion) -> {
        var failure = new BackendFailure.Conflict("left over");
        yield settle(leftWrites.settle(mount, key, expected, job, failure, completion));
      }
      case Next.Abandon(var upload) -> {
        var failure = uploads.remove(mount, key, upload);
        yield failure == null ? null : new Attempt.Later(failure.detail(), Duration.ZERO);
      }
      case Next.Delete(var job, var remote) ->
          conclude(writes.delete(mount, key, remote.version(), job));
    };
  }

  private @Nullable Attempt settle(Outcome outcome) throws FileSystemException {
    return switch (outcome) {
      case Outcome.Written written -> {
        committer.commit(tx -> {
          settlement.written(tx, mount, key, written.job(), written.version(), null);
          return true;
        });
        yield null;
      }
      case Outcome.Deleted _ -> {
        gone();
        yield new Attempt.Clean();
      }
      case Outcome.Damaged damaged -> {
        committer.commit(tx -> {
          settlement.damaged(tx, mount, key, damaged.job(), damaged.head());
          return true;
        });
        yield null;
      }
      case Outcome.Foreign _, Outcome.NotDone _ -> {
        dropJob();
        yield null;
      }
      case Outcome.Unknown(var failure) -> new Attempt.Later(failure.detail(), Duration.ZERO);
    };
  }

  private void gone() throws FileSystemException {
    committer.commit(tx -> {
      settlement.deleted(tx, mount, key);
      tx.deleteStaleKey(number, key);
      return true;
    });
  }

  private void dropJob() throws FileSystemException {
    committer.commit(tx -> {
      tx.deleteJob(number, key);
      return true;
    });
  }

  private Attempt conclude(Outcome outcome) throws FileSystemException {
    return switch (outcome) {
      case Outcome.Deleted _ -> {
        gone();
        yield new Attempt.Clean();
      }
      case Outcome.Foreign(var head) -> {
        committer.commit(tx -> {
          if (head == null) {
            settlement.deleted(tx, mount, key);
            tx.deleteStaleKey(number, key);
          } else {
            settlement.keptForeign(tx, mount, key, head);
          }
          return true;
        });
        yield new Attempt.Clean();
      }
      case Outcome.NotDone(var failure) -> {
        dropJob();
        yield failure.isRetryable() || failure instanceof BackendFailure.Conflict
            ? new Attempt.Later(failure.detail(), Duration.ZERO)
            : new Attempt.Failing(Reasons.of(failure));
      }
      case Outcome.Unknown(var failure) -> new Attempt.Later(failure.detail(), Duration.ZERO);
      case Outcome.Written _, Outcome.Damaged _ ->
          throw new IllegalStateException("a deletion was taken for a write");
    };
  }

  // Subtrees.

  /** Turns a mark for a whole prefix into marks for what is known below it. */
  private Attempt expand() throws FileSystemException {
    var derived = new ArrayList<Subject>();
    var from = Keys.text(number, key);
    while (from != null) {
      var start = from;
      from = committer.commit(tx -> new Cursor(expandChunk(tx, start, derived))).next();
    }
    // The key itself may have got a mark of its own in the place of this one.
    derived.add(Subject.of(number, key));
    return new Attempt.Done(List.copyOf(derived));
  }

  private record Cursor(byte @Nullable [] next) {}

  private byte @Nullable [] expandChunk(Tx tx, byte[] from, List<Subject> derived)
      throws IOException {
    var mark = tx.stale(number, key);
    if (mark == null) {
      return null;
    }
    var end = Keys.endOfPrefix(Keys.text(number, key));
    var page = tx.scan(Family.REMOTE, from, end, CHUNK);
    for (var entry : page) {
      var below = Keys.textOf(entry.key());
      var remote = tx.remote(number, below);
      if (remote != null) {
        expand(tx, below, remote, mark, derived);
      }
    }
    if (page.size() == CHUNK) {
      return Keys.after(page.getLast().key());
    }
    expandRequests(tx, Family.JOBS, end, mark, derived);
    expandRequests(tx, Family.UPLOADS, end, mark, derived);
    // The prefix is itself a key: that of the directory's marker.
    var marker = tx.remote(number, key);
    if (marker != null || tx.job(number, key) != null || tx.upload(number, key) != null) {
      tx.putStale(number, key, mark.derived(marker == null ? 0 : marker.version().sizeBytes()));
    } else {
      tx.deleteStale(number, key);
    }
    tx.bulkJobs().found(number, mark.job());
    return null;
  }

  private void expand(Tx tx, String below, RemoteEntry remote, Dirty mark, List<Subject> derived)
      throws IOException {
    var present = Settlement.inodeAt(tx, mount, below);
    if (present != null && present.key().number() == remote.inode()) {
      return;
    }
    if (tx.stale(number, below) == null) {
      tx.putStale(number, below, mark.derived(remote.version().sizeBytes()));
    }
    derived.add(Subject.of(number, below));
    var moved = tx.inode(new InodeKey(number, remote.inode()));
    if (moved != null && !moved.localOnly() && !moved.isRoot()) {
      if (tx.dirty(moved.key()) == null) {
        tx.putDirty(moved.key(), mark.derived(0));
      }
      derived.add(Subject.of(moved.key()));
    }
  }

  /** Objects that were on their way under the old names. */
  private void expandRequests(
      Tx tx, Family family, byte @Nullable [] end, Dirty mark, List<Subject> derived)
      throws IOException {
    var from = Keys.text(number, key);
    while (true) {
      var page = tx.scan(family, from, end, CHUNK);
      for (var entry : page) {
        var below = Keys.textOf(entry.key());
        if (tx.stale(number, below) == null) {
          tx.putStale(number, below, mark.derived(0));
        }
        derived.add(Subject.of(number, below));
      }
      if (page.size() < CHUNK) {
        return;
      }
      from = Keys.after(page.getLast().key());
    }
  }
}
