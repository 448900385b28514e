package io.bucketfs.core.object;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Objects that are written in parts. What an upload holds is seen by nobody before it is completed,
 * and is kept, and paid for, until it is completed or aborted.
 *
 * <p>Nothing that a listing says of an upload tells who began it: metadata are not part of it. So
 * an upload is known by its id alone, and one whose id got lost cannot be told from another
 * writer's.
 */
public interface MultipartStore {
  /** How many parts an object has at most. */
  int PARTS_MAX = 10_000;

  /** Begins an upload; the stage gives its id. The object gets the metadata given here. */
  CompletionStage<String> createUpload(UploadRequest request);

  /**
   * What an upload will make.
   *
   * @param metadata user metadata, keys in lower case without {@code x-amz-meta-}
   * @param contentType null leaves it to the store
   */
  record UploadRequest(
      String key, Map<String, String> metadata, @Nullable String contentType, Placement placement) {
    public UploadRequest {
      metadata = Map.copyOf(metadata);
    }

    /** With the store's defaults for the rest. */
    public UploadRequest(String key, Map<String, String> metadata, @Nullable String contentType) {
      this(key, metadata, contentType, Placement.NONE);
    }
  }

  /**
   * A part that the store has.
   *
   * @param number 1 to {@link #PARTS_MAX}
   * @param checksum CRC32C as S3 writes it; null where the store does not tell
   */
  record Part(int number, String etag, @Nullable String checksum, long sizeBytes) {}

  /**
   * Sends a part, or sends it again; every part but the last has at least 5 MiB. Fails with {@link
   * BackendFailure.Missing} where there is no such upload.
   */
  CompletionStage<Part> uploadPart(String key, String uploadId, int number, BodySource body);

  /** Makes a part of a range of an object in the same bucket. */
  CompletionStage<Part> copyPart(CopyPartRequest request);

  /** A part that is copied; the source must have the given version. */
  record CopyPartRequest(
      String key,
      String uploadId,
      int number,
      String sourceKey,
      ObjectVersion sourceVersion,
      long offset,
      long count) {}

  /**
   * Makes the object of the parts. Fails with {@link BackendFailure.Missing} where there is no such
   * upload, which is also so after it was completed.
   */
  CompletionStage<ObjectVersion> completeUpload(CompleteRequest request);

  /**
   * The end of an upload.
   *
   * @param condition what must hold of the object at the key
   * @param parts all of them, by number
   */
  record CompleteRequest(String key, String uploadId, Condition condition, List<Part> parts) {
    public CompleteRequest {
      parts = List.copyOf(parts);
    }

    /** Length of the object. */
    public long sizeBytes() {
      return parts.stream().mapToLong(Part::sizeBytes).sum();
    }
  }

  /** Throws an upload away; fails with {@link BackendFailure.Missing} where there is none. */
  CompletionStage<Void> abortUpload(String key, String uploadId);

  /** Lists one page of the uploads that are neither completed nor aborted. */
  CompletionStage<UploadListing> listUploads(ListUploadsRequest request);

  /**
   * Which page of which uploads.
   *
   * @param prefix only keys that start with it; may be empty
   * @param after the last upload of the page before; null for the first page
   */
  record ListUploadsRequest(String prefix, @Nullable OpenUpload after) {}

  /** An upload that is neither completed nor aborted. */
  record OpenUpload(String key, String uploadId) {}

  /**
   * A page of uploads, by key.
   *
   * @param next what the next page begins after; null on the last one
   */
  record UploadListing(List<OpenUpload> uploads, @Nullable OpenUpload next) {
    public UploadListing {
      uploads = List.copyOf(uploads);
    }
  }
}
