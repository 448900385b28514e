package io.bucketfs.core.writeback;

import io.bucketfs.core.object.MultipartStore;
import java.time.Duration;

/**
 * When and how objects are written in parts.
 *
 * @param thresholdBytes content of at least this size is written in parts
 * @param partBytes how long a part is that is sent, unless the object would have too many
 * @param partBytesMin the least size of every part but the last
 * @param copiedPartBytes how long a part is at most that the store copies by itself
 * @param copyBytesMax the biggest object that one request can copy
 * @param partsPerExportMax parts of one object that are on their way at a time
 * @param attemptsMax how often a part is sent before its export fails
 * @param sweepEvery how often uploads are looked for that nothing will complete
 */
public record MultipartLimits(
    long thresholdBytes,
    long partBytes,
    long partBytesMin,
    long copiedPartBytes,
    long copyBytesMax,
    int partsPerExportMax,
    int attemptsMax,
    Duration sweepEvery) {
  private static final long MIB = 1 << 20;

  /** So many parts are planned for; the rest is for parts that come out shorter. */
  private static final int PARTS_PLANNED = MultipartStore.PARTS_MAX * 99 / 100;

  public static final MultipartLimits DEFAULT =
      new MultipartLimits(
          16 * MIB, 16 * MIB, 5 * MIB, 1_024 * MIB, 5_120 * MIB, 8, 6, Duration.ofMinutes(10));

  public MultipartLimits {
    if (partBytesMin < 1 || partBytes < 3 * partBytesMin || copiedPartBytes < partBytes) {
      throw new IllegalArgumentException("sizes of parts do not fit to each other");
    }
    if (thresholdBytes < 1 || copyBytesMax < copiedPartBytes) {
      throw new IllegalArgumentException("a threshold of multipart uploads is too small");
    }
    if (partsPerExportMax < 1 || attemptsMax < 1 || !sweepEvery.isPositive()) {
      throw new IllegalArgumentException("multipart limits must be positive");
    }
  }

  /** The same with another threshold. */
  MultipartLimits withThreshold(long bytes) {
    return with(bytes, partsPerExportMax);
  }

  /** The same with fewer parts at a time, where more than those bytes would be on their way. */
  MultipartLimits withBytesOnTheirWay(long bytes) {
    return with(thresholdBytes, Math.clamp(bytes / partBytes, 1, partsPerExportMax));
  }

  private MultipartLimits with(long newThresholdBytes, int newPartsPerExportMax) {
    return new MultipartLimits(
        newThresholdBytes,
        partBytes,
        partBytesMin,
        copiedPartBytes,
        copyBytesMax,
        newPartsPerExportMax,
        attemptsMax,
        sweepEvery);
  }

  /** How long the parts of an object of some size are. */
  long partBytesOf(long sizeBytes) {
    var least = -Math.floorDiv(-sizeBytes, PARTS_PLANNED);
    return least <= partBytes ? partBytes : -Math.floorDiv(-least, MIB) * MIB;
  }

  /** What one export has on its way at most. */
  long bytesOnTheirWay(long uploadBytes) {
    return uploadBytes < thresholdBytes
        ? uploadBytes
        : Math.min(uploadBytes, partsPerExportMax * partBytesOf(uploadBytes));
  }
}
