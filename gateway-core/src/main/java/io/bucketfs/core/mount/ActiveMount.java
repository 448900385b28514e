package io.bucketfs.core.mount;

import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.StoreTraits;

/** A mount that is being served, with its open bucket. */
public record ActiveMount(Mount mount, StoreTraits traits, ObjectStore store) {
  /** The same with another mount over the same bucket. */
  ActiveMount with(Mount other) {
    return new ActiveMount(other, traits, store);
  }

  /** The object key of a path inside the mount. */
  public String keyOf(String path) {
    return mount.prefix() + path;
  }
}
