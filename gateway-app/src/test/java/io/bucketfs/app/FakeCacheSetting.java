package io.bucketfs.app;

import io.bucketfs.app.admin.CacheApi;
import java.util.OptionalLong;

/** Remembers what was kept. Not thread-safe. */
public final class FakeCacheSetting implements CacheApi.Setting {
  private OptionalLong kept = OptionalLong.empty();
  private OptionalLong configured = OptionalLong.empty();
  private CacheApi.MemoryRange memory =
      new CacheApi.MemoryRange(4L << 30, 3L << 30, 4L << 30, false);

  @Override
  public void keep(long bytes) {
    kept = OptionalLong.of(bytes);
  }

  @Override
  public OptionalLong configured() {
    return configured;
  }

  @Override
  public CacheApi.MemoryRange memory() {
    return memory;
  }

  @Override
  public void setMemory(long bytes) {
    memory =
        new CacheApi.MemoryRange(
            bytes, memory.bytesMin(), memory.bytesMax(), memory.isConfigured());
  }

  /** Lets the configuration say the memory. */
  public void configureMemory() {
    memory = new CacheApi.MemoryRange(memory.bytes(), memory.bytesMin(), memory.bytesMax(), true);
  }

  /** Lets the configuration say a size. */
  public void configure(long bytes) {
    configured = OptionalLong.of(bytes);
  }

  public OptionalLong kept() {
    return kept;
  }
}
