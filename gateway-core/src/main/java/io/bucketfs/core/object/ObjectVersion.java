package io.bucketfs.core.object;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which content and metadata an object has, compared for equality and never for order : an ETag
 * alone is no version, since a copy onto itself keeps it.
 *
 * @param etag the entity tag as the store gave it, quotes included
 * @param sizeBytes length of the body
 * @param lastModified null where the store did not say, as in the reply to a PUT
 * @param versionId null on a bucket without versions
 */
public record ObjectVersion(
    String etag, long sizeBytes, @Nullable Instant lastModified, @Nullable String versionId) {

  /**
   * Whether the two may be the same version: what both know is equal. A LIST knows no version id,
   * and a PUT's reply no time.
   */
  public boolean mayEqual(ObjectVersion other) {
    return etag.equals(other.etag)
        && sizeBytes == other.sizeBytes
        && (lastModified == null
            || other.lastModified == null
            || lastModified.equals(other.lastModified))
        && (versionId == null || other.versionId == null || versionId.equals(other.versionId));
  }

  /** This version with what only the other one knows added. */
  public ObjectVersion completedBy(ObjectVersion other) {
    return new ObjectVersion(
        etag,
        sizeBytes,
        lastModified != null ? lastModified : other.lastModified,
        versionId != null ? versionId : other.versionId);
  }
}
