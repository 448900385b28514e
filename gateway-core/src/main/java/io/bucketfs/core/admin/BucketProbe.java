package io.bucketfs.core.admin;

import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.Placement;
import io.bucketfs.core.object.StoreTraits;

/** Tries out what a bucket allows and honours before it is mounted. */
@FunctionalInterface
public interface BucketProbe {
  /**
   * Tries a bucket; leaves nothing behind.
   *
   * @param prefix below which it may write
   * @param readOnly whether it may only list and read
   * @throws AdminException with the store's own error and what to do about it
   */
  StoreTraits probe(ObjectStore store, String prefix, boolean readOnly)
      throws AdminException, InterruptedException;

  /**
   * Tries a bucket with what the mount will say of its objects.
   *
   * @throws AdminException as above
   */
  default StoreTraits probe(ObjectStore store, String prefix, boolean readOnly, Placement placement)
      throws AdminException, InterruptedException {
    return probe(store, prefix, readOnly);
  }
}
