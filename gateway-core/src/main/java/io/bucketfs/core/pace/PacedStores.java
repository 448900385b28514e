package io.bucketfs.core.pace;

import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStores;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;

/**
 * Opens buckets that are spared when they are overloaded or out of reach. Each one that is opened
 * has a pace of its own, so that a slow one slows nobody else.
 */
public final class PacedStores implements ObjectStores {
  private final ObjectStores stores;
  private final Execution execution;
  private final PaceLimits limits;
  private final Meters meters;

  public PacedStores(ObjectStores stores, Execution execution, PaceLimits limits, Meters meters) {
    this.stores = stores;
    this.execution = execution;
    this.limits = limits;
    this.meters = meters;
  }

  @Override
  public ObjectStore open(BucketLocation location) {
    var held = meters.counter("s3_held_requests", "bucket", location.bucket());
    return new PacedStore(stores.open(location), new RequestPace(execution, limits, held));
  }
}
