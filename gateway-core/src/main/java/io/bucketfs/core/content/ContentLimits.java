package io.bucketfs.core.content;

import java.time.Duration;

/**
 * Bounds of the read and write paths. Sizes are in bytes.
 *
 * @param diskBytesMax what extent files and metadata may occupy together
 * @param freeBytesMin what the host's file system keeps free: the cap shrinks where it has less
 * @param granuleBytes the unit in which base bytes are fetched from S3
 * @param fetchBytesMax the longest single GET
 * @param readAheadBytesMax how far a sequential reader is run ahead of
 * @param fetchesMax GETs of one mount that run at the same time; a quarter of them is its own, the
 *     rest is lent from twice as many that all mounts have together
 * @param idleExtentsMax extents of files that nobody uses which stay in memory
 * @param unstableAge unstable writes that are older than this are committed without being asked
 */
public record ContentLimits(
    long diskBytesMax,
    long freeBytesMin,
    int granuleBytes,
    int fetchBytesMax,
    int readAheadBytesMax,
    int fetchesMax,
    long idleExtentsMax,
    Duration unstableAge) {
  /** What part of the heap may be on its way from S3, besides what belongs to each mount. */
  private static final int HEAP_DIVISOR = 6;

  private static final int FETCHES_MIN = 8;
  private static final int FETCHES_PLANNED = 16;

  /** The defaults for a disk cap, on a disk that may be filled up. */
  public static ContentLimits ofDisk(long diskBytesMax) {
    return ofDisk(diskBytesMax, 0);
  }

  /** The defaults for a disk cap, and for what stays free. */
  public static ContentLimits ofDisk(long diskBytesMax, long freeBytesMin) {
    // A reader is not to push out what was fetched for it before.
    var readAheadBytesMax = Math.clamp(diskBytesMax / 32, 256 << 10, 32 << 20);
    return new ContentLimits(
        diskBytesMax,
        freeBytesMin,
        256 << 10,
        Math.min(8 << 20, readAheadBytesMax),
        readAheadBytesMax,
        32,
        1_000_000,
        Duration.ofSeconds(5));
  }

  /**
   * The same with fetches that fit: what comes from S3 lies in the heap until it is laid.
   *
   * @param heapBytes the heap of the process
   */
  public ContentLimits forHeap(long heapBytes) {
    var all = heapBytes / HEAP_DIVISOR;
    var granules = Math.max(1, all / FETCHES_PLANNED / granuleBytes);
    var fetchBytes = (int) Math.min(fetchBytesMax, granules * granuleBytes);
    return new ContentLimits(
        diskBytesMax,
        freeBytesMin,
        granuleBytes,
        fetchBytes,
        readAheadBytesMax,
        Math.clamp(all / fetchBytes, Math.min(FETCHES_MIN, fetchesMax), fetchesMax),
        idleExtentsMax,
        unstableAge);
  }
}
