package io.bucketfs.cache.metadata;

import io.bucketfs.cache.NativeWait;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.StampedLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.ReadOptions;
import org.rocksdb.ReadTier;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * One RocksDB, with a column family for each {@link Family}.
 *
 * <p>Each call holds the store open by a read lock; {@link #close} takes the write lock for good,
 * since native memory must not be touched after it was freed.
 */
public final class RocksMetadataStore implements KeyValueStore {
  /** How old a figure of {@link #diskBytes} may be. */
  private static final long DISK_BYTES_AGE_NANOS = 500_000_000;

  private final Path directory;
  private final Execution execution;
  private final RocksFamilies rocks;
  private final ReadOptions readAnywhere;
  private final ReadOptions readMemory;
  private final WriteOptions writeSynced;
  private final WriteOptions writeUnsynced;

  /** Read-locked by every call, write-locked for ever by close. */
  private final StampedLock open = new StampedLock();

  private final AtomicBoolean closing = new AtomicBoolean();
  private final AtomicReference<@Nullable Measured> measured = new AtomicReference<>();

  /**
   * Opens or creates the store. Waits for the disk.
   *
   * @param blockCacheBytes memory for blocks, indexes and filters of the disk, and for new writes
   */
  public RocksMetadataStore(Path directory, long blockCacheBytes, Execution execution)
      throws IOException {
    this(directory, blockCacheBytes, execution, _ -> {});
  }

  /**
   * Opens or creates the store, with other options.
   *
   * @param tuning changes the options before the store is opened
   */
  RocksMetadataStore(
      Path directory, long blockCacheBytes, Execution execution, Consumer<DBOptions> tuning)
      throws IOException {
    this.directory = directory;
    this.execution = execution;
    rocks = NativeWait.on(execution, () -> new RocksFamilies(directory, blockCacheBytes, tuning));
    readAnywhere = new ReadOptions();
    readMemory = new ReadOptions().setReadTier(ReadTier.BLOCK_CACHE_TIER);
    writeSynced = new WriteOptions().setSync(true);
    writeUnsynced = new WriteOptions();
  }

  private record Measured(long bytes, long atNanos) {}

  @Override
  public byte @Nullable [] get(Family family, byte[] key) throws IOException {
    return inNative(
            () -> Optional.ofNullable(rocks.database().get(rocks.of(family), readAnywhere, key)))
        .orElse(null);
  }

  @Override
  public byte @Nullable [] getFromMemory(Family family, byte[] key) {
    var stamp = open.tryReadLock();
    if (stamp == 0) {
      throw WouldBlock.INSTANCE;
    }
    try {
      return rocks.database().get(rocks.of(family), readMemory, key);
    } catch (RocksDBException e) {
      // Incomplete: only the disk knows. Any other failure is for the thread that asks the disk.
      throw WouldBlock.INSTANCE;
    } finally {
      open.unlockRead(stamp);
    }
  }

  @Override
  public List<Entry> scan(Family family, byte[] from, byte @Nullable [] to, int max)
      throws IOException {
    return inNative(() -> {
      try (var end = to == null ? null : new Slice(to);
          var options = new ReadOptions()) {
        if (end != null) {
          options.setIterateUpperBound(end);
        }
        try (var iterator = rocks.database().newIterator(rocks.of(family), options)) {
          return entries(iterator, from, max);
        }
      }
    });
  }

  private static List<Entry> entries(RocksIterator iterator, byte[] from, int max)
      throws RocksDBException {
    var entries = new ArrayList<Entry>();
    iterator.seek(from);
    while (entries.size() < max && iterator.isValid()) {
      entries.add(new Entry(iterator.key(), iterator.value()));
      iterator.next();
    }
    iterator.status();
    return entries;
  }

  @Override
  public @Nullable Entry floor(Family family, byte[] from, byte[] at) throws IOException {
    return inNative(
            () -> {
              try (var begin = new Slice(from);
                  var options = new ReadOptions().setIterateLowerBound(begin);
                  var iterator = rocks.database().newIterator(rocks.of(family), options)) {
                iterator.seekForPrev(at);
                iterator.status();
                return iterator.isValid() && Arrays.compareUnsigned(iterator.key(), from) >= 0
                    ? Optional.of(new Entry(iterator.key(), iterator.value()))
                    : Optional.<Entry>empty();
              }
            })
        .orElse(null);
  }

  @Override
  public void write(List<Change> batch, boolean sync) throws IOException {
    inNative(() -> {
      try (var changes = new WriteBatch()) {
        for (var change : batch) {
          add(change, changes);
        }
        rocks.database().write(sync ? writeSynced : writeUnsynced, changes);
        return true;
      }
    });
  }

  private void add(Change change, WriteBatch changes) throws RocksDBException {
    switch (change) {
      case Change.Put put -> changes.put(rocks.of(put.family()), put.key(), put.value());
      case Change.Delete delete -> changes.delete(rocks.of(delete.family()), delete.key());
      case Change.DeleteRange range -> {
        if (Arrays.compareUnsigned(range.from(), range.to()) < 0) {
          changes.deleteRange(rocks.of(range.family()), range.from(), range.to());
        }
      }
    }
  }

  /** Moves what the log holds of a family into table files. */
  void flush(Family family) throws IOException {
    inNative(() -> {
      try (var options = new FlushOptions().setWaitForFlush(true)) {
        rocks.database().flush(options, rocks.of(family));
        return true;
      }
    });
  }

  @Override
  public long diskBytes() {
    var now = execution.nanoTime();
    var last = measured.get();
    if (last == null || now - last.atNanos > DISK_BYTES_AGE_NANOS) {
      last = new Measured(sumOfFiles(), now);
      measured.set(last);
    }
    return last.bytes;
  }

  private long sumOfFiles() {
    var files = directory.toFile().listFiles();
    return files == null ? 0 : Arrays.stream(files).mapToLong(File::length).sum();
  }

  /** Waits for the calls that are on their way, makes everything durable, frees native memory. */
  @Override
  public void close() {
    if (closing.getAndSet(true)) {
      return;
    }
    try {
      NativeWait.run(execution, this::closeNow);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void closeNow() throws IOException {
    open.writeLock();
    try (rocks;
        readAnywhere;
        readMemory;
        writeSynced;
        writeUnsynced) {
      rocks.sync();
    }
  }

  private <T> T inNative(Callable<T> work) throws IOException {
    return NativeWait.on(
        execution,
        () -> {
          var stamp = open.tryReadLock();
          if (stamp == 0) {
            throw new IOException("the metadata store is closed");
          }
          try {
            return work.call();
          } catch (RocksDBException e) {
            throw new IOException("metadata store: " + e.getMessage(), e);
          } finally {
            open.unlockRead(stamp);
          }
        });
  }
}
