package io.bucketfs.s3;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectStore.Entry;
import io.bucketfs.core.object.ObjectStore.Listing;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.ObjectVersion;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.CommonPrefix;
import software.amazon.awssdk.services.s3.model.CopyObjectResponse;
import software.amazon.awssdk.services.s3.model.CreateBucketResponse;
import software.amazon.awssdk.services.s3.model.DeleteObjectResponse;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Replies of the SDK in the words of the port. Stores differ where versions must be compared for
 * equality, so it is evened out here: some tell fractions of a second in a LIST but not in a HEAD,
 * some leave out the quotes of a tag.
 */
final class S3Replies {
  private S3Replies() {}

  static Listing listing(ListObjectsV2Response reply) {
    var entries = reply.contents().stream().map(S3Replies::entry).toList();
    var prefixes = reply.commonPrefixes().stream().map(CommonPrefix::prefix).toList();
    var more = Boolean.TRUE.equals(reply.isTruncated());
    return new Listing(entries, prefixes, more ? reply.nextContinuationToken() : null);
  }

  /** One odd object must not hide its directory: without a tag it matches no version at all. */
  private static Entry entry(S3Object listed) {
    var etag = listed.eTag() == null ? "" : listed.eTag();
    return new Entry(listed.key(), version(etag, listed.size(), listed.lastModified(), null));
  }

  static ObjectHead head(HeadObjectResponse reply) {
    return new ObjectHead(
        version(reply.eTag(), reply.contentLength(), reply.lastModified(), reply.versionId()),
        metadata(reply.metadata()),
        reply.contentType(),
        Placements.headers(reply));
  }

  /**
   * The head that comes with a range.
   *
   * @param sizeBytes of the whole object
   */
  static ObjectHead head(GetObjectResponse reply, long sizeBytes) {
    return new ObjectHead(
        version(reply.eTag(), sizeBytes, reply.lastModified(), reply.versionId()),
        metadata(reply.metadata()),
        reply.contentType(),
        Placements.headers(reply));
  }

  static ObjectVersion stored(PutObjectResponse reply, Upload upload) {
    requireSame(reply.checksumCRC32C(), upload.checksum());
    return version(reply.eTag(), upload.sizeBytes(), null, reply.versionId());
  }

  /** What the store says that it received must be what was sent. */
  static void requireSame(@Nullable String theirs, String ours) {
    if (theirs != null && !theirs.equals(ours)) {
      throw new CompletionException(
          new ObjectStoreException(
              new BackendFailure.Corrupt(
                  "the store received CRC32C " + theirs + ", sent was " + ours)));
    }
  }

  static ObjectVersion copied(CopyObjectResponse reply, long sizeBytes) {
    var result = reply.copyObjectResult();
    return version(result.eTag(), sizeBytes, result.lastModified(), reply.versionId());
  }

  @SuppressWarnings("NullAway") // null is all that a Void can be
  static Void nothing(DeleteObjectResponse reply) {
    return null;
  }

  @SuppressWarnings("NullAway") // null is all that a Void can be
  static Void nothing(CreateBucketResponse reply) {
    return null;
  }

  /** What of many keys was not deleted, and why. */
  static Map<String, BackendFailure> notDeleted(DeleteObjectsResponse reply) {
    var failures = new HashMap<String, BackendFailure>();
    for (var error : reply.errors()) {
      failures.put(error.key(), S3Failures.ofKey(error));
    }
    return failures;
  }

  static ObjectVersion version(
      @Nullable String etag,
      @Nullable Long sizeBytes,
      @Nullable Instant lastModified,
      @Nullable String versionId) {
    if (etag == null || sizeBytes == null) {
      throw new CompletionException(
          new ObjectStoreException(
              new BackendFailure.Rejected("the store's reply has no ETag or no length")));
    }
    return new ObjectVersion(
        etag.endsWith("\"") ? etag : '"' + etag + '"',
        sizeBytes,
        lastModified == null ? null : lastModified.truncatedTo(ChronoUnit.SECONDS),
        versionId);
  }

  private static Map<String, String> metadata(Map<String, String> theirs) {
    var ours = new HashMap<String, String>();
    theirs.forEach((name, value) -> ours.put(name.toLowerCase(Locale.ROOT), value));
    return ours;
  }
}
