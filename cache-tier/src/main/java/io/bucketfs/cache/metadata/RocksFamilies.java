package io.bucketfs.cache.metadata;

import io.bucketfs.core.local.Family;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.IndexType;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBufferManager;

/**
 * A RocksDB with its column families and everything native that they need, freed in order.
 *
 * <p>Memory: blocks, indexes, filters and write buffers are all counted in one cache. The log
 * refuses to skip records in the middle, and log files are not recycled, since an old record in a
 * recycled file could look like a new one.
 */
final class RocksFamilies implements AutoCloseable {
  private static final long WRITE_BUFFER_BYTES_MAX = 32L << 20;
  private static final long FAMILY_WRITE_BUFFER_BYTES = 8L << 20;
  private static final long ARENA_BLOCK_BYTES = 256L << 10;
  private static final long LOG_BYTES_MAX = 64L << 20;

  /** Log files are kept after their use, until {@link MetadataFiles} removes them. */
  private static final long LOG_KEPT_SECONDS = Duration.ofDays(3650).toSeconds();

  private static final long BLOCK_BYTES = 8L << 10;
  private static final long INFO_LOG_BYTES_MAX = 1L << 20;
  private static final int INFO_LOGS_MAX = 3;
  private static final int OPEN_FILES_MAX = 512;
  private static final int BLOOM_BITS_PER_KEY = 10;
  private static final double INDEX_SHARE_OF_CACHE = 0.5;
  private static final int CACHE_SHARD_BITS = 4;

  static {
    RocksDB.loadLibrary();
  }

  private final Cache cache;
  private final WriteBufferManager writeBuffers;
  private final BloomFilter filter = new BloomFilter(BLOOM_BITS_PER_KEY);
  private final DBOptions databaseOptions;
  private final ColumnFamilyOptions familyOptions;
  private final List<ColumnFamilyHandle> handles = new ArrayList<>();
  private final Map<Family, ColumnFamilyHandle> byFamily = new EnumMap<>(Family.class);
  private final RocksDB database;

  /** How a store is opened. */
  enum Opening {
    /** It is new, and made. */
    CREATE(true, WALRecoveryMode.TolerateCorruptedTailRecords),
    /** It is there, and whole. */
    EXISTING(false, WALRecoveryMode.TolerateCorruptedTailRecords),
    /** It is there; what its log holds after the first damage is given up. */
    UP_TO_DAMAGE(false, WALRecoveryMode.PointInTimeRecovery);

    private final boolean create;
    private final WALRecoveryMode recovery;

    Opening(boolean create, WALRecoveryMode recovery) {
      this.create = create;
      this.recovery = recovery;
    }
  }

  RocksFamilies(Path directory, Opening opening, long cacheBytes, Consumer<DBOptions> tuning)
      throws IOException {
    cache = new LRUCache(cacheBytes, CACHE_SHARD_BITS, false, INDEX_SHARE_OF_CACHE);
    writeBuffers = new WriteBufferManager(Math.min(WRITE_BUFFER_BYTES_MAX, cacheBytes / 2), cache);
    databaseOptions = databaseOptions(opening);
    tuning.accept(databaseOptions);
    familyOptions = familyOptions();
    var families = Family.values();
    var descriptors = new ArrayList<ColumnFamilyDescriptor>();
    descriptors.add(new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, familyOptions));
    for (var family : families) {
      var name = family.name().toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
      descriptors.add(new ColumnFamilyDescriptor(name, familyOptions));
    }
    try {
      database = RocksDB.open(databaseOptions, directory.toString(), descriptors, handles);
    } catch (RocksDBException e) {
      closeOptions();
      throw isDamage(e)
          ? new DamagedMetadataException(directory, e)
          : new IOException("cannot open the metadata store in " + directory, e);
    }
    for (var i = 0; i < families.length; i++) {
      byFamily.put(families[i], handles.get(i + 1));
    }
  }

  /** Whether files of the store are missing or wrong, which asking again does not mend. */
  static boolean isDamage(RocksDBException e) {
    var status = e.getStatus();
    if (status == null) {
      return false;
    }
    return switch (status.getCode()) {
      case Corruption, NotFound -> true;
      // Of a store that is not there and is not to be made, and of one of which a file is gone.
      case InvalidArgument, IOError -> {
        var state = String.valueOf(status.getState());
        yield state.contains("does not exist") || state.contains("No such file");
      }
      default -> false;
    };
  }

  /** Names of the families in a store that nobody has open. */
  static List<String> namesIn(Path directory) throws IOException {
    try (var options = new Options()) {
      return RocksDB.listColumnFamilies(options, directory.toString()).stream()
          .map(name -> new String(name, StandardCharsets.UTF_8))
          .toList();
    } catch (RocksDBException e) {
      throw new IOException("cannot read the checkpoint in " + directory, e);
    }
  }

  private DBOptions databaseOptions(Opening opening) {
    return new DBOptions()
        .setCreateIfMissing(opening.create)
        .setCreateMissingColumnFamilies(true)
        .setParanoidChecks(true)
        .setWalRecoveryMode(opening.recovery)
        .setWalTtlSeconds(LOG_KEPT_SECONDS)
        .setRecycleLogFileNum(0)
        .setMaxTotalWalSize(LOG_BYTES_MAX)
        .setWriteBufferManager(writeBuffers)
        .setMaxOpenFiles(OPEN_FILES_MAX)
        .setMaxBackgroundJobs(2)
        .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
        .setMaxLogFileSize(INFO_LOG_BYTES_MAX)
        .setKeepLogFileNum(INFO_LOGS_MAX)
        .setStatsDumpPeriodSec(0);
  }

  private ColumnFamilyOptions familyOptions() {
    return new ColumnFamilyOptions()
        .setWriteBufferSize(FAMILY_WRITE_BUFFER_BYTES)
        .setArenaBlockSize(ARENA_BLOCK_BYTES)
        .setLevelCompactionDynamicLevelBytes(true)
        .setCompressionType(CompressionType.LZ4_COMPRESSION)
        .setBottommostCompressionType(CompressionType.ZSTD_COMPRESSION)
        .setTableFormatConfig(
            new BlockBasedTableConfig()
                .setBlockCache(cache)
                .setBlockSize(BLOCK_BYTES)
                .setFilterPolicy(filter)
                // In one piece each is larger than what a part of the cache keeps of them, and
                // is read again for each key.
                .setIndexType(IndexType.kTwoLevelIndexSearch)
                .setPartitionFilters(true)
                .setMetadataBlockSize(BLOCK_BYTES)
                .setCacheIndexAndFilterBlocks(true)
                .setCacheIndexAndFilterBlocksWithHighPriority(true)
                .setPinL0FilterAndIndexBlocksInCache(true));
  }

  RocksDB database() {
    return database;
  }

  @SuppressWarnings("NullAway") // the constructor puts every family
  ColumnFamilyHandle of(Family family) {
    return byFamily.get(family);
  }

  /** Makes everything written so far durable. */
  void sync() throws IOException {
    try {
      database.flushWal(true);
    } catch (RocksDBException e) {
      throw new IOException("cannot make the metadata durable", e);
    }
  }

  @Override
  public void close() {
    handles.forEach(ColumnFamilyHandle::close);
    database.close();
    closeOptions();
  }

  private void closeOptions() {
    databaseOptions.close();
    familyOptions.close();
    filter.close();
    writeBuffers.close();
    cache.close();
  }
}
