package io.bucketfs.core.local;

import org.jspecify.annotations.Nullable;

/**
 * Where a run of bytes lies in an extent file: one record, written once and never changed. It is
 * self-identifying: its header repeats who owns it, and a read checks that.
 *
 * @param file number of the extent file, positive, never used again
 * @param position of the record's header in that file
 * @param length of the payload in bytes, 1 to {@link #LENGTH_MAX}
 * @param mount owner when it was written
 * @param content content id of the owner when it was written
 * @param sequence content sequence of the write; 0 for a fill from S3
 * @param checksums CRC32C of each block of {@link #BLOCK_BYTES} of the payload, the last one short;
 *     the array is not changed
 */
public record ExtentRecord(
    long file,
    long position,
    int length,
    int mount,
    long content,
    long sequence,
    int... checksums) {
  /** The unit of checksums, of disk reads and of the RAM tier. */
  public static final int BLOCK_BYTES = 65_536;

  /** The largest payload. */
  public static final int LENGTH_MAX = 4 << 20;

  /** Two records are the same where they lie at the same place: nothing is ever overwritten. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ExtentRecord that && file == that.file && position == that.position;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(file * 31 + position);
  }
}
