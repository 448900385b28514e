package io.bucketfs.cache.extent;

import io.bucketfs.core.local.ExtentRecord;

/**
 * Sizes of the extent files and of the memory in front of them.
 *
 * @param fileBytes size at which a file is full
 * @param ramBytesMax bytes of blocks in memory
 * @param openFilesMax file descriptors for reading, besides those that someone uses
 */
public record ExtentSettings(long fileBytes, long ramBytesMax, int openFilesMax) {
  /** Sizes that fail nowhere and fit a small machine. */
  public static final ExtentSettings DEFAULTS = new ExtentSettings(64L << 20, 256L << 20, 512);

  public ExtentSettings {
    if (fileBytes < ExtentRecord.BLOCK_BYTES || fileBytes > ExtentFiles.FILE_BYTES_MAX) {
      throw new IllegalArgumentException("extent file size: " + fileBytes);
    }
    if (ramBytesMax < 0 || openFilesMax < 1) {
      throw new IllegalArgumentException(
          "RAM tier: " + ramBytesMax + " bytes, open files: " + openFilesMax);
    }
  }
}
