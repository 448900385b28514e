package io.bucketfs.cache.extent;

import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.local.Disk.ReadEnd;
import io.bucketfs.core.local.ExtentRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Reads pages of large records by themselves, for readers that want little from here and there: the
 * rest of the block would only keep the disk busy. Whoever comes to a block again while memory
 * could still have it, or comes to its start from the one before, gets the whole block into memory
 * instead.
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
    if (!isLittle(record, length)) {
      return false;
    }
    var hash = hash(record, skip);
    return visits.getAndSet(place(hash), hash) != hash && !followsOn(record, skip);
  }

  /** The same read for one that does not wait, or null where that is not wanted. Notes nothing. */
  @Nullable PageRead offer(ExtentRecord record, int skip, int length) {
    if (!isLittle(record, length) || isVisited(record, skip) || followsOn(record, skip)) {
      return null;
    }
    var sums = identity.knownPages(record);
    return sums.length == 0 ? null : new PageRead(this, new Pages(record, skip, length), sums);
  }

  private static boolean isLittle(ExtentRecord record, int length) {
    return length <= BYTES_MAX && RecordHeader.pages(record.length()) > 0;
  }

  private boolean isVisited(ExtentRecord record, int skip) {
    var hash = hash(record, skip);
    return visits.get(place(hash)) == hash;
  }

  /** Whether it is the start of a block, and the one before was visited. */
  private boolean followsOn(ExtentRecord record, int skip) {
    return skip > 0 && skip % ExtentRecord.BLOCK_BYTES == 0 && isVisited(record, skip - 1);
  }

  private static long hash(ExtentRecord record, int skip) {
    var block = record.position() + skip / ExtentRecord.BLOCK_BYTES;
    return mixed(record.file() << Integer.SIZE ^ block);
  }

  private int place(long hash) {
    return (int) hash & (visits.length() - 1);
  }

  DiskMemory allocate(Pages pages) {
    return DiskMemory.allocate(allocator, pages.bytes(), true);
  }

  /**
   * Begins a read, without waiting, and notes it. The file stays until {@link #ended}.
   *
   * @return false where it cannot be begun; nothing happens then
   */
  boolean begin(Pages pages, DiskMemory memory, ReadEnd end) {
    var file = catalog.find(pages.record().file());
    var handle = file == null ? null : file.acquireOpen();
    if (file == null || handle == null) {
      return false;
    }
    if (!handle.beginRead(pages.position(), memory.bytes(), end)) {
      catalog.release(file);
      return false;
    }
    handles.touch(file);
    var hash = hash(pages.record(), pages.skip());
    visits.set(place(hash), hash);
    return true;
  }

  /** Lets go of the file of a read that was begun. */
  void ended(Pages pages) {
    var file = catalog.find(pages.record().file());
    if (file != null) {
      catalog.release(file);
    }
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
      var pages = new Pages(record, skip, length);
      var buffer = allocator.directBuffer(pages.bytes(), pages.bytes());
      var done = false;
      try {
        if (handle.read(pages.position(), buffer.nioBuffer(0, pages.bytes())) < pages.bytes()) {
          throw new CorruptExtentException("cut short: " + RecordIdentity.describe(record));
        }
        pages.requireIntact(buffer, 0, sums);
        done = true;
      } finally {
        if (!done) {
          buffer.release();
        }
      }
      handle.prepareReads();
      return buffer.setIndex(pages.partIndex(), pages.partIndex() + length);
    } finally {
      catalog.release(file);
    }
  }
}
