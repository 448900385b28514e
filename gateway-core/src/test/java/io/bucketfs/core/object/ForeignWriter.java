package io.bucketfs.core.object;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Somebody else with access to a {@link MemoryBucket}: at once, on the caller's thread, without
 * faults, delays or counts. Any thread.
 */
public final class ForeignWriter {
  private final MemoryContents contents;
  private final MemoryUploads uploads;

  ForeignWriter(MemoryContents contents, MemoryUploads uploads) {
    this.contents = contents;
    this.uploads = uploads;
  }

  /** Begins an upload and leaves it; returns its id. */
  public String beginUpload(String key) {
    try {
      return uploads.create(new MultipartStore.UploadRequest(key, Map.of(), null));
    } catch (ObjectStoreException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Uploads that are neither completed nor aborted. */
  public List<MultipartStore.OpenUpload> uploads() {
    return uploads.all();
  }

  /** Those of {@link #uploads} that hold bytes. */
  public List<MultipartStore.OpenUpload> uploadsWithParts() {
    return uploads.withParts();
  }

  /** Throws all uploads away, as a lifecycle rule of the bucket does. */
  public void abortUploads() {
    for (var upload : uploads.all()) {
      try {
        uploads.abort(upload.key(), upload.uploadId());
      } catch (ObjectStoreException e) {
        throw new IllegalStateException("nobody else is at work", e);
      }
    }
  }

  /** Writes an object without metadata. */
  public ObjectVersion put(String key, byte[] bytes) {
    return put(key, bytes, Map.of());
  }

  /** Writes an object. */
  public ObjectVersion put(String key, byte[] bytes, Map<String, String> metadata) {
    return put(key, new MemoryBody.Bytes(bytes.clone()), metadata, Placement.NONE);
  }

  /** Writes an object whose content {@link PatternBytes} makes from a seed. */
  public ObjectVersion putPattern(String key, long seed, long sizeBytes) {
    return put(key, new MemoryBody.Pattern(seed, 0, sizeBytes), Map.of(), Placement.NONE);
  }

  /** Writes an object in a storage class, for instance GLACIER, which cannot be read. */
  public ObjectVersion putInClass(String key, byte[] bytes, String storageClass) {
    var headers = ObjectHeaders.ofStorageClass(storageClass);
    return put(key, bytes, new Placement(headers, Encryption.OF_BUCKET, Map.of()));
  }

  /** Writes an object with headers and tags. */
  public ObjectVersion put(String key, byte[] bytes, Placement placement) {
    return put(key, new MemoryBody.Bytes(bytes.clone()), Map.of(), placement);
  }

  /** The tags of an object; null where there is none. */
  public @Nullable Map<String, String> tags(String key) {
    var found = find(key);
    return found == null ? null : found.tags();
  }

  private ObjectVersion put(
      String key, MemoryBody body, Map<String, String> metadata, Placement placement) {
    try {
      var request = new ObjectStore.PutRequest(key, Condition.NONE, metadata, null, placement);
      return contents.put(request, body).version();
    } catch (ObjectStoreException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Replaces the metadata by a copy onto itself: the ETag stays, the time changes. */
  public ObjectVersion replaceMetadata(String key, Map<String, String> metadata) {
    try {
      var present = contents.find(key, null).version();
      return contents
          .copy(new ObjectStore.CopyRequest(key, present, key, Condition.NONE, metadata, null))
          .version();
    } catch (ObjectStoreException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Deletes an object if there is one. */
  public void delete(String key) {
    try {
      contents.delete(key, Condition.NONE);
    } catch (ObjectStoreException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** What a HEAD would say; null where there is no object. */
  public @Nullable ObjectHead head(String key) {
    var found = find(key);
    return found == null ? null : found.head();
  }

  /** The content of an object; null where there is none. */
  public byte @Nullable [] get(String key) {
    var found = find(key);
    if (found == null) {
      return null;
    }
    var bytes = new byte[Math.toIntExact(found.body().sizeBytes())];
    found.body().read(0, bytes, 0, bytes.length);
    return bytes;
  }

  /** All keys in S3's order. */
  public List<String> keys() {
    return contents.keys();
  }

  private @Nullable StoredObject find(String key) {
    try {
      return contents.find(key, null);
    } catch (ObjectStoreException e) {
      return null;
    }
  }
}
