package io.bucketfs.cache.metadata;

import io.bucketfs.cache.NativeWait;
import io.bucketfs.cache.metadata.RocksFamilies.Opening;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
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
import org.rocksdb.LogFile;
import org.rocksdb.ReadOptions;
import org.rocksdb.ReadTier;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One RocksDB, with a column family for each {@link Family}.
 *
 * <p>Each call holds the store open by a read lock; {@link #close} takes the write lock for good,
 * since native memory must not be touched after it was freed.
 */
public final class RocksMetadataStore implements KeyValueStore {
  private static final Logger LOG = LoggerFactory.getLogger(RocksMetadataStore.class);

  /** How old a figure of {@link #diskBytes} may be. */
  private static final long DISK_BYTES_AGE_NANOS = 500_000_000;

  /** A checkpoint is made this often where anything changed. */
  private static final Duration CHECKPOINT_EVERY = Duration.ofMinutes(10);

  /** A checkpoint is made once so much was logged since the last one, however soon. */
  private static final long CHECKPOINT_LOG_BYTES = 128L << 20;

  private final MetadataFiles files;
  private final Execution execution;
  private final RocksFamilies rocks;
  private final ReadOptions readAnywhere;
  private final ReadOptions readMemory;
  private final WriteOptions writeSynced;
  private final WriteOptions writeUnsynced;

  /** Read-locked by every call, write-locked for ever by close. */
  private final StampedLock open = new StampedLock();

  /** When there was the last checkpoint, or the store was opened; used by one thread. */
  private long checkpointed;

  private long checkpointSequence;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final AtomicReference<@Nullable Measured> measured = new AtomicReference<>();

  /**
   * Opens the store. Waits for the disk.
   *
   * @param create whether it is new, and made; a store that is not there is damaged otherwise
   * @param blockCacheBytes memory for blocks, indexes and filters of the disk, and for new writes
   * @throws DamagedMetadataException where files are missing or wrong
   */
  public RocksMetadataStore(
      MetadataFiles files, boolean create, long blockCacheBytes, Execution execution)
      throws IOException {
    this(files, create ? Opening.CREATE : Opening.EXISTING, blockCacheBytes, execution, _ -> {});
  }

  /**
   * Opens the store, with other options.
   *
   * @param tuning changes the options before the store is opened
   */
  RocksMetadataStore(
      MetadataFiles files,
      Opening opening,
      long blockCacheBytes,
      Execution execution,
      Consumer<DBOptions> tuning)
      throws IOException {
    this.files = files;
    this.execution = execution;
    checkpointed = execution.nanoTime();
    if (opening == Opening.CREATE) {
      files.create();
    } else if (!files.exist()) {
      throw new DamagedMetadataException(files.metadata(), "the file CURRENT is missing");
    }
    rocks =
        NativeWait.on(
            execution, () -> new RocksFamilies(files.metadata(), opening, blockCacheBytes, tuning));
    readAnywhere = new ReadOptions();
    readMemory = new ReadOptions().setReadTier(ReadTier.BLOCK_CACHE_TIER);
    writeSynced = new WriteOptions().setSync(true);
    writeUnsynced = new WriteOptions();
  }

  /**
   * Opens a store up to where its log is damaged, and gives up what comes after.
   *
   * @throws DamagedMetadataException where other files are missing or wrong
   */
  static RocksMetadataStore openUpToDamage(
      MetadataFiles files, long blockCacheBytes, Execution execution) throws IOException {
    return new RocksMetadataStore(files, Opening.UP_TO_DAMAGE, blockCacheBytes, execution, _ -> {});
  }

  /** How many changes were ever written. */
  long sequence() throws IOException {
    return inNative(rocks.database()::getLatestSequenceNumber);
  }

  /** Whether the log files that are there follow each other without a gap, up to now. */
  boolean isLogWhole() throws IOException {
    return inNative(() -> {
      var logs = rocks.database().getSortedWalFiles();
      var first = logs.stream().mapToLong(LogFile::startSequence).filter(n -> n > 0).min();
      return first.isEmpty() || isLogWhole(first.getAsLong());
    });
  }

  private boolean isLogWhole(long first) throws RocksDBException {
    var next = first;
    try (var updates = rocks.database().getUpdatesSince(first)) {
      while (updates.isValid()) {
        var update = updates.getBatch();
        try (var batch = update.writeBatch()) {
          if (update.sequenceNumber() != next) {
            return false;
          }
          next += batch.count();
        }
        updates.next();
      }
      updates.status();
    } catch (RocksDBException e) {
      LOG.debug("The log cannot be read as a whole", e);
      return false;
    }
    return next == rocks.database().getLatestSequenceNumber() + 1;
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
      try {
        last = new Measured(files.diskBytes(), now);
        measured.set(last);
      } catch (IOException | UncheckedIOException e) {
        LOG.debug("A checkpoint was removed while its files were counted", e);
      }
    }
    return last == null ? 0 : last.bytes;
  }

  /**
   * Makes a checkpoint where it is time for one. To be called every few seconds, by one thread.
   *
   * @throws IOException where it cannot be made; what there is stays
   */
  public void checkpoint() throws IOException {
    var changed = sequence() != checkpointSequence;
    var old = execution.nanoTime() - checkpointed >= CHECKPOINT_EVERY.toNanos();
    if ((old && changed) || files.loggedBytes() >= CHECKPOINT_LOG_BYTES || !files.areCurrent()) {
      takeCheckpoint();
    }
  }

  /** Makes a checkpoint now. */
  void takeCheckpoint() throws IOException {
    checkpointSequence =
        inNative(() -> {
          var sequence = rocks.database().getLatestSequenceNumber();
          files.take(rocks.database());
          return sequence;
        });
    checkpointed = execution.nanoTime();
  }

  /**
   * Reads all files and compares them with their checksums.
   *
   * @throws DamagedMetadataException where one is wrong
   */
  public void verify() throws IOException {
    inNative(() -> {
      rocks.database().verifyChecksum();
      return true;
    });
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
            throw RocksFamilies.isDamage(e)
                ? new DamagedMetadataException(files.metadata(), e)
                : new IOException("metadata store: " + e.getMessage(), e);
          } finally {
            open.unlockRead(stamp);
          }
        });
  }
}
