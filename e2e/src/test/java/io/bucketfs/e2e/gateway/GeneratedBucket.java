package io.bucketfs.e2e.gateway;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySink;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectHeaders;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.ObjectVersion;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A bucket of folders with keys that a rule makes, so that a million of them need no memory. It can
 * be listed, and nothing else.
 */
public record GeneratedBucket(int folders, int keysPerFolder) implements ObjectStore {
  private static final int PAGE_MAX = 1_000;
  private static final ObjectVersion VERSION =
      new ObjectVersion("\"generated\"", 1, Instant.EPOCH, null);

  public GeneratedBucket {
    if (folders > PAGE_MAX || keysPerFolder > PAGE_MAX) {
      throw new IllegalArgumentException("a listing is one page");
    }
  }

  @Override
  public CompletionStage<Listing> list(ListRequest request) {
    if (request.prefix().isEmpty()) {
      return page(
          List.of(), IntStream.range(0, folders).mapToObj("folder-%03d/"::formatted).toList());
    }
    return page(
        IntStream.range(0, keysPerFolder)
            .mapToObj(key -> new Entry(request.prefix() + "key-%03d".formatted(key), VERSION))
            .toList(),
        List.of());
  }

  private static CompletionStage<Listing> page(List<Entry> entries, List<String> prefixes) {
    return CompletableFuture.completedStage(new Listing(entries, prefixes, null));
  }

  @Override
  public CompletionStage<ObjectHead> head(String key) {
    return CompletableFuture.completedStage(
        new ObjectHead(VERSION, Map.of(), null, ObjectHeaders.NONE));
  }

  @Override
  public CompletionStage<ObjectHead> get(
      String key, @Nullable ObjectVersion version, long offset, long count, BodySink sink) {
    return refused(key);
  }

  @Override
  public CompletionStage<ObjectVersion> put(PutRequest request, BodySource body) {
    return refused(request.key());
  }

  @Override
  public CompletionStage<ObjectVersion> copy(CopyRequest request) {
    return refused(request.targetKey());
  }

  @Override
  public CompletionStage<Map<String, BackendFailure>> deleteMany(List<Deletion> objects) {
    return refused(objects.getFirst().key());
  }

  @Override
  public CompletionStage<Void> delete(String key, Condition condition) {
    return refused(key);
  }

  @Override
  public CompletionStage<String> createUpload(UploadRequest request) {
    return refused(request.key());
  }

  @Override
  public CompletionStage<Part> uploadPart(
      String key, String uploadId, int number, BodySource body) {
    return refused(key);
  }

  @Override
  public CompletionStage<Part> copyPart(CopyPartRequest request) {
    return refused(request.key());
  }

  @Override
  public CompletionStage<ObjectVersion> completeUpload(CompleteRequest request) {
    return refused(request.key());
  }

  @Override
  public CompletionStage<Void> abortUpload(String key, String uploadId) {
    return refused(key);
  }

  @Override
  public CompletionStage<UploadListing> listUploads(ListUploadsRequest request) {
    return CompletableFuture.completedStage(new UploadListing(List.of(), null));
  }

  private static <T> CompletionStage<T> refused(String key) {
    return CompletableFuture.failedStage(new ObjectStoreException(new BackendFailure.Missing(key)));
  }

  @Override
  public void close() {}
}
