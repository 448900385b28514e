package io.bucketfs.cache.extent;

import io.bucketfs.cache.NativeWait;
import io.bucketfs.cache.extent.AppendStream.Identity;
import io.bucketfs.core.local.Disk;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Extent files in one directory. */
public final class ExtentFiles implements ExtentStore {
  /** The largest target size; positions are 32 bits wide on disk. */
  public static final long FILE_BYTES_MAX = 1L << 30;

  /** What part of memory for file data is for what was fetched and not read yet. */
  private static final int FRESH_PART = 4;

  /** As much as some readers are run ahead of. */
  private static final long FRESH_BYTES_MAX = 128L << 20;

  /** What part of memory for file data is for the checksums of pages: of 32 times as much data. */
  private static final int CHECKSUMS_PART = 32;

  private static final long CHECKSUMS_BYTES_MAX = 32L << 20;

  private final Execution execution;
  private final ByteBufAllocator allocator;
  private final long freshBytes;
  private final long checksumBytes;
  private final Catalog catalog;
  private final AppendStream writes;
  private final AppendStream fills;
  private final RamTier ram;
  private final FreshBlocks fresh;
  private final BlockReader reader;
  private final RecordWalk walk;
  private final Meters.Timer syncTimer;

  /**
   * Finds the files of earlier runs. Waits for the disk.
   *
   * @param allocator where blocks in memory come from
   * @throws IOException where the directory cannot be read
   */
  public ExtentFiles(
      Disk disk,
      ExtentSettings settings,
      Execution execution,
      ByteBufAllocator allocator,
      Meters meters)
      throws IOException {
    this.execution = execution;
    this.allocator = allocator;
    catalog = new Catalog(disk, execution, settings.fileBytes());
    writes = new AppendStream(Stream.WRITE, catalog, execution, settings.fileBytes());
    fills = new AppendStream(Stream.FILL, catalog, execution, settings.fileBytes());
    freshBytes = Math.min(FRESH_BYTES_MAX, settings.ramBytesMax() / FRESH_PART);
    fresh = new FreshBlocks(freshBytes);
    checksumBytes = Math.min(CHECKSUMS_BYTES_MAX, settings.ramBytesMax() / CHECKSUMS_PART);
    var ramBytes = settings.ramBytesMax() - freshBytes - checksumBytes;
    ram = new RamTier(ramBytes);
    var handles = new OpenHandles(settings.openFilesMax());
    var identity = new RecordIdentity(checksumBytes);
    var pages = new PageReader(catalog, handles, identity, allocator, ramBytes);
    reader =
        new BlockReader(
            catalog, ram, fresh, handles, identity, pages, execution, allocator, meters);
    walk = new RecordWalk(catalog, handles, execution, allocator);
    syncTimer = meters.timer("extent_sync");
    meters.gauge("cache_disk_bytes", catalog::diskBytes);
    meters.gauge("cache_spare_bytes", catalog::spareBytes);
    meters.gauge("cache_ram_bytes", () -> ram.bytes() + fresh.bytes());
  }

  private AppendStream streamOf(Stream stream) {
    return switch (stream) {
      case WRITE -> writes;
      case FILL -> fills;
    };
  }

  @Override
  public ExtentRecord append(
      Stream stream, int mount, long inode, long content, long sequence, long offset, ByteBuf data)
      throws IOException {
    requireLength(data);
    var identity = new Identity(mount, inode, content, sequence, offset);
    try (var image = new RecordImage(data, allocator)) {
      var record = streamOf(stream).append(identity, image);
      if (stream == Stream.FILL) {
        reader.keepFresh(record, data);
      }
      return record;
    }
  }

  @Override
  public @Nullable ExtentRecord appendInPlace(
      int mount, long inode, long content, long sequence, long offset, ByteBuf data)
      throws IOException {
    requireLength(data);
    var identity = new Identity(mount, inode, content, sequence, offset);
    return writes.appendInPlace(
        identity, data.readableBytes(), () -> new RecordImage(data, allocator));
  }

  private static void requireLength(ByteBuf data) {
    if (!data.isReadable() || data.readableBytes() > ExtentRecord.LENGTH_MAX) {
      throw new IllegalArgumentException("payload of " + data.readableBytes() + " bytes");
    }
  }

  @Override
  public void sync(List<ExtentRecord> records) throws IOException {
    var furthest = new TreeMap<Long, Long>();
    for (var record : records) {
      furthest.merge(record.file(), record.position(), Math::max);
    }
    for (var each : furthest.entrySet()) {
      var file = catalog.require(each.getKey());
      file.acquire();
      try {
        file.sync(each.getValue(), () -> syncNow(file));
      } finally {
        catalog.release(file);
      }
    }
  }

  private void syncNow(ExtentFile file) throws IOException {
    var begin = execution.nanoTime();
    NativeWait.run(
        execution,
        () -> {
          try {
            file.handle().sync();
          } catch (IOException e) {
            file.noteFailedSync(e);
            throw e;
          }
        });
    syncTimer.record(execution.nanoTime() - begin);
  }

  @Override
  public ByteBuf read(ExtentRecord record, int skip, int length, Patience patience)
      throws IOException {
    return reader.read(record, skip, length, patience);
  }

  @Override
  public ByteBuf readOnce(ExtentRecord record, int skip, int length) throws IOException {
    return reader.readOnce(record, skip, length);
  }

  @Override
  public void verify(ExtentRecord record) throws IOException {
    reader.verify(record);
  }

  @Override
  public List<String> strays() throws IOException {
    return NativeWait.on(execution, catalog::strays);
  }

  @Override
  public void replay(long file, long position, Consumer<Replayed> visitor) throws IOException {
    walk.replay(file, position, visitor);
  }

  @Override
  public Tail tail(Stream stream) {
    return streamOf(stream).tail();
  }

  @Override
  public List<FileInfo> files() {
    return catalog.infos();
  }

  @Override
  public void delete(long number) throws IOException {
    var file = catalog.require(number);
    if (file.open()) {
      throw new IllegalArgumentException("still takes records: " + file.name());
    }
    if (catalog.isLast(number)) {
      // The highest number must stay on the disk, so that it is never given out again.
      NativeWait.run(execution, writes::beginFile);
    }
    if (file.delete()) {
      catalog.remove(file);
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws NoSuchElementException where the file is gone
   */
  @Override
  public Pin pin(long number) {
    try {
      var file = catalog.require(number);
      file.pin();
      var closed = new AtomicBoolean();
      return () -> {
        if (closed.getAndSet(true)) {
          throw new IllegalStateException("pin closed twice");
        }
        catalog.unpin(file);
      };
    } catch (IOException e) {
      throw new NoSuchElementException("extent file " + number, e);
    }
  }

  @Override
  public long usableBytes() throws IOException {
    return catalog.usableBytes();
  }

  /** Changes what blocks in memory may take, at once. */
  public void setRamBytesMax(long bytes) {
    ram.setBytesMax(Math.max(0, bytes - freshBytes - checksumBytes));
  }

  @Override
  public long diskBytes() {
    return catalog.diskBytes();
  }

  @Override
  public long spareBytes() {
    return catalog.spareBytes();
  }

  @Override
  public void trim() throws IOException {
    NativeWait.run(execution, catalog::trim);
  }

  @Override
  public void close() throws IOException {
    writes.close();
    fills.close();
    IOException failure = null;
    for (var file : catalog.all()) {
      try {
        file.syncAll(() -> syncNow(file));
        file.close();
      } catch (IOException | UncheckedIOException e) {
        failure = failure == null ? new IOException("cannot close the extent files") : failure;
        failure.addSuppressed(e);
      }
    }
    fresh.close();
    ram.close();
    if (failure != null) {
      throw failure;
    }
  }
}
