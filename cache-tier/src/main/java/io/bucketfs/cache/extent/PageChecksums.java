package io.bucketfs.cache.extent;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * CRC32C of the pages of a payload, from which those of its blocks follow: a page of a large record
 * can be checked by itself, and the checksums of all pages by those of the blocks.
 */
final class PageChecksums {
  static final int PAGE_BYTES = RecordHeader.ALIGNMENT;

  /** The polynomial of CRC32C, bits reversed (RFC 3720, 12.1). */
  private static final int POLYNOMIAL = 0x82F63B78;

  private static final int BYTE_VALUES = 256;

  /** What a page of zeroes behind it makes of a checksum, for each value of each of its bytes. */
  private static final int[][] BEHIND = behind();

  private PageChecksums() {}

  private static int[][] behind() {
    var tables = new int[Integer.BYTES][BYTE_VALUES];
    for (var at = 0; at < Integer.BYTES; at++) {
      for (var bit = 0; bit < Byte.SIZE; bit++) {
        var bits = 1 << (at * Byte.SIZE + bit);
        for (var i = 0; i < PAGE_BYTES * Byte.SIZE; i++) {
          bits = (bits >>> 1) ^ ((bits & 1) == 0 ? 0 : POLYNOMIAL);
        }
        for (var value = 0; value < BYTE_VALUES; value++) {
          tables[at][value] ^= (value >> bit & 1) == 0 ? 0 : bits;
        }
      }
    }
    return tables;
  }

  /**
   * Computes the checksum of each page.
   *
   * @param bytes whole pages; its position and limit are changed
   * @param target takes them
   * @param from where the first one goes
   */
  static void compute(ByteBuffer bytes, int[] target, int from) {
    var crc = new CRC32C();
    var end = bytes.limit();
    for (var at = bytes.position(); at < end; at += PAGE_BYTES) {
      crc.reset();
      crc.update(bytes.limit(at + PAGE_BYTES));
      target[from++] = (int) crc.getValue();
    }
  }

  /** The checksum of neighbouring pages taken together. */
  static int joined(int[] pages, int from, int to) {
    var whole = pages[from];
    for (var i = from + 1; i < to; i++) {
      whole =
          BEHIND[0][whole & 0xff]
              ^ BEHIND[1][whole >>> 8 & 0xff]
              ^ BEHIND[2][whole >>> 16 & 0xff]
              ^ BEHIND[3][whole >>> 24]
              ^ pages[i];
    }
    return whole;
  }
}
