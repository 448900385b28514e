package io.bucketfs.cache.extent;

import io.bucketfs.core.local.ExtentRecord;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What stands before the payload of a record. Big-endian:
 *
 * <pre>
 *  0  magic and version          24  length of the payload
 *  4  CRC32C of all that follows 28  0
 *     in header and table        32  inode
 *  8  number of the file         40  content
 * 16  position in the file       48  content sequence
 * 20  mount                      56  offset in the content
 * 64  CRC32C of each block of the payload, 4 bytes each
 *     payload
 * </pre>
 *
 * <p>A large record begins, its payload begins, and it ends at a multiple of {@link #ALIGNMENT},
 * with zeroes in between, so that it can pass by the page cache. Where there is room for them
 * before its payload, the first of those zeroes are the CRC32C of each page of the payload, if it
 * has whole pages only. Records of earlier versions have none: a reader finds out by those of the
 * blocks, which follow from them.
 */
record RecordHeader(ExtentRecord record, long inode, long offset) {
  static final int FIXED_BYTES = 64;

  /** The largest header, table included. */
  static final int BYTES_MAX = bytes(ExtentRecord.LENGTH_MAX);

  /** Where large records may lie, and a multiple of what disks transfer. */
  static final int ALIGNMENT = 4096;

  /** The smallest payload of a large record. */
  static final int LARGE_BYTES_MIN = 256 << 10;

  private static final int MAGIC_AND_VERSION = 0x42585202;
  private static final int CHECKED_FROM = 8;

  /** Blocks of a payload. */
  static int blocks(int length) {
    return (length + ExtentRecord.BLOCK_BYTES - 1) / ExtentRecord.BLOCK_BYTES;
  }

  /** Length of the header of such a payload, table included. */
  static int bytes(int length) {
    return FIXED_BYTES + blocks(length) * Integer.BYTES;
  }

  /** Whether a record with such a payload is aligned. */
  static boolean isLarge(int length) {
    return length >= LARGE_BYTES_MIN;
  }

  static long aligned(long position) {
    return (position + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** Where a record with such a payload lies in a file that ends there. */
  static long place(long end, int length) {
    return isLarge(length) ? aligned(end) : end;
  }

  /** What stands before such a payload, header and zeroes. */
  static int headBytes(int length) {
    return isLarge(length) ? (int) aligned(bytes(length)) : bytes(length);
  }

  /** Length of header and payload, with the zeroes. */
  static int recordBytes(int length) {
    var bytes = headBytes(length) + length;
    return isLarge(length) ? (int) aligned(bytes) : bytes;
  }

  /** Where the payload begins in the file. */
  static long payloadPosition(ExtentRecord record) {
    return record.position() + headBytes(record.length());
  }

  /** Where the next record begins in the file at the earliest. */
  static long end(ExtentRecord record) {
    return record.position() + recordBytes(record.length());
  }

  /** Of how many pages there are checksums behind the header of such a payload. */
  static int pages(int length) {
    var pages = length / ALIGNMENT;
    var fit = bytes(length) + pages * Integer.BYTES <= headBytes(length);
    return isLarge(length) && length % ALIGNMENT == 0 && fit ? pages : 0;
  }

  /** What may be the checksums of the pages of such a payload, from its whole head. */
  static int[] decodePages(ByteBuffer head, int length) {
    var sums = new int[pages(length)];
    head.slice(bytes(length), sums.length * Integer.BYTES).asIntBuffer().get(sums);
    return sums;
  }

  /** The checksum of each block of the readable bytes. */
  static int[] checksums(ByteBuf data) {
    var checksums = new int[blocks(data.readableBytes())];
    for (var block = 0; block < checksums.length; block++) {
      var from = block * ExtentRecord.BLOCK_BYTES;
      var length = Math.min(ExtentRecord.BLOCK_BYTES, data.readableBytes() - from);
      checksums[block] = checksum(data, data.readerIndex() + from, length);
    }
    return checksums;
  }

  static int checksum(ByteBuf data, int index, int length) {
    var crc = new CRC32C();
    if (data.nioBufferCount() == 1) {
      crc.update(data.nioBuffer(index, length));
    } else {
      for (var part : data.nioBuffers(index, length)) {
        crc.update(part);
      }
    }
    return (int) crc.getValue();
  }

  static int checksum(ByteBuffer bytes) {
    var crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /**
   * Writes the header to where the target begins; its position is of no interest.
   *
   * @param pages the checksums of the payload's pages, as many as {@link #pages} says
   */
  void encode(ByteBuffer whole, int... pages) {
    whole.slice(bytes(record.length()), pages.length * Integer.BYTES).asIntBuffer().put(pages);
    var target = whole.slice(0, bytes(record.length()));
    target
        .putInt(MAGIC_AND_VERSION)
        .putInt(0)
        .putLong(record.file())
        .putInt((int) record.position())
        .putInt(record.mount())
        .putInt(record.length())
        .putInt(0)
        .putLong(inode)
        .putLong(record.content())
        .putLong(record.sequence())
        .putLong(offset);
    for (var checksum : record.checksums()) {
      target.putInt(checksum);
    }
    target.putInt(4, checksumOfHeader(target));
  }

  private static int checksumOfHeader(ByteBuffer header) {
    var crc = new CRC32C();
    crc.update(header.slice(CHECKED_FROM, header.position() - CHECKED_FROM));
    return (int) crc.getValue();
  }

  /**
   * Decodes the header at a place, or returns null where there is none.
   *
   * @param source as many bytes from the place on as a header can have, or fewer at the file's end
   */
  static @Nullable RecordHeader decode(ByteBuffer source, long file, long position) {
    if (source.remaining() < FIXED_BYTES || source.getInt(0) != MAGIC_AND_VERSION) {
      return null;
    }
    var length = source.getInt(24);
    if (length < 1 || length > ExtentRecord.LENGTH_MAX || source.remaining() < bytes(length)) {
      return null;
    }
    var crc = new CRC32C();
    crc.update(source.slice(CHECKED_FROM, bytes(length) - CHECKED_FROM));
    if ((int) crc.getValue() != source.getInt(4)
        || source.getLong(8) != file
        || Integer.toUnsignedLong(source.getInt(16)) != position) {
      return null;
    }
    var checksums = new int[blocks(length)];
    for (var block = 0; block < checksums.length; block++) {
      checksums[block] = source.getInt(FIXED_BYTES + block * Integer.BYTES);
    }
    var record =
        new ExtentRecord(
            file,
            position,
            length,
            source.getInt(20),
            source.getLong(40),
            source.getLong(48),
            checksums);
    return new RecordHeader(record, source.getLong(32), source.getLong(56));
  }
}
