package io.bucketfs.cache.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.local.KeyValueStoreContract;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.Statistics;
import org.rocksdb.TickerType;

@SuppressWarnings("NullAway.Init") // JUnit sets the directory
class RocksMetadataStoreTest extends KeyValueStoreContract {
  private static final long CACHE_BYTES = 8L << 20;

  @TempDir private Path directory;
  private final ThreadExecution execution = new ThreadExecution(2, Meters.NONE);

  @Override
  protected KeyValueStore open() throws IOException {
    return new RocksMetadataStore(directory.resolve("contract"), CACHE_BYTES, execution);
  }

  @AfterEach
  void stop() {
    execution.close();
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }

  @Test
  void wouldBlockWhereOnlyTheDiskKnows() throws Exception {
    var path = directory.resolve("cold");
    try (var store = new RocksMetadataStore(path, CACHE_BYTES, execution)) {
      for (var i = 0; i < 2_000; i++) {
        store.write(List.of(new Change.Put(Family.INODES, key(i), key(i))), false);
      }
      store.flush(Family.INODES);
    }
    try (var store = new RocksMetadataStore(path, CACHE_BYTES, execution)) {
      assertThatThrownBy(() -> store.getFromMemory(Family.INODES, key(1_000)))
          .isSameAs(WouldBlock.INSTANCE);
      assertThat(store.get(Family.INODES, key(1_000))).isEqualTo(key(1_000));
      assertThat(store.getFromMemory(Family.INODES, key(1_000))).isEqualTo(key(1_000));
      assertThat(store.getFromMemory(Family.DIRENTS, key(1_000))).isNull();
    }
  }

  /** RocksDB counts its syncs of the log; what was not synced a power loss would take. */
  @Test
  void syncsTheLogWhenAskedTo() throws Exception {
    try (var statistics = new Statistics();
        var store =
            new RocksMetadataStore(
                directory.resolve("synced"),
                CACHE_BYTES,
                execution,
                options -> options.setStatistics(statistics))) {
      var batch = List.<Change>of(new Change.Put(Family.JOBS, key(1), key(1)));
      var before = statistics.getTickerCount(TickerType.WAL_FILE_SYNCED);
      store.write(batch, false);
      assertThat(statistics.getTickerCount(TickerType.WAL_FILE_SYNCED)).isEqualTo(before);
      store.write(batch, true);
      assertThat(statistics.getTickerCount(TickerType.WAL_FILE_SYNCED)).isEqualTo(before + 1);
    }
  }

  @Test
  void closesTwiceWithoutHarm() throws Exception {
    var store = new RocksMetadataStore(directory.resolve("twice"), CACHE_BYTES, execution);
    store.close();
    store.close();
    assertThat(store.diskBytes()).isPositive();
  }

  @Test
  void namesTheDirectoryThatCannotBeOpened() throws Exception {
    var path = directory.resolve("held");
    try (var _ = new RocksMetadataStore(path, CACHE_BYTES, execution)) {
      assertThatThrownBy(() -> new RocksMetadataStore(path, CACHE_BYTES, execution))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(path.toString());
    }
  }
}
