package io.bucketfs.core.writeback;

import io.bucketfs.core.content.Contents;
import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.mount.ObjectPolicy;
import java.time.Duration;

/**
 * What write-back does not exceed.
 *
 * @param exportsPerMountMax files of one mount that are sent or copied at a time
 * @param bulkPerMountMax of them, those of renames of directories that nobody waits for
 * @param removalsPerMountMax keys of one mount that are worked on at a time to delete their
 *     objects, where one request deletes many; else as many as bulkPerMountMax
 * @param bytesPerMountMax bytes of them together, and of those that are made ready; a bigger file
 *     is exported alone
 * @param bytesMax bytes of the exports of all mounts; one export of each goes on beyond it
 * @param bytesPerSecondMax what all mounts together send in a second, on average; {@link
 *     ExportPolicy#NO_LIMIT} for whatever it takes
 * @param objectBytesMax the biggest object
 * @param backoffMin first pause after a failure that passes
 * @param backoffMax longest pause
 * @param failingPause how often something is tried again that fails for a lasting reason
 * @param closeWait how long a stop waits for requests that are under way
 * @param multipart when and how objects are written in parts
 */
public record WritebackLimits(
    int exportsPerMountMax,
    int bulkPerMountMax,
    int removalsPerMountMax,
    long bytesPerMountMax,
    long bytesMax,
    long bytesPerSecondMax,
    long objectBytesMax,
    Duration backoffMin,
    Duration backoffMax,
    Duration failingPause,
    Duration closeWait,
    MultipartLimits multipart) {
  /** What part of the heap bodies may take. */
  private static final int HEAP_DIVISOR = 3;

  public static final WritebackLimits DEFAULT =
      new WritebackLimits(
          64,
          32,
          1_000,
          256L << 20,
          512L << 20,
          ExportPolicy.NO_LIMIT,
          Contents.FILE_BYTES_MAX,
          Duration.ofMillis(100),
          Duration.ofSeconds(30),
          Duration.ofMinutes(5),
          Duration.ofSeconds(10),
          MultipartLimits.DEFAULT);

  /**
   * Files of one mount that are worked on at a time: while some are on their way, others are made
   * ready or settled, so that S3 does not wait for the disk.
   */
  int underWayPerMountMax() {
    return exportsPerMountMax + exportsPerMountMax / 2;
  }

  /** The same with other bounds of multipart uploads. */
  public WritebackLimits with(MultipartLimits otherMultipart) {
    return with(bytesPerMountMax, bytesMax, otherMultipart);
  }

  /**
   * The same with no more bytes on their way than fit: bodies lie in the heap while they are sent.
   *
   * @param heapBytes the heap of the process
   */
  public WritebackLimits forHeap(long heapBytes) {
    var all = Math.min(bytesMax, heapBytes / HEAP_DIVISOR);
    var ofMount = Math.min(bytesPerMountMax, all / 2);
    return with(ofMount, all, multipart.withBytesOnTheirWay(ofMount));
  }

  private WritebackLimits with(
      long newBytesPerMountMax, long newBytesMax, MultipartLimits newMultipart) {
    return new WritebackLimits(
        exportsPerMountMax,
        bulkPerMountMax,
        removalsPerMountMax,
        newBytesPerMountMax,
        newBytesMax,
        bytesPerSecondMax,
        objectBytesMax,
        backoffMin,
        backoffMax,
        failingPause,
        closeWait,
        newMultipart);
  }

  /** The same with another bandwidth of all mounts together. */
  public WritebackLimits withBandwidth(long otherBytesPerSecondMax) {
    return new WritebackLimits(
        exportsPerMountMax,
        bulkPerMountMax,
        removalsPerMountMax,
        bytesPerMountMax,
        bytesMax,
        otherBytesPerSecondMax,
        objectBytesMax,
        backoffMin,
        backoffMax,
        failingPause,
        closeWait,
        multipart);
  }

  /** The same with another threshold of multipart uploads; 0 for no other. */
  WritebackLimits withThreshold(long bytes) {
    return bytes == 0 ? this : with(multipart.withThreshold(bytes));
  }

  /** The same, with parts only for what one request cannot carry. */
  WritebackLimits withoutUploads() {
    return with(multipart.withThreshold(ObjectPolicy.THRESHOLD_MAX + 1));
  }

  public WritebackLimits {
    if (exportsPerMountMax < 1 || bulkPerMountMax < 1 || removalsPerMountMax < 1) {
      throw new IllegalArgumentException("write-back limits must be positive");
    }
    if (bytesPerMountMax < 1
        || bytesMax < bytesPerMountMax
        || objectBytesMax < 1
        || bytesPerSecondMax < ExportPolicy.BYTES_PER_SECOND_MIN) {
      throw new IllegalArgumentException("write-back limits must be positive");
    }
  }
}
