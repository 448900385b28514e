package io.bucketfs.core.object;

/**
 * Which conditions a store was seen to refuse when they were false. A store that accepts a false
 * condition does not support it, whatever it documents.
 *
 * @param conditionalPut {@code If-Match} and {@code If-None-Match} on PUT
 * @param conditionalCopySource {@code x-amz-copy-source-if-match}
 * @param conditionalCopyTarget {@code If-Match} and {@code If-None-Match} on CopyObject
 * @param conditionalDelete {@code If-Match} on DELETE
 * @param conditionalComplete {@code If-Match} and {@code If-None-Match} on CompleteMultipartUpload
 * @param conditionalPartCopy UploadPartCopy is known, with {@code x-amz-copy-source-if-match}
 * @param conditionalDeleteMany an entity tag for each key of DeleteObjects
 */
public record StoreTraits(
    boolean conditionalPut,
    boolean conditionalCopySource,
    boolean conditionalCopyTarget,
    boolean conditionalDelete,
    boolean conditionalComplete,
    boolean conditionalPartCopy,
    boolean conditionalDeleteMany) {
  /** What probes find out grows with this number, so that older findings can be told. */
  public static final int PROBE = 2;

  /** Probes that did not try to delete many objects by one request. */
  public static final int PROBE_WITHOUT_DELETE_MANY = 1;

  /** Probes that tried nothing of multipart uploads. */
  public static final int PROBE_WITHOUT_UPLOADS = 0;

  /** A store that honours every condition. */
  public static final StoreTraits FULL = new StoreTraits(true, true, true, true, true, true, true);

  /** A store of which nothing is known. */
  public static final StoreTraits NONE =
      new StoreTraits(false, false, false, false, false, false, false);
}
