package io.bucketfs.core.admin;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.MultipartStore.CompleteRequest;
import io.bucketfs.core.object.MultipartStore.CopyPartRequest;
import io.bucketfs.core.object.MultipartStore.Part;
import io.bucketfs.core.object.MultipartStore.UploadRequest;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStore.CopyRequest;
import io.bucketfs.core.object.ObjectStore.Deletion;
import io.bucketfs.core.object.ObjectStore.Entry;
import io.bucketfs.core.object.ObjectStore.ListRequest;
import io.bucketfs.core.object.ObjectStore.PutRequest;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.object.Placement;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Finds out by trying what a bucket allows and which conditions it honours.
 *
 * <p>A condition counts as honoured only where a false one was refused and, on PUT, a true one was
 * accepted: stores exist that document a condition and ignore it. All writing goes to two objects
 * of a random name below the prefix, which are deleted in any case.
 *
 * <p>Thread-safe.
 */
public final class StoreProbe implements BucketProbe {
  /** What the names of probe objects start with, after the mount's prefix. */
  public static final String NAME_START = ".bucketfs-probe-";

  private static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(60);
  private static final int LISTED_KEYS_MAX = 100;
  private static final byte[] CONTENT =
      "written by bucketfs to try this bucket\n".getBytes(US_ASCII);

  private final Execution execution;
  private final Duration patience;

  public StoreProbe(Execution execution) {
    this(execution, DEFAULT_PATIENCE);
  }

  /**
   * @param patience how long a whole probe may take
   */
  StoreProbe(Execution execution, Duration patience) {
    this.execution = execution;
    this.patience = patience;
  }

  @Override
  public StoreTraits probe(ObjectStore store, String prefix, boolean readOnly)
      throws AdminException, InterruptedException {
    return probe(store, prefix, readOnly, Placement.NONE);
  }

  @Override
  public StoreTraits probe(ObjectStore store, String prefix, boolean readOnly, Placement placement)
      throws AdminException, InterruptedException {
    var end = Patience.atMost(patience, execution.nanoTime());
    return new Run(store, prefix, placement, end).run(readOnly);
  }

  /** What is tried, in words, and the right that it takes. */
  private enum Step {
    LIST("list", "s3:ListBucket"),
    GET("read from", "s3:GetObject"),
    PUT("write to", "s3:PutObject"),
    COPY("copy inside", "s3:GetObject and s3:PutObject"),
    PARTS("write in parts to", "s3:PutObject and s3:AbortMultipartUpload"),
    DELETE("delete from", "s3:DeleteObject");

    private final String verb;
    private final String right;

    Step(String verb, String right) {
      this.verb = verb;
      this.right = right;
    }
  }

  /** One probe. */
  private final class Run {
    private final ObjectStore store;
    private final String prefix;
    private final Placement placement;
    private final Patience end;
    private final String key;
    private final String copyKey;
    private @Nullable String upload;

    Run(ObjectStore store, String prefix, Placement placement, Patience end) {
      this.store = store;
      this.placement = placement;
      this.prefix = prefix;
      this.end = end;
      key = prefix + NAME_START + Long.toHexString(execution.randomLong());
      copyKey = key + "-copy";
    }

    StoreTraits run(boolean readOnly) throws AdminException, InterruptedException {
      var step = Step.LIST;
      try {
        var listing = await(store.list(new ListRequest(prefix, null, null, LISTED_KEYS_MAX)));
        if (readOnly) {
          step = Step.GET;
          for (var entry : listing.entries()) {
            if (entry.version().sizeBytes() > 0) {
              tryReading(entry);
              break;
            }
          }
          return StoreTraits.NONE;
        }
      } catch (ObjectStoreException e) {
        throw failed(step, e.failure());
      } catch (TimeoutException e) {
        throw tooSlow(step);
      }
      return tryWriting();
    }

    /** Any object will do, and one that is archived shows as well that reading is allowed. */
    private void tryReading(Entry entry)
        throws ObjectStoreException, InterruptedException, TimeoutException {
      try {
        await(store.get(entry.key(), null, 0, 1, new ProbeSink(1)));
      } catch (ObjectStoreException e) {
        if (!(e.failure() instanceof BackendFailure.Archived)) {
          throw e;
        }
      }
    }

    private StoreTraits tryWriting() throws AdminException, InterruptedException {
      var step = Step.PUT;
      try {
        var absentOnce = isDone(put(Condition.ABSENT));
        var absentHonoured = isRefused(put(Condition.ABSENT));
        var matchHonoured = isRefused(put(Condition.matches(wrongVersion())));
        var version = await(put(Condition.NONE));
        var matchOnce = isDone(put(Condition.matches(version)));
        step = Step.GET;
        version = read();
        step = Step.COPY;
        var sourceHonoured = isRefused(copy(wrongVersion(), Condition.NONE));
        await(copy(version, Condition.NONE));
        var targetHonoured =
            isRefused(copy(version, Condition.ABSENT))
                && isRefused(copy(version, Condition.matches(wrongVersion())));
        step = Step.PARTS;
        var partCopyHonoured = false;
        var completeHonoured = false;
        if (begin()) {
          partCopyHonoured = isRefused(copyPart(wrongVersion())) && isPartCopied(version);
          abort();
          completeHonoured = begin() && isCompleteHonoured();
          abort();
        }
        step = Step.DELETE;
        await(put(Condition.NONE));
        var deleteHonoured = isRefused(store.delete(key, Condition.matches(wrongVersion())));
        var deleteManyHonoured = isDeleteManyHonoured();
        deleteBoth();
        return new StoreTraits(
            absentOnce && absentHonoured && matchOnce && matchHonoured,
            sourceHonoured,
            targetHonoured,
            deleteHonoured,
            completeHonoured,
            partCopyHonoured,
            deleteManyHonoured);
      } catch (ObjectStoreException e) {
        cleanUp();
        throw failed(step, e.failure());
      } catch (TimeoutException e) {
        cleanUp();
        throw tooSlow(step);
      }
    }

    /**
     * Whether a wrong tag protects its key, and a right one beside it does not. Both objects are
     * looked at: what counts is what was done, whatever the reply says.
     */
    private boolean isDeleteManyHonoured()
        throws ObjectStoreException, InterruptedException, TimeoutException {
      // A single delete that was not refused took it away.
      await(put(Condition.NONE));
      await(copy(read(), Condition.NONE));
      var copy = await(store.head(copyKey)).version();
      try {
        await(
            store.deleteMany(
                List.of(new Deletion(key, wrongVersion()), new Deletion(copyKey, copy))));
      } catch (ObjectStoreException e) {
        if (isAboutCondition(e.failure())) {
          return false;
        }
        throw e;
      }
      return isThere(key) && !isThere(copyKey);
    }

    private boolean isThere(String probed)
        throws ObjectStoreException, InterruptedException, TimeoutException {
      try {
        await(store.head(probed));
        return true;
      } catch (ObjectStoreException e) {
        if (e.failure() instanceof BackendFailure.Missing) {
          return false;
        }
        throw e;
      }
    }

    private CompletionStage<ObjectVersion> put(Condition condition) {
      return store.put(
          new PutRequest(key, condition, Map.of(), null, placement), BodySource.ofBytes(CONTENT));
    }

    private CompletionStage<ObjectVersion> copy(ObjectVersion source, Condition target) {
      return store.copy(new CopyRequest(key, source, copyKey, target, Map.of(), null, placement));
    }

    /** Begins an upload, where the store knows what that is. */
    private boolean begin() throws ObjectStoreException, InterruptedException, TimeoutException {
      try {
        upload = await(store.createUpload(new UploadRequest(key, Map.of(), null, placement)));
        return true;
      } catch (ObjectStoreException e) {
        if (e.failure() instanceof BackendFailure.Rejected) {
          return false;
        }
        throw e;
      }
    }

    private CompletionStage<Part> copyPart(ObjectVersion source) {
      return store.copyPart(
          new CopyPartRequest(key, requireUpload(), 1, key, source, 0, CONTENT.length));
    }

    /** Whether a part is copied and makes an object: there are stores that do the one only. */
    private boolean isPartCopied(ObjectVersion version)
        throws ObjectStoreException, InterruptedException, TimeoutException {
      try {
        var part = await(copyPart(version));
        var made = isDone(complete(Condition.NONE, part));
        upload = made ? null : upload;
        return made;
      } catch (ObjectStoreException e) {
        if (isAboutCondition(e.failure())) {
          return false;
        }
        throw e;
      }
    }

    /** A completion that is accepted although its condition is false ends the upload. */
    private boolean isCompleteHonoured()
        throws ObjectStoreException, InterruptedException, TimeoutException {
      var part = await(store.uploadPart(key, requireUpload(), 1, BodySource.ofBytes(CONTENT)));
      // Anew: there are stores where the object went with the upload before, which was aborted.
      await(put(Condition.NONE));
      var present = await(store.head(key)).version();
      var honoured =
          isRefused(complete(Condition.ABSENT, part))
              && isRefused(complete(Condition.matches(wrongVersion()), part))
              && isDone(complete(Condition.matches(present), part));
      // What was completed is not to be thrown away: there are stores that then delete the object.
      upload = honoured ? null : upload;
      return honoured;
    }

    private CompletionStage<ObjectVersion> complete(Condition condition, Part part) {
      return store.completeUpload(
          new CompleteRequest(key, requireUpload(), condition, List.of(part)));
    }

    private String requireUpload() {
      return Objects.requireNonNull(upload);
    }

    private void abort() throws ObjectStoreException, InterruptedException, TimeoutException {
      var id = upload;
      upload = null;
      if (id == null) {
        return;
      }
      try {
        this.<@Nullable Void>await(store.abortUpload(key, id));
      } catch (ObjectStoreException e) {
        if (!(e.failure() instanceof BackendFailure.Missing)) {
          throw e;
        }
      }
    }

    private ObjectVersion read()
        throws ObjectStoreException, InterruptedException, TimeoutException {
      var sink = new ProbeSink(CONTENT.length);
      var head = await(store.get(key, null, 0, CONTENT.length, sink));
      if (!Arrays.equals(sink.bytes(), CONTENT)) {
        throw new ObjectStoreException(
            new BackendFailure.Corrupt("an object came back with other content"));
      }
      return head.version();
    }

    private void deleteBoth() throws ObjectStoreException, InterruptedException, TimeoutException {
      this.<@Nullable Void>await(store.delete(copyKey, Condition.NONE));
      this.<@Nullable Void>await(store.delete(key, Condition.NONE));
    }

    private void cleanUp() throws InterruptedException {
      try {
        abort();
        deleteBoth();
      } catch (ObjectStoreException | TimeoutException e) {
        // The first failure is the one to report, and it mostly is the same one.
      }
    }

    /** A tag that no object has. */
    private ObjectVersion wrongVersion() {
      return new ObjectVersion("\"00000000000000000000000000000bad\"", CONTENT.length, null, null);
    }

    /** Whether the request was carried out; false where its condition is not understood. */
    private boolean isDone(CompletionStage<?> request)
        throws ObjectStoreException, InterruptedException, TimeoutException {
      try {
        this.<@Nullable Object>await(request);
        return true;
      } catch (ObjectStoreException e) {
        if (isAboutCondition(e.failure())) {
          return false;
        }
        throw e;
      }
    }

    /** Whether a false condition was refused as such. */
    private boolean isRefused(CompletionStage<?> request)
        throws ObjectStoreException, InterruptedException, TimeoutException {
      try {
        this.<@Nullable Object>await(request);
        return false;
      } catch (ObjectStoreException e) {
        if (isAboutCondition(e.failure())) {
          return e.failure() instanceof BackendFailure.Conflict;
        }
        throw e;
      }
    }

    /** Rejected is what a store says that does not know the condition's header (501, 400). */
    private boolean isAboutCondition(BackendFailure failure) {
      return failure instanceof BackendFailure.Conflict
          || failure instanceof BackendFailure.Rejected;
    }

    private <T extends @Nullable Object> T await(CompletionStage<? extends T> request)
        throws ObjectStoreException, InterruptedException, TimeoutException {
      try {
        return execution.await(request, end);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof ObjectStoreException failure) {
          throw failure;
        }
        throw new IllegalStateException("a failure that the port does not know", e.getCause());
      }
    }

    private AdminException tooSlow(Step step) {
      var detail = "no reply within " + patience.toSeconds() + " s";
      return failed(step, new BackendFailure.Unreachable(detail));
    }

    private AdminException failed(Step step, BackendFailure failure) {
      var message =
          "cannot %s the bucket: %s; %s"
              .formatted(step.verb, failure.detail(), remedy(step, failure));
      return new AdminException(AdminException.Kind.STORE, message);
    }
  }

  private static String remedy(Step step, BackendFailure failure) {
    return switch (failure) {
      case BackendFailure.Missing _ ->
          "check the bucket's name, its region and the endpoint, or create the bucket";
      case BackendFailure.Denied _ -> "this takes " + step.right;
      case BackendFailure.Unreachable _ ->
          "check the endpoint, the network and whether it must be https, then try again";
      case BackendFailure.Busy _ -> "the store asks for less load, try again later";
      case BackendFailure.Corrupt _ -> "something between here and the store changes data";
      case BackendFailure.Conflict _ -> "another writer uses the probe's keys, try again";
      case BackendFailure.Archived _ -> "new objects must not go to an archive class";
      case BackendFailure.Rejected _ -> "the store does not support what a mount needs";
    };
  }
}
