package io.bucketfs.cache;

import io.bucketfs.cache.extent.ExtentSettings;

/**
 * What the local tier may use.
 *
 * @param extents extent files and RAM tier
 * @param metadataCacheBytes memory of the metadata store
 */
public record TierSettings(ExtentSettings extents, long metadataCacheBytes) {
  /** The least memory with which the metadata store works. */
  public static final long METADATA_CACHE_BYTES_MIN = 4L << 20;

  /** Sizes that fit a small machine. */
  public static final TierSettings DEFAULTS = new TierSettings(ExtentSettings.DEFAULTS, 64L << 20);

  public TierSettings {
    if (metadataCacheBytes < METADATA_CACHE_BYTES_MIN) {
      throw new IllegalArgumentException("metadata cache: " + metadataCacheBytes + " bytes");
    }
  }
}
