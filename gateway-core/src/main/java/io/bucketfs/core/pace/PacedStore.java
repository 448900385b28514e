package io.bucketfs.core.pace;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySink;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectVersion;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A bucket whose requests go when {@link RequestPace} lets them. */
final class PacedStore implements ObjectStore {
  private final ObjectStore store;
  private final RequestPace pace;

  PacedStore(ObjectStore store, RequestPace pace) {
    this.store = store;
    this.pace = pace;
  }

  @Override
  public CompletionStage<Listing> list(ListRequest request) {
    return pace.send(request.prefix(), () -> store.list(request));
  }

  @Override
  public CompletionStage<ObjectHead> head(String key) {
    return pace.send(key, () -> store.head(key));
  }

  @Override
  public CompletionStage<ObjectHead> get(
      String key, @Nullable ObjectVersion version, long offset, long count, BodySink sink) {
    return pace.send(key, () -> store.get(key, version, offset, count, sink));
  }

  @Override
  public CompletionStage<ObjectVersion> put(PutRequest request, BodySource body) {
    return pace.send(request.key(), () -> store.put(request, body));
  }

  @Override
  public CompletionStage<ObjectVersion> copy(CopyRequest request) {
    return pace.send(request.targetKey(), () -> store.copy(request));
  }

  @Override
  public CompletionStage<Map<String, String>> tags(String key) {
    return pace.send(key, () -> store.tags(key));
  }

  @Override
  public CompletionStage<Void> delete(String key, Condition condition) {
    return pace.send(key, () -> store.delete(key, condition));
  }

  @Override
  public CompletionStage<Map<String, BackendFailure>> deleteMany(List<Deletion> objects) {
    return pace.send(objects.getFirst().key(), () -> store.deleteMany(objects));
  }

  @Override
  public CompletionStage<String> createUpload(UploadRequest request) {
    return pace.send(request.key(), () -> store.createUpload(request));
  }

  @Override
  public CompletionStage<Part> uploadPart(
      String key, String uploadId, int number, BodySource body) {
    return pace.send(key, () -> store.uploadPart(key, uploadId, number, body));
  }

  @Override
  public CompletionStage<Part> copyPart(CopyPartRequest request) {
    return pace.send(request.key(), () -> store.copyPart(request));
  }

  @Override
  public CompletionStage<ObjectVersion> completeUpload(CompleteRequest request) {
    return pace.send(request.key(), () -> store.completeUpload(request));
  }

  @Override
  public CompletionStage<Void> abortUpload(String key, String uploadId) {
    return pace.send(key, () -> store.abortUpload(key, uploadId));
  }

  @Override
  public CompletionStage<UploadListing> listUploads(ListUploadsRequest request) {
    return pace.send(request.prefix(), () -> store.listUploads(request));
  }

  @Override
  public CompletionStage<Void> createBucket() {
    return pace.send("", store::createBucket);
  }

  @Override
  public void close() {
    store.close();
    pace.close();
  }
}
