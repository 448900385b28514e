package io.bucketfs.cache.extent;

import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.local.ExtentRecord;
import io.netty.buffer.ByteBuf;

/** The pages of a record that hold a part of it. */
record Pages(ExtentRecord record, int skip, int length) {
  private static final int PAGE_BYTES = PageChecksums.PAGE_BYTES;

  private int first() {
    return skip / PAGE_BYTES;
  }

  /** Where they begin in the file. */
  long position() {
    return RecordHeader.payloadPosition(record) + (long) first() * PAGE_BYTES;
  }

  int bytes() {
    return (int) RecordHeader.aligned(skip + length) - first() * PAGE_BYTES;
  }

  /** Where the part begins in the pages. */
  int partIndex() {
    return skip - first() * PAGE_BYTES;
  }

  /**
   * Compares what was read.
   *
   * @param index where the pages begin in the buffer
   * @param sums of all pages of the record
   */
  void requireIntact(ByteBuf buffer, int index, int... sums) throws CorruptExtentException {
    for (var at = 0; at < bytes(); at += PAGE_BYTES) {
      var page = first() + at / PAGE_BYTES;
      if (RecordHeader.checksum(buffer, index + at, PAGE_BYTES) != sums[page]) {
        throw new CorruptExtentException("page " + page + " of " + RecordIdentity.describe(record));
      }
    }
  }
}
