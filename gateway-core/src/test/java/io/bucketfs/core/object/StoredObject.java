package io.bucketfs.core.object;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One version of an object in a {@link MemoryBucket}.
 *
 * @param versionId null on a bucket without versions
 * @param headers with a note whether there are tags
 * @param deleteMarker whether this version says that there is no object
 */
record StoredObject(
    MemoryBody body,
    String etag,
    Instant lastModified,
    @Nullable String versionId,
    Map<String, String> metadata,
    @Nullable String contentType,
    ObjectHeaders headers,
    Map<String, String> tags,
    boolean deleteMarker) {

  ObjectVersion version() {
    return new ObjectVersion(etag, body.sizeBytes(), lastModified, versionId);
  }

  ObjectHead head() {
    return new ObjectHead(version(), metadata, contentType, headers);
  }

  /** Whether its bytes cannot be read before a restore. */
  boolean isArchived() {
    var storageClass = headers.storageClass();
    return storageClass != null
        && (storageClass.equals("GLACIER") || storageClass.equals("DEEP_ARCHIVE"));
  }
}
