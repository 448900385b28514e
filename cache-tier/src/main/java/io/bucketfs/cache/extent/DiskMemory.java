package io.bucketfs.cache.extent;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;

/**
 * Memory for what goes to or comes from the disk: a part of a buffer, aligned where it is to pass
 * by the page cache.
 */
record DiskMemory(ByteBuf buffer, int start, int length) {
  static DiskMemory allocate(ByteBufAllocator allocator, int length, boolean aligned) {
    if (!aligned) {
      return new DiskMemory(allocator.directBuffer(length), 0, length);
    }
    var buffer = allocator.directBuffer(length + RecordHeader.ALIGNMENT);
    var past = buffer.nioBuffer(0, 1).alignmentOffset(0, RecordHeader.ALIGNMENT);
    return new DiskMemory(buffer, Math.floorMod(-past, RecordHeader.ALIGNMENT), length);
  }

  ByteBuffer bytes() {
    return buffer.nioBuffer(start, length);
  }
}
