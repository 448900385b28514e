package io.bucketfs.app.config;

/**
 * How the one number for memory is divided. What is not named here is for code, stacks and the
 * native parts: RocksDB's write buffers and the S3 client.
 *
 * @param heapBytes -Xmx
 * @param directBytes -XX:MaxDirectMemorySize: network buffers and the RAM tier
 * @param ramTierBytes the part of it that holds file data
 * @param metadataCacheBytes RocksDB's block cache
 */
public record MemorySplit(
    long heapBytes, long directBytes, long ramTierBytes, long metadataCacheBytes) {
  private static final int HEAP_PERCENT = 35;
  private static final int DIRECT_PERCENT = 45;
  private static final int RAM_TIER_PERCENT = 25;
  private static final int METADATA_CACHE_PERCENT = 8;

  /** Divides a number of bytes. */
  public static MemorySplit of(long memoryBytes) {
    return new MemorySplit(
        memoryBytes / 100 * HEAP_PERCENT,
        memoryBytes / 100 * DIRECT_PERCENT,
        memoryBytes / 100 * RAM_TIER_PERCENT,
        memoryBytes / 100 * METADATA_CACHE_PERCENT);
  }
}
