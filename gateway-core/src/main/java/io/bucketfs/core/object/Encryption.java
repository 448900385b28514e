package io.bucketfs.core.object;

import org.jspecify.annotations.Nullable;

/** How the store encrypts what it keeps. */
public sealed interface Encryption {
  /** As the bucket says. */
  record OfBucket() implements Encryption {}

  /** With keys of the store: SSE-S3. */
  record OfStore() implements Encryption {}

  /**
   * With a key of a key service: SSE-KMS.
   *
   * @param keyId id, alias or ARN; null for the account's default key
   */
  record Kms(@Nullable String keyId) implements Encryption {}

  Encryption OF_BUCKET = new OfBucket();
}
