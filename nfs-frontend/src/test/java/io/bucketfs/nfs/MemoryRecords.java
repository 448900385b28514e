package io.bucketfs.nfs;

import io.bucketfs.core.local.ProtocolRecords;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** Records that outlive a server, though not the process. */
public final class MemoryRecords implements ProtocolRecords {
  private final ConcurrentHashMap<String, byte[]> records = new ConcurrentHashMap<>();

  @Override
  public Map<String, byte[]> all() {
    return Map.copyOf(records);
  }

  @Override
  public CompletionStage<Void> put(String key, byte[] value) {
    records.put(key, value);
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletionStage<Void> remove(String key) {
    records.remove(key);
    return CompletableFuture.completedFuture(null);
  }
}
