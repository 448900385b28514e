package io.bucketfs.cache.extent;

import io.bucketfs.cache.NativeWait;
import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Reads records, from the RAM tier or the disk.
 *
 * <p>A read takes every block that memory has, then loads what is missing: neighbouring blocks in
 * one pread, each block by one of its readers only. A reader first loads and announces the blocks
 * that it claimed, then waits for those of others, so that two readers never wait for each other.
 */
final class BlockReader {
  private static final int BLOCK_BYTES = ExtentRecord.BLOCK_BYTES;

  private final Catalog catalog;
  private final RamTier ram;
  private final FreshBlocks fresh;
  private final Execution execution;
  private final ByteBufAllocator allocator;
  private final OpenHandles handles;
  private final RecordIdentity identity;
  private final PageReader pages;
  private final Meters.Counter ramBytes;
  private final Meters.Counter diskBytes;
  private final ConcurrentMap<RamTier.Key, CompletableFuture<Boolean>> loads =
      new ConcurrentHashMap<>();

  BlockReader(
      Catalog catalog,
      RamTier ram,
      FreshBlocks fresh,
      OpenHandles handles,
      RecordIdentity identity,
      PageReader pages,
      Execution execution,
      ByteBufAllocator allocator,
      Meters meters) {
    this.catalog = catalog;
    this.ram = ram;
    this.fresh = fresh;
    this.handles = handles;
    this.identity = identity;
    this.pages = pages;
    this.execution = execution;
    this.allocator = allocator;
    ramBytes = meters.counter("cache_read_bytes", "tier", "ram");
    diskBytes = meters.counter("cache_read_bytes", "tier", "disk");
  }

  /** A part of a record, by its blocks. */
  private record Span(ExtentRecord record, int skip, int length) {
    int firstBlock() {
      return skip / BLOCK_BYTES;
    }

    int blocks() {
      return (skip + length - 1) / BLOCK_BYTES - firstBlock() + 1;
    }

    RamTier.Key key(int index) {
      return new RamTier.Key(record, firstBlock() + index);
    }

    /** Where the span begins in its block of that index. */
    int from(int index) {
      return index == 0 ? skip % BLOCK_BYTES : 0;
    }

    /** How much of its block of that index the span wants. */
    int lengthIn(int index) {
      var blockBegin = (firstBlock() + index) * BLOCK_BYTES;
      var begin = blockBegin + from(index);
      return Math.min(blockBegin + BLOCK_BYTES, skip + length) - begin;
    }
  }

  /** See {@link io.bucketfs.core.local.ExtentStore#read}. */
  ByteBuf read(ExtentRecord record, int skip, int length, Patience patience) throws IOException {
    return read(record, skip, length, patience, true);
  }

  /** See {@link io.bucketfs.core.local.ExtentStore#readOnce}. */
  ByteBuf readOnce(ExtentRecord record, int skip, int length) throws IOException {
    return read(record, skip, length, Patience.FOREVER, false);
  }

  private ByteBuf read(ExtentRecord record, int skip, int length, Patience patience, boolean isKept)
      throws IOException {
    if (skip < 0 || length < 1 || skip > record.length() - length) {
      throw new IllegalArgumentException(skip + "+" + length + " of " + record.length());
    }
    var span = new Span(record, skip, length);
    if (patience.read() instanceof PageRead page) {
      var bytes = page.take(new Pages(record, skip, length));
      if (bytes != null) {
        diskBytes.add(length);
        return bytes;
      }
    }
    // Slices of the span's blocks, in order. Where one pread brought several blocks, the first of
    // them has all their bytes and the others are empty.
    @Nullable ByteBuf[] parts = new @Nullable ByteBuf[span.blocks()];
    var complete = false;
    try {
      takeFromMemory(span, parts, patience);
      var missing = new boolean[parts.length];
      var whole = true;
      for (var i = 0; i < parts.length; i++) {
        missing[i] = parts[i] == null;
        whole &= !missing[i];
      }
      if (!whole && isKept) {
        if (parts.length > 1 || !loadPages(span, parts)) {
          load(span, parts, patience);
        }
      } else if (!whole) {
        loadRuns(span, parts, false, missing);
      }
      complete = true;
    } finally {
      if (!complete) {
        release(parts);
      }
    }
    return joined(parts);
  }

  private static void release(@Nullable ByteBuf[] parts) {
    for (var part : parts) {
      if (part != null) {
        part.release();
      }
    }
  }

  private void takeFromMemory(Span span, @Nullable ByteBuf[] parts, Patience patience) {
    var taken = 0;
    for (var i = 0; i < parts.length; i++) {
      parts[i] = fromMemory(span, i);
      if (parts[i] != null) {
        taken += span.lengthIn(i);
      } else if (!patience.mayUseDisk()) {
        throw onDisk(span, patience);
      }
    }
    ramBytes.add(taken);
  }

  /** What one hears who does not wait. */
  private WouldBlock onDisk(Span span, Patience patience) {
    var read =
        span.blocks() > 1 || patience.read() != null
            ? null
            : pages.offer(span.record(), span.skip(), span.length());
    return read == null ? WouldBlock.ON_DISK : WouldBlock.forRead(read);
  }

  private @Nullable ByteBuf fromMemory(Span span, int index) {
    var key = span.key(index);
    var part = ram.get(key, span.from(index), span.lengthIn(index));
    if (part != null) {
      return part;
    }
    var block = fresh.take(key);
    if (block == null) {
      return null;
    }
    // As if it had come from the disk now.
    part = block.retainedSlice(span.from(index), span.lengthIn(index));
    ram.put(key, block);
    return part;
  }

  /** Keeps what was just appended for its first readers. */
  void keepFresh(ExtentRecord record, ByteBuf data) {
    for (var at = 0; at < record.length(); at += BLOCK_BYTES) {
      var length = Math.min(BLOCK_BYTES, record.length() - at);
      var block = ram.allocator().directBuffer(length, length);
      data.getBytes(data.readerIndex() + at, block, length);
      fresh.put(new RamTier.Key(record, at / BLOCK_BYTES), block);
    }
  }

  /** Reads what is wanted of a block, and no more, where that is better. */
  private boolean loadPages(Span span, @Nullable ByteBuf[] parts) throws IOException {
    if (!pages.wants(span.record(), span.skip(), span.length())) {
      return false;
    }
    NativeWait.run(
        execution, () -> parts[0] = pages.read(span.record(), span.skip(), span.length()));
    if (parts[0] == null) {
      return false;
    }
    diskBytes.add(span.length());
    return true;
  }

  private void load(Span span, @Nullable ByteBuf[] parts, Patience patience) throws IOException {
    var announcement = new CompletableFuture<Boolean>();
    @Nullable CompletableFuture<?>[] others = new @Nullable CompletableFuture<?>[parts.length];
    var mine = new boolean[parts.length];
    try {
      for (var i = 0; i < parts.length; i++) {
        if (parts[i] == null) {
          others[i] = loads.putIfAbsent(span.key(i), announcement);
          mine[i] = others[i] == null;
          if (!mine[i]) {
            patience.requireWaiting();
          }
        }
      }
      loadRuns(span, parts, true, mine);
    } finally {
      for (var i = 0; i < parts.length; i++) {
        if (mine[i]) {
          loads.remove(span.key(i), announcement);
        }
      }
      announcement.complete(true);
    }
    for (var i = 0; i < parts.length; i++) {
      var other = others[i];
      if (other != null) {
        parts[i] = afterOther(span, i, other);
      }
    }
  }

  private ByteBuf afterOther(Span span, int index, CompletableFuture<?> other) throws IOException {
    awaitOther(other);
    var part = ram.get(span.key(index), span.from(index), span.lengthIn(index));
    if (part != null) {
      ramBytes.add(part.readableBytes());
      return part;
    }
    // The other one failed, or memory is too small to keep the block.
    return loadRun(span, index, index, true);
  }

  private void awaitOther(CompletableFuture<?> other) throws IOException {
    try {
      execution.await(other, Patience.FOREVER);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      var interrupted = new InterruptedIOException("interrupted while a block was read");
      interrupted.initCause(e);
      throw interrupted;
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException(e);
    }
  }

  private void loadRuns(Span span, @Nullable ByteBuf[] parts, boolean isKept, boolean... mine)
      throws IOException {
    for (var first = 0; first < parts.length; first++) {
      if (!mine[first]) {
        continue;
      }
      var last = first;
      while (last + 1 < parts.length && mine[last + 1]) {
        last++;
      }
      parts[first] = loadRun(span, first, last, isKept);
      Arrays.fill(parts, first + 1, last + 1, Unpooled.EMPTY_BUFFER);
      first = last;
    }
  }

  /** Reads neighbouring blocks, and returns what the span wants of them. */
  private ByteBuf loadRun(Span span, int first, int last, boolean isKept) throws IOException {
    var record = span.record();
    var begin = (span.firstBlock() + first) * BLOCK_BYTES;
    var end = Math.min((span.firstBlock() + last + 1) * BLOCK_BYTES, record.length());
    // A single block is kept as it is.
    var memory = isKept && first == last ? ram.allocator() : allocator;
    var run = Run.of(record, begin, end - begin, memory);
    var done = false;
    try {
      NativeWait.run(execution, () -> readChecked(run, isKept));
      done = true;
    } finally {
      if (!done) {
        run.memory.buffer().release();
      }
    }
    diskBytes.add(run.length);
    var from = first == 0 ? span.skip() - begin : 0;
    var until = Math.min(end, span.skip() + span.length()) - begin;
    return run.memory.buffer().setIndex(run.index() + from, run.index() + until);
  }

  /**
   * Neighbouring blocks of a record.
   *
   * @param headBytes what of the record's head is read with them, for a large record's first blocks
   */
  private record Run(ExtentRecord record, int begin, int length, int headBytes, DiskMemory memory) {
    static Run of(ExtentRecord record, int begin, int length, ByteBufAllocator allocator) {
      if (!RecordHeader.isLarge(record.length()) || !RecordHeader.isLarge(length)) {
        return new Run(record, begin, length, 0, DiskMemory.allocate(allocator, length, false));
      }
      var head = begin == 0 ? RecordHeader.headBytes(record.length()) : 0;
      // A large record ends at a page as well.
      var whole = (int) RecordHeader.aligned(head + length);
      return new Run(record, begin, length, head, DiskMemory.allocate(allocator, whole, true));
    }

    /** Where the blocks begin in the buffer. */
    int index() {
      return memory.start() + headBytes;
    }
  }

  /** See {@link io.bucketfs.core.local.ExtentStore#verify}. */
  void verify(ExtentRecord record) throws IOException {
    NativeWait.run(execution, () -> verifyNow(record));
  }

  private void verifyNow(ExtentRecord record) throws IOException {
    var file = catalog.require(record.file());
    file.acquire();
    try {
      var handle = handles.of(file);
      identity.requireNow(record, handle);
      var bytes = allocator.directBuffer(record.length(), record.length());
      try {
        var target = bytes.nioBuffer(0, record.length());
        if (handle.read(RecordHeader.payloadPosition(record), target) < record.length()) {
          throw new CorruptExtentException("cut short: " + RecordIdentity.describe(record));
        }
        for (var block = 0; block < record.checksums().length; block++) {
          var at = block * BLOCK_BYTES;
          requireBlock(record, block, bytes, at, Math.min(BLOCK_BYTES, record.length() - at));
        }
      } finally {
        bytes.release();
      }
    } finally {
      catalog.release(file);
    }
  }

  private static void requireBlock(
      ExtentRecord record, int block, ByteBuf bytes, int index, int length) throws IOException {
    if (RecordHeader.checksum(bytes, index, length) != record.checksums()[block]) {
      throw new CorruptExtentException("block " + block + " of " + RecordIdentity.describe(record));
    }
  }

  private void readChecked(Run run, boolean isKept) throws IOException {
    var record = run.record;
    var file = catalog.require(record.file());
    file.acquire();
    try {
      var handle = handles.of(file);
      if (run.headBytes == 0) {
        identity.require(record, handle);
      }
      var bytes = run.memory.bytes();
      var read =
          handle.read(RecordHeader.payloadPosition(record) + run.begin - run.headBytes, bytes);
      if (read < run.headBytes + run.length) {
        throw new CorruptExtentException("cut short: " + RecordIdentity.describe(record));
      }
      if (run.headBytes > 0) {
        identity.require(record, bytes.rewind());
      }
      checkBlocks(run);
      if (isKept) {
        keepBlocks(run);
      }
    } finally {
      catalog.release(file);
    }
  }

  private static void checkBlocks(Run run) throws IOException {
    var buffer = run.memory.buffer();
    for (var at = 0; at < run.length; at += BLOCK_BYTES) {
      var length = Math.min(BLOCK_BYTES, run.length - at);
      var block = (run.begin + at) / BLOCK_BYTES;
      requireBlock(run.record, block, buffer, run.index() + at, length);
    }
  }

  private void keepBlocks(Run run) {
    var buffer = run.memory.buffer();
    for (var at = 0; at < run.length; at += BLOCK_BYTES) {
      var block = (run.begin + at) / BLOCK_BYTES;
      var length = Math.min(BLOCK_BYTES, run.length - at);
      var index = run.index() + at;
      var key = new RamTier.Key(run.record, block);
      if (length == run.length) {
        ram.put(key, buffer.retainedSlice(index, length));
      } else {
        // A copy: a slice would keep the whole run in memory for as long as one block of it.
        ram.put(
            key, ram.allocator().directBuffer(length, length).writeBytes(buffer, index, length));
      }
    }
  }

  /** Whether the first part has all bytes. */
  private static boolean isAll(@Nullable ByteBuf... parts) {
    for (var i = 1; i < parts.length; i++) {
      if (!Unpooled.EMPTY_BUFFER.equals(parts[i])) {
        return false;
      }
    }
    return true;
  }

  private ByteBuf joined(@Nullable ByteBuf[] parts) {
    var first = parts[0];
    if (first != null && isAll(parts)) {
      return first;
    }
    var whole = allocator.compositeDirectBuffer(parts.length);
    for (var part : parts) {
      if (part != null) {
        whole.addFlattenedComponents(true, part);
      }
    }
    return whole;
  }
}
