package io.bucketfs.core.object;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One user's store over a bucket: closing it fails what this user has under way, and no more. */
final class MemoryConnection implements ObjectStore {
  private final MemoryBucket bucket;
  private final Map<Object, CompletableFuture<?>> running = new ConcurrentHashMap<>();
  private volatile boolean closed;

  MemoryConnection(MemoryBucket bucket) {
    this.bucket = bucket;
  }

  @Override
  public CompletionStage<Listing> list(ListRequest request) {
    return track(() -> bucket.list(request));
  }

  @Override
  public CompletionStage<ObjectHead> head(String key) {
    return track(() -> bucket.head(key));
  }

  @Override
  public CompletionStage<ObjectHead> get(
      String key, @Nullable ObjectVersion version, long offset, long count, BodySink sink) {
    return track(() -> bucket.get(key, version, offset, count, sink));
  }

  @Override
  public CompletionStage<ObjectVersion> put(PutRequest request, BodySource body) {
    return track(() -> bucket.put(request, body));
  }

  @Override
  public CompletionStage<ObjectVersion> copy(CopyRequest request) {
    return track(() -> bucket.copy(request));
  }

  @Override
  public CompletionStage<Map<String, String>> tags(String key) {
    return track(() -> bucket.tags(key));
  }

  @Override
  public CompletionStage<Void> delete(String key, Condition condition) {
    return track(() -> bucket.delete(key, condition));
  }

  @Override
  public CompletionStage<Map<String, BackendFailure>> deleteMany(List<Deletion> objects) {
    return track(() -> bucket.deleteMany(objects));
  }

  @Override
  public CompletionStage<String> createUpload(UploadRequest request) {
    return track(() -> bucket.createUpload(request));
  }

  @Override
  public CompletionStage<Part> uploadPart(
      String key, String uploadId, int number, BodySource body) {
    return track(() -> bucket.uploadPart(key, uploadId, number, body));
  }

  @Override
  public CompletionStage<Part> copyPart(CopyPartRequest request) {
    return track(() -> bucket.copyPart(request));
  }

  @Override
  public CompletionStage<ObjectVersion> completeUpload(CompleteRequest request) {
    return track(() -> bucket.completeUpload(request));
  }

  @Override
  public CompletionStage<Void> abortUpload(String key, String uploadId) {
    return track(() -> bucket.abortUpload(key, uploadId));
  }

  @Override
  public CompletionStage<UploadListing> listUploads(ListUploadsRequest request) {
    return track(() -> bucket.listUploads(request));
  }

  @Override
  public void close() {
    closed = true;
    running.forEach((_, result) -> result.completeExceptionally(closedFailure()));
  }

  private <T> CompletionStage<T> track(Supplier<CompletionStage<T>> request) {
    if (closed) {
      return CompletableFuture.failedFuture(closedFailure());
    }
    var result = request.get().toCompletableFuture();
    var token = new Object();
    running.put(token, result);
    var _ = result.whenComplete((_, _) -> running.remove(token));
    if (closed) {
      result.completeExceptionally(closedFailure());
    }
    return result;
  }

  private static ObjectStoreException closedFailure() {
    return S3Refusal.unreachable("the store is closed");
  }
}
