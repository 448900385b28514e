package io.bucketfs.core.object;

import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.runtime.Execution;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** An S3 in memory: buckets by name, which come into being when they are asked for. Any thread. */
public final class MemoryStores implements ObjectStores {
  private final Execution execution;
  private final Map<String, MemoryBucket> buckets = new ConcurrentHashMap<>();

  public MemoryStores(Execution execution) {
    this.execution = execution;
  }

  /** The bucket of a name, made with the defaults where it is new. */
  public MemoryBucket bucket(String name) {
    return buckets.computeIfAbsent(name, _ -> new MemoryBucket(execution));
  }

  /** Adds a bucket that was made elsewhere. */
  public void add(String name, MemoryBucket bucket) {
    buckets.put(name, bucket);
  }

  @Override
  public ObjectStore open(BucketLocation location) {
    return bucket(location.bucket()).connect();
  }
}
