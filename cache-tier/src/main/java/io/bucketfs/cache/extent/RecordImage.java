package io.bucketfs.cache.extent;

import io.bucketfs.core.local.ExtentRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;

/**
 * A record as it is going to lie on the disk, in memory of its own: one write takes it there, past
 * the page cache where it is large.
 */
final class RecordImage implements AutoCloseable {
  private final DiskMemory memory;
  private final int length;
  private final ByteBuffer bytes;
  private final int[] checksums;

  /**
   * Copies a payload and computes its checksums.
   *
   * @param data borrowed
   */
  RecordImage(ByteBuf data, ByteBufAllocator allocator) {
    length = data.readableBytes();
    var whole = RecordHeader.recordBytes(length);
    memory = DiskMemory.allocate(allocator, whole, RecordHeader.isLarge(length));
    bytes = memory.bytes();
    checksums = new int[RecordHeader.blocks(length)];
    var head = RecordHeader.headBytes(length);
    for (var block = 0; block < checksums.length; block++) {
      var from = block * ExtentRecord.BLOCK_BYTES;
      var part = bytes.slice(head + from, Math.min(ExtentRecord.BLOCK_BYTES, length - from));
      data.getBytes(data.readerIndex() + from, part);
      checksums[block] = RecordHeader.checksum(part.flip());
    }
    zero(RecordHeader.bytes(length), head);
    zero(head + length, whole);
  }

  private void zero(int from, int to) {
    for (var at = from; at < to; at++) {
      bytes.put(at, (byte) 0);
    }
  }

  /** Length of the payload. */
  int length() {
    return length;
  }

  int[] checksums() {
    return checksums;
  }

  /** All bytes, with that header. */
  ByteBuffer of(RecordHeader header) {
    header.encode(bytes);
    return bytes.duplicate();
  }

  @Override
  public void close() {
    memory.buffer().release();
  }
}
