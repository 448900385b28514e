package io.bucketfs.core.mount;

import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.StoreTraits;

/**
 * A mount that is being served, with its open bucket.
 *
 * @param probed {@link StoreTraits#PROBE} when the traits were found
 */
public record ActiveMount(Mount mount, StoreTraits traits, int probed, ObjectStore store) {
  /** The same with another mount over the same bucket. */
  ActiveMount with(Mount other) {
    return new ActiveMount(other, traits, probed, store);
  }

  /** The same with what a probe found now. */
  ActiveMount with(StoreTraits found) {
    return new ActiveMount(mount, found, StoreTraits.PROBE, store);
  }

  /** Whether probes find out more now than when the store was probed. */
  public boolean isProbedBefore() {
    return probed < StoreTraits.PROBE;
  }

  /** The object key of a path inside the mount. */
  public String keyOf(String path) {
    return mount.prefix() + path;
  }
}
