package io.bucketfs.core.writeback;

import io.bucketfs.core.content.Snapshot;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.MultipartStore;
import io.bucketfs.core.object.MultipartStore.CopyPartRequest;
import io.bucketfs.core.object.MultipartStore.Part;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.StoredPart;
import io.bucketfs.core.store.StoredUpload;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.writeback.PartLayout.Piece;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Writes one object in parts (CORRECTNESS 15): begins an upload or goes on with one, sends several
 * parts at a time, and completes it on a condition. The upload is committed before its first part
 * is sent, and a part counts once it is committed, so that what a crash leaves is known and used.
 *
 * <p>Parts are sent again when they fail for a reason that passes: they are the same bytes each
 * time, so that a late one does no harm. The completion is sent once.
 */
final class PartedWrite {
  /** What came of it. */
  sealed interface Result {
    record Ended(Outcome outcome) implements Result {}

    /**
     * The upload is of no use: it has to be thrown away, and begun again.
     *
     * @param withoutCopies whether the store would not copy parts, or not these
     */
    record Useless(BackendFailure failure, boolean withoutCopies) implements Result {}

    /** The store does not begin uploads. */
    record NoUploads(BackendFailure failure) implements Result {}

    /** The bytes to be sent could not be read. */
    record Unreadable(BackendFailure failure) implements Result {}
  }

  private final ActiveMount mount;
  private final int number;
  private final Target target;
  private final @Nullable Snapshot snapshot;
  private final Content.@Nullable Base base;
  private final Committer committer;
  private final Execution execution;
  private final BucketWrites writes;
  private final WritebackLimits limits;
  private final Queue<Piece> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicReference<@Nullable Result> failed = new AtomicReference<>();

  /**
   * @param snapshot what is sent; null where all of it is copied
   * @param base what is copied; null where all of it is sent
   */
  PartedWrite(
      ActiveMount mount,
      Target target,
      @Nullable Snapshot snapshot,
      Content.@Nullable Base base,
      Committer committer,
      Execution execution,
      BucketWrites writes,
      WritebackLimits limits) {
    this.mount = mount;
    this.number = mount.mount().number();
    this.target = target;
    this.snapshot = snapshot;
    this.base = base;
    this.committer = committer;
    this.execution = execution;
    this.writes = writes;
    this.limits = limits;
  }

  /**
   * Writes the object; the job is committed.
   *
   * @param begun an upload of the same content that was not completed; null for none
   */
  Result run(@Nullable StoredUpload begun, List<Piece> pieces)
      throws FileSystemException, InterruptedException {
    var done = new HashMap<Integer, StoredPart>();
    if (begun != null) {
      var kept = committer.commit(tx -> tx.parts(number, begun));
      for (var part : kept) {
        if (!fits(part, pieces)) {
          return new Result.Useless(new BackendFailure.Conflict("it was cut otherwise"), false);
        }
        done.put(part.part().number(), part);
      }
    }
    StoredUpload upload;
    try {
      upload = begun == null ? begin() : begun;
    } catch (Refused e) {
      return e.failure instanceof BackendFailure.Rejected
          ? new Result.NoUploads(e.failure)
          : new Result.Ended(new Outcome.NotDone(e.failure));
    }
    for (var piece : pieces) {
      if (!done.containsKey(piece.number())) {
        waiting.add(piece);
      }
    }
    send(upload);
    var failure = failed.get();
    return failure == null ? complete(upload, pieces) : failure;
  }

  private static boolean fits(StoredPart part, List<Piece> pieces) {
    var index = part.part().number() - 1;
    return index < pieces.size()
        && pieces.get(index).offset() == part.offset()
        && pieces.get(index).length() == part.part().sizeBytes();
  }

  private StoredUpload begin() throws Refused, FileSystemException, InterruptedException {
    var request =
        new MultipartStore.UploadRequest(
            target.key(), target.metadata(), target.contentType(), target.placement());
    var id = writes.await(() -> mount.store().createUpload(request));
    var upload = new StoredUpload(execution.randomLong(), id, target.job());
    return committer.commit(tx -> {
      tx.putUpload(number, target.key(), upload);
      return upload;
    });
  }

  /** Sends what waits, several parts at a time, until all is sent or one has failed for good. */
  private void send(StoredUpload upload) throws InterruptedException {
    var senders = Math.min(limits.multipart().partsPerExportMax(), waiting.size());
    var running = new ArrayList<CompletableFuture<Boolean>>();
    for (var i = 0; i < senders; i++) {
      var sender = new CompletableFuture<Boolean>();
      running.add(sender);
      execution.fork("export-parts", () -> sendInTurn(upload, sender));
    }
    for (var sender : running) {
      try {
        execution.await(sender, Patience.FOREVER);
      } catch (ExecutionException | TimeoutException e) {
        throw new IllegalStateException("sending ended unexpectedly", e);
      }
    }
  }

  private void sendInTurn(StoredUpload upload, CompletableFuture<Boolean> ended) {
    try {
      while (failed.get() == null) {
        var piece = waiting.poll();
        if (piece == null) {
          return;
        }
        send(upload, piece);
      }
    } catch (FileSystemException e) {
      fail(new Result.Unreadable(new BackendFailure.Unreachable(String.valueOf(e.getMessage()))));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail(new Result.Unreadable(new BackendFailure.Unreachable("interrupted")));
    } catch (RuntimeException e) {
      fail(new Result.Unreadable(new BackendFailure.Unreachable("unexpectedly: " + e)));
      throw e;
    } finally {
      ended.complete(true);
    }
  }

  private void fail(Result result) {
    failed.compareAndSet(null, result);
  }

  private void send(StoredUpload upload, Piece piece)
      throws FileSystemException, InterruptedException {
    for (var attempt = 1; failed.get() == null; attempt++) {
      var body = piece.isCopied() ? null : new Bodies.Watched(bodyOf(piece));
      try {
        var part =
            body == null
                ? copy(upload, piece)
                : writes.uploadPart(mount, target.key(), upload.uploadId(), piece.number(), body);
        keep(upload, new StoredPart(piece.offset(), part));
        return;
      } catch (Refused e) {
        var unread = body == null ? null : body.failure();
        var failure = unread == null ? e.failure : unread;
        if (!failure.isRetryable() || attempt >= limits.multipart().attemptsMax()) {
          fail(judge(piece, failure, unread != null));
        } else {
          execution.sleep(pause(attempt, failure));
        }
      }
    }
  }

  private BodySource bodyOf(Piece piece) {
    if (snapshot == null) {
      throw new IllegalStateException("there is nothing to be sent");
    }
    return snapshot.body(piece.offset(), piece.length());
  }

  private Part copy(StoredUpload upload, Piece piece) throws Refused, InterruptedException {
    if (base == null) {
      throw new IllegalStateException("there is nothing to be copied");
    }
    var request =
        new CopyPartRequest(
            target.key(),
            upload.uploadId(),
            piece.number(),
            base.key(),
            base.version(),
            piece.offset(),
            piece.length());
    return writes.await(() -> mount.store().copyPart(request));
  }

  private void keep(StoredUpload upload, StoredPart part) throws FileSystemException {
    committer.commit(tx -> {
      // Not where the mount was deleted in the meantime.
      if (upload.equals(tx.upload(number, target.key()))) {
        tx.putPart(number, upload, part);
      }
      return true;
    });
  }

  private static Result judge(Piece piece, BackendFailure failure, boolean isUnread) {
    if (isUnread) {
      return new Result.Unreadable(failure);
    }
    return switch (failure) {
      // The upload is gone, or what is copied from is not what it was.
      case BackendFailure.Missing _, BackendFailure.Conflict _ ->
          new Result.Useless(failure, piece.isCopied());
      case BackendFailure.Rejected _, BackendFailure.Archived _ ->
          piece.isCopied()
              ? new Result.Useless(failure, true)
              : new Result.Ended(new Outcome.NotDone(failure));
      case BackendFailure.Busy _,
          BackendFailure.Unreachable _,
          BackendFailure.Denied _,
          BackendFailure.Corrupt _ ->
          new Result.Ended(new Outcome.NotDone(failure));
    };
  }

  private Duration pause(int attempt, BackendFailure failure) {
    var most =
        Math.min(limits.backoffMax().toNanos(), limits.backoffMin().toNanos() << (attempt - 1));
    var pause = Duration.ofNanos(most / 2 + Math.floorMod(execution.randomLong(), most / 2 + 1));
    return failure instanceof BackendFailure.Busy(_, var after) && after.compareTo(pause) > 0
        ? after
        : pause;
  }

  private Result complete(StoredUpload upload, List<Piece> pieces)
      throws FileSystemException, InterruptedException {
    var parts =
        committer.commit(tx -> tx.parts(number, upload)).stream()
            .map(StoredPart::part)
            .sorted(Comparator.comparingInt(Part::number))
            .toList();
    if (parts.size() != pieces.size()) {
      return new Result.Ended(
          new Outcome.NotDone(new BackendFailure.Unreachable("the mount is going away")));
    }
    var outcome =
        writes.complete(
            mount, target.key(), target.expected(), upload.job(), upload.uploadId(), parts);
    var copied = pieces.stream().anyMatch(Piece::isCopied);
    return switch (outcome) {
      case Outcome.NotDone(BackendFailure.Missing missing) -> new Result.Useless(missing, false);
      case Outcome.NotDone(BackendFailure.Rejected refusal) when copied ->
          new Result.Useless(refusal, true);
      default -> new Result.Ended(outcome);
    };
  }
}
