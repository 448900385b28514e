package io.bucketfs.core.object;

import org.jspecify.annotations.Nullable;

/**
 * What S3 keeps with an object beside its metadata and content type, and forgets where a rewrite
 * does not say it again. Each is null where the object has none.
 *
 * @param storageClass null for the standard one
 * @param tagged whether it has tags, as far as we are told: they are asked for with {@link
 *     ObjectStore#tags}
 */
public record ObjectHeaders(
    @Nullable String cacheControl,
    @Nullable String contentDisposition,
    @Nullable String contentEncoding,
    @Nullable String contentLanguage,
    @Nullable String expires,
    @Nullable String storageClass,
    boolean tagged) {
  /** Of an object that has nothing of it. */
  public static final ObjectHeaders NONE =
      new ObjectHeaders(null, null, null, null, null, null, false);

  /** Of an object that has a storage class and no more. */
  public static ObjectHeaders ofStorageClass(@Nullable String storageClass) {
    return storageClass == null
        ? NONE
        : new ObjectHeaders(null, null, null, null, null, storageClass, false);
  }

  /** The same, in a class where it has none. */
  public ObjectHeaders withStorageClassUnlessSet(@Nullable String other) {
    return storageClass != null || other == null
        ? this
        : new ObjectHeaders(
            cacheControl,
            contentDisposition,
            contentEncoding,
            contentLanguage,
            expires,
            other,
            tagged);
  }

  /** The same, with the tags told elsewhere. */
  public ObjectHeaders untagged() {
    return tagged
        ? new ObjectHeaders(
            cacheControl,
            contentDisposition,
            contentEncoding,
            contentLanguage,
            expires,
            storageClass,
            false)
        : this;
  }
}
