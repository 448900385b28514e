package io.bucketfs.core.object;

import io.bucketfs.core.mount.BucketLocation;

/** Opens buckets. Implemented by s3-backend; a test may hand out a bucket in memory. */
@FunctionalInterface
public interface ObjectStores {
  /**
   * Opens a bucket; sends no request.
   *
   * @throws IllegalArgumentException where the location cannot be right, with a remedy
   */
  ObjectStore open(BucketLocation location);
}
