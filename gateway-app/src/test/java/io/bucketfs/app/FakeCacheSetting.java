package io.bucketfs.app;

import io.bucketfs.app.admin.AdminApi;
import java.util.OptionalLong;

/** Remembers what was kept. Not thread-safe. */
public final class FakeCacheSetting implements AdminApi.CacheSetting {
  private OptionalLong kept = OptionalLong.empty();
  private OptionalLong configured = OptionalLong.empty();

  @Override
  public void keep(long bytes) {
    kept = OptionalLong.of(bytes);
  }

  @Override
  public OptionalLong configured() {
    return configured;
  }

  /** Lets the configuration say a size. */
  public void configure(long bytes) {
    configured = OptionalLong.of(bytes);
  }

  public OptionalLong kept() {
    return kept;
  }
}
