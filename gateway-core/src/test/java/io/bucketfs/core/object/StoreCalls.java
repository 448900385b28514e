package io.bucketfs.core.object;

import io.bucketfs.core.object.ObjectStore.CopyRequest;
import io.bucketfs.core.object.ObjectStore.ListRequest;
import io.bucketfs.core.object.ObjectStore.Listing;
import io.bucketfs.core.object.ObjectStore.PutRequest;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.Patience;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Requests to a store that wait for their reply, for tests. Any thread that may wait. */
public record StoreCalls(ObjectStore store, Execution execution) {

  public ObjectVersion put(String key, byte[] bytes) throws ObjectStoreException {
    return put(key, bytes, Condition.NONE, Map.of());
  }

  public ObjectVersion put(
      String key, byte[] bytes, Condition condition, Map<String, String> metadata)
      throws ObjectStoreException {
    return await(
        store.put(new PutRequest(key, condition, metadata, null), new ByteArrayBody(bytes)));
  }

  public byte[] get(String key, @Nullable ObjectVersion version, long offset, long count)
      throws ObjectStoreException {
    var sink = new CollectingSink();
    await(store.get(key, version, offset, count, sink));
    return sink.bytes();
  }

  public ObjectHead head(String key) throws ObjectStoreException {
    return await(store.head(key));
  }

  public void delete(String key, Condition condition) throws ObjectStoreException {
    this.<@Nullable Void>awaitNullable(store.delete(key, condition));
  }

  public Map<String, BackendFailure> deleteMany(List<ObjectStore.Deletion> objects)
      throws ObjectStoreException {
    return await(store.deleteMany(objects));
  }

  public ObjectVersion copy(
      String source,
      ObjectVersion version,
      String target,
      Condition condition,
      Map<String, String> metadata)
      throws ObjectStoreException {
    return await(store.copy(new CopyRequest(source, version, target, condition, metadata, null)));
  }

  public String createUpload(String key, Map<String, String> metadata) throws ObjectStoreException {
    return await(store.createUpload(new MultipartStore.UploadRequest(key, metadata, "text/x-odd")));
  }

  public MultipartStore.Part uploadPart(String key, String uploadId, int number, byte[] bytes)
      throws ObjectStoreException {
    return await(store.uploadPart(key, uploadId, number, new ByteArrayBody(bytes)));
  }

  public ObjectVersion complete(
      String key, String uploadId, Condition condition, List<MultipartStore.Part> parts)
      throws ObjectStoreException {
    return await(
        store.completeUpload(new MultipartStore.CompleteRequest(key, uploadId, condition, parts)));
  }

  public void abort(String key, String uploadId) throws ObjectStoreException {
    this.<@Nullable Void>awaitNullable(store.abortUpload(key, uploadId));
  }

  /** All pages of open uploads in one. */
  public List<MultipartStore.OpenUpload> uploads(String prefix) throws ObjectStoreException {
    var found = new ArrayList<MultipartStore.OpenUpload>();
    MultipartStore.OpenUpload after = null;
    do {
      var page = await(store.listUploads(new MultipartStore.ListUploadsRequest(prefix, after)));
      found.addAll(page.uploads());
      after = page.next();
    } while (after != null);
    return found;
  }

  /** The first page of a listing. */
  public Listing listPage(String prefix, @Nullable String delimiter, int maxKeys)
      throws ObjectStoreException {
    return await(store.list(new ListRequest(prefix, delimiter, null, maxKeys)));
  }

  /** All pages of a listing in one. */
  public Listing listAll(String prefix, @Nullable String delimiter, int maxKeys)
      throws ObjectStoreException {
    var entries = new ArrayList<ObjectStore.Entry>();
    var commonPrefixes = new ArrayList<String>();
    String continuation = null;
    do {
      var page = await(store.list(new ListRequest(prefix, delimiter, continuation, maxKeys)));
      if (page.entries().size() > maxKeys) {
        throw new AssertionError("the page is too long");
      }
      entries.addAll(page.entries());
      commonPrefixes.addAll(page.commonPrefixes());
      continuation = page.continuation();
    } while (continuation != null);
    return new Listing(entries, commonPrefixes, null);
  }

  /** The keys of a listing without delimiter. */
  public List<String> keys(String prefix) throws ObjectStoreException {
    return listAll(prefix, null, 1_000).entries().stream().map(ObjectStore.Entry::key).toList();
  }

  /** Waits for a reply. */
  public <T> T await(CompletionStage<T> stage) throws ObjectStoreException {
    return awaitNullable(stage);
  }

  private <T extends @Nullable Object> T awaitNullable(CompletionStage<? extends T> stage)
      throws ObjectStoreException {
    try {
      return execution.await(stage, Patience.FOREVER);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ObjectStoreException failure) {
        throw failure;
      }
      throw new AssertionError("a failure that the port does not know", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    } catch (TimeoutException e) {
      throw new AssertionError("waits for ever", e);
    }
  }
}
