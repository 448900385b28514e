package io.bucketfs.core.object;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One bucket. Every stage that fails does so with an {@link ObjectStoreException}. Requests are
 * sent once: retrying is the caller's business, since only it knows whether a lost reply matters.
 *
 * <p>Thread-safe and asynchronous; no method blocks. Stages complete on the store's own threads, so
 * what follows them must not block either.
 */
public interface ObjectStore extends MultipartStore, AutoCloseable {

  /** Lists one page of keys. */
  CompletionStage<Listing> list(ListRequest request);

  /**
   * Which page of which keys.
   *
   * @param prefix only keys that start with it; may be empty
   * @param delimiter folds keys into common prefixes up to it; null for none
   * @param continuation from the previous page; null for the first
   * @param maxKeys 1 to 1,000
   */
  record ListRequest(
      String prefix, @Nullable String delimiter, @Nullable String continuation, int maxKeys) {}

  /**
   * A page of keys, in the store's order.
   *
   * @param commonPrefixes each ends with the delimiter
   * @param continuation null on the last page
   */
  record Listing(List<Entry> entries, List<String> commonPrefixes, @Nullable String continuation) {
    public Listing {
      entries = List.copyOf(entries);
      commonPrefixes = List.copyOf(commonPrefixes);
    }
  }

  /** A key of a listing; the version has no version id. */
  record Entry(String key, ObjectVersion version) {}

  /** Size, version and metadata of an object. */
  CompletionStage<ObjectHead> head(String key);

  /**
   * Reads a range of an object into a sink; the stage completes after the last byte.
   *
   * @param version must be the object's, or the stage fails with {@link BackendFailure.Conflict};
   *     null for whatever is there. With a version id that version is read even where it is no
   *     longer the latest.
   * @param offset first byte
   * @param count number of bytes, at least 1; the range must lie inside the object
   */
  CompletionStage<ObjectHead> get(
      String key, @Nullable ObjectVersion version, long offset, long count, BodySink sink);

  /** Writes an object in one request, at most 5 GiB. */
  CompletionStage<ObjectVersion> put(PutRequest request, BodySource body);

  /**
   * What is put where.
   *
   * @param metadata user metadata, keys in lower case without {@code x-amz-meta-}
   * @param contentType null leaves it to the store
   */
  record PutRequest(
      String key,
      Condition condition,
      Map<String, String> metadata,
      @Nullable String contentType,
      Placement placement) {
    public PutRequest {
      metadata = Map.copyOf(metadata);
    }

    /** With the store's defaults for the rest. */
    public PutRequest(
        String key,
        Condition condition,
        Map<String, String> metadata,
        @Nullable String contentType) {
      this(key, condition, metadata, contentType, Placement.NONE);
    }
  }

  /**
   * Copies an object inside the bucket, at most 5 GiB, with new user metadata. Source and target
   * may be the same key. Not every store honours the target's condition: see {@link StoreTraits}.
   */
  CompletionStage<ObjectVersion> copy(CopyRequest request);

  /** A copy; metadata, content type and placement replace those of the source, the tags stay. */
  record CopyRequest(
      String sourceKey,
      ObjectVersion sourceVersion,
      String targetKey,
      Condition targetCondition,
      Map<String, String> metadata,
      @Nullable String contentType,
      Placement placement) {
    public CopyRequest {
      metadata = Map.copyOf(metadata);
    }

    /** With the store's defaults for the rest. */
    public CopyRequest(
        String sourceKey,
        ObjectVersion sourceVersion,
        String targetKey,
        Condition targetCondition,
        Map<String, String> metadata,
        @Nullable String contentType) {
      this(
          sourceKey,
          sourceVersion,
          targetKey,
          targetCondition,
          metadata,
          contentType,
          Placement.NONE);
    }
  }

  /** The tags of an object; a store that knows none says that there are none. */
  default CompletionStage<Map<String, String>> tags(String key) {
    return CompletableFuture.completedStage(Map.of());
  }

  /** Deletes an object; a missing one is no failure unless the condition asks for it. */
  CompletionStage<Void> delete(String key, Condition condition);

  /** The most keys of {@link #deleteMany}. */
  int DELETE_KEYS_MAX = 1_000;

  /**
   * Deletes objects in one request, each on the condition that it is the given version; one that is
   * missing is no failure, or one with {@link BackendFailure.Missing}, as the store has it. Not
   * every store honours these conditions: see {@link StoreTraits}.
   *
   * @param objects from 1 to {@link #DELETE_KEYS_MAX}, each key once, and none that XML cannot
   *     carry
   * @return why some of them were not deleted, by key; the stage fails where nothing is known of
   *     any
   */
  CompletionStage<Map<String, BackendFailure>> deleteMany(List<Deletion> objects);

  /** What is to be deleted. */
  record Deletion(String key, ObjectVersion version) {}

  /**
   * Makes the bucket, with the store's defaults. One that is ours already is no failure; a store
   * that has every bucket does nothing.
   */
  default CompletionStage<Void> createBucket() {
    return CompletableFuture.completedStage(null);
  }

  /** Releases connections and threads. Requests that are running fail. */
  @Override
  void close();
}
