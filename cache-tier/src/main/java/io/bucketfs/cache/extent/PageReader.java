package io.bucketfs.cache.extent;

import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.local.ExtentRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Reads pages of large records by themselves, for readers that want little from here and there: the
 * rest of the block would only keep the disk busy. Whoever comes to a block again while memory
 * could still have it, or reads it from its start, gets the whole block into memory instead.
 */
final class PageReader {
  /** More of a block is read as a block. */
  private static final int BYTES_MAX = ExtentRecord.BLOCK_BYTES / 4;

  private static final int VISITS_MIN = 1 << 6;
  private static final int VISITS_MAX = 1 << 24;

  private final Catalog catalog;
  private final OpenHandles handles;
  private final RecordIdentity identity;
  private final ByteBufAllocator allocator;

  /** Blocks that were visited, at the low bits of their hash; the last of those there. */
  private final AtomicLongArray visits;

  /**
   * @param ramBytes what blocks in memory may take
   */
  PageReader(
      Catalog catalog,
      OpenHandles handles,
      RecordIdentity identity,
      ByteBufAllocator allocator,
      long ramBytes) {
    this.catalog = catalog;
    this.handles = handles;
    this.identity = identity;
    this.allocator = allocator;
    var blocks = Math.clamp(ramBytes / ExtentRecord.BLOCK_BYTES, VISITS_MIN, VISITS_MAX);
    visits = new AtomicLongArray(Integer.highestOneBit(blocks));
  }

  /** Whether a part of a block that memory does not have is better read by itself. Notes it. */
  boolean wants(ExtentRecord record, int skip, int length) {
    if (length > BYTES_MAX
        || skip % ExtentRecord.BLOCK_BYTES == 0
        || RecordHeader.pages(record.length()) == 0) {
      return false;
    }
    var block = record.position() + skip / ExtentRecord.BLOCK_BYTES;
    var hash = mixed(record.file() << Integer.SIZE ^ block);
    var at = (int) hash & (visits.length() - 1);
    return visits.getAndSet(at, hash) != hash;
  }

  /** One to one, so that no two blocks are taken for each other (the end of MurmurHash3). */
  private static long mixed(long key) {
    var hash = (key ^ key >>> 33) * 0xff51afd7ed558ccdL;
    hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
    return hash ^ hash >>> 33;
  }

  /** Reads a part of a record, or returns null where its pages cannot be. Waits for the disk. */
  @Nullable ByteBuf read(ExtentRecord record, int skip, int length) throws IOException {
    var file = catalog.require(record.file());
    file.acquire();
    try {
      var handle = handles.of(file);
      var sums = identity.pages(record, handle);
      if (sums.length == 0) {
        return null;
      }
      var first = skip / PageChecksums.PAGE_BYTES;
      var begin = first * PageChecksums.PAGE_BYTES;
      var bytes = (int) RecordHeader.aligned(skip + length) - begin;
      var buffer = allocator.directBuffer(bytes, bytes);
      var done = false;
      try {
        var target = buffer.nioBuffer(0, bytes);
        if (handle.read(RecordHeader.payloadPosition(record) + begin, target) < bytes) {
          throw new CorruptExtentException("cut short: " + RecordIdentity.describe(record));
        }
        for (var at = 0; at < bytes; at += PageChecksums.PAGE_BYTES) {
          var page = first + at / PageChecksums.PAGE_BYTES;
          if (RecordHeader.checksum(buffer, at, PageChecksums.PAGE_BYTES) != sums[page]) {
            throw new CorruptExtentException(
                "page " + page + " of " + RecordIdentity.describe(record));
          }
        }
        done = true;
      } finally {
        if (!done) {
          buffer.release();
        }
      }
      return buffer.setIndex(skip - begin, skip - begin + length);
    } finally {
      catalog.release(file);
    }
  }
}
