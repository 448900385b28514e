package io.bucketfs.cache.extent;

import io.bucketfs.core.local.ExtentRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A record as it is going to lie on the disk: one write takes it there, past the page cache where
 * it is large. The payload is copied for that, unless it is large and lies in whole pages by
 * itself.
 */
final class RecordImage implements AutoCloseable {
  private final int length;
  private final int[] checksums;
  private final int[] pages;
  private final DiskMemory memory;
  private final ByteBuffer head;

  /** Where the head does not have the payload behind it. */
  private final @Nullable ByteBuffer payload;

  /**
   * Computes the checksums of a payload.
   *
   * @param data borrowed until this is closed
   */
  RecordImage(ByteBuf data, ByteBufAllocator allocator) {
    length = data.readableBytes();
    checksums = new int[RecordHeader.blocks(length)];
    pages = new int[RecordHeader.pages(length)];
    payload = wholePages(data);
    var large = RecordHeader.isLarge(length);
    var headBytes = RecordHeader.headBytes(length);
    var here =
        payload != null
            ? headBytes
            : RecordHeader.recordBytes(length) + (large ? 0 : RecordHeader.ALIGNMENT);
    memory = DiskMemory.allocate(allocator, here, large);
    head = memory.bytes();
    for (var block = 0; block < checksums.length; block++) {
      var from = block * ExtentRecord.BLOCK_BYTES;
      var bytes = Math.min(ExtentRecord.BLOCK_BYTES, length - from);
      if (payload == null) {
        var part = head.slice(headBytes + from, bytes);
        data.getBytes(data.readerIndex() + from, part);
        checksums[block] = checksum(block, part.flip());
      } else {
        checksums[block] = checksum(block, payload.slice(from, bytes));
      }
    }
    zero(RecordHeader.bytes(length) + pages.length * Integer.BYTES, headBytes);
    if (payload == null) {
      zero(headBytes + length, here);
    }
  }

  /** The checksum of a block, from those of its pages where these are kept. */
  private int checksum(int block, ByteBuffer bytes) {
    if (pages.length == 0) {
      return RecordHeader.checksum(bytes);
    }
    var first = block * (ExtentRecord.BLOCK_BYTES / PageChecksums.PAGE_BYTES);
    var end = first + bytes.remaining() / PageChecksums.PAGE_BYTES;
    PageChecksums.compute(bytes, pages, first);
    return PageChecksums.joined(pages, first, end);
  }

  /** The data, where the disk can take it as it is. */
  private static @Nullable ByteBuffer wholePages(ByteBuf data) {
    var length = data.readableBytes();
    if (!RecordHeader.isLarge(length)
        || length % RecordHeader.ALIGNMENT != 0
        || data.nioBufferCount() != 1) {
      return null;
    }
    var bytes = data.nioBuffer();
    return bytes.isDirect() && bytes.alignmentOffset(0, RecordHeader.ALIGNMENT) == 0 ? bytes : null;
  }

  private void zero(int from, int to) {
    MemorySegment.ofBuffer(head.slice(from, to - from)).fill((byte) 0);
  }

  /** Length of the payload. */
  int length() {
    return length;
  }

  int[] checksums() {
    return checksums;
  }

  /**
   * All bytes, with that header.
   *
   * @param fileBytes length of the file: what is written there within it through the page cache
   *     ends where a page ends, in zeroes, or the kernel would have to read that page first
   */
  ByteBuffer[] of(RecordHeader header, long fileBytes) {
    header.encode(head, pages);
    if (payload != null) {
      return new ByteBuffer[] {head.duplicate(), payload.duplicate()};
    }
    var end = RecordHeader.end(header.record());
    var padded = RecordHeader.aligned(end);
    var padding = padded <= fileBytes ? padded - end : 0;
    return new ByteBuffer[] {
      head.duplicate().limit((int) (end - header.record().position() + padding))
    };
  }

  @Override
  public void close() {
    memory.buffer().release();
  }
}
