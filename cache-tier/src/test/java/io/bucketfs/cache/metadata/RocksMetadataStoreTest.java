package io.bucketfs.cache.metadata;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.cache.metadata.RocksFamilies.Opening;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.local.KeyValueStoreContract;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.Statistics;
import org.rocksdb.TickerType;

@SuppressWarnings("NullAway.Init") // JUnit sets the directory
class RocksMetadataStoreTest extends KeyValueStoreContract {
  private static final long CACHE_BYTES = 8L << 20;

  @TempDir private Path directory;
  private final ThreadExecution execution = new ThreadExecution(2, Meters.NONE);

  @Override
  protected KeyValueStore open() throws IOException {
    return open(directory.resolve("contract"));
  }

  private RocksMetadataStore open(Path path) throws IOException {
    return new RocksMetadataStore(
        MetadataFiles.in(path), !Files.exists(path), CACHE_BYTES, execution);
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
    try (var store = open(path)) {
      for (var i = 0; i < 2_000; i++) {
        store.write(List.of(new Change.Put(Family.INODES, key(i), key(i))), false);
      }
      store.flush(Family.INODES);
    }
    try (var store = open(path)) {
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
                MetadataFiles.in(directory.resolve("synced")),
                Opening.CREATE,
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
    var store = open(directory.resolve("twice"));
    store.close();
    store.close();
    assertThat(store.diskBytes()).isPositive();
  }

  @Test
  void namesTheDirectoryThatCannotBeOpened() throws Exception {
    var path = directory.resolve("held");
    try (var _ = open(path)) {
      assertThatThrownBy(() -> open(path))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(path.toString());
    }
  }

  private static byte[] nameOf(Family family) {
    return family.name().toLowerCase(Locale.ROOT).getBytes(UTF_8);
  }

  /** Makes a store as another version of this program did, with one value in its inodes. */
  private static void make(Path path, List<byte[]> families) throws Exception {
    Files.createDirectories(path);
    var columns = new ArrayList<ColumnFamilyDescriptor>();
    columns.add(new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY));
    families.forEach(name -> columns.add(new ColumnFamilyDescriptor(name)));
    var handles = new ArrayList<ColumnFamilyHandle>();
    try (var options =
            new DBOptions().setCreateIfMissing(true).setCreateMissingColumnFamilies(true);
        var database = RocksDB.open(options, path.toString(), columns, handles)) {
      for (var i = 0; i < families.size(); i++) {
        if (Arrays.equals(families.get(i), nameOf(Family.INODES))) {
          database.put(handles.get(i + 1), key(1), key(2));
        }
      }
      handles.forEach(ColumnFamilyHandle::close);
    }
  }

  /** What came later begins empty. */
  @Test
  void opensWhatAnEarlierVersionMadeWithFewerFamilies() throws Exception {
    var path = directory.resolve("earlier");
    var later = EnumSet.of(Family.BULK, Family.READS, Family.PINS);
    make(
        MetadataFiles.in(path).metadata(),
        EnumSet.complementOf(later).stream().map(RocksMetadataStoreTest::nameOf).toList());
    try (var store = open(path)) {
      assertThat(store.get(Family.INODES, key(1))).isEqualTo(key(2));
      for (var family : later) {
        assertThat(store.scan(family, new byte[0], null, 1)).isEmpty();
        store.write(List.of(new Change.Put(family, key(3), key(4))), true);
      }
    }
    try (var store = open(path)) {
      assertThat(store.get(Family.PINS, key(3))).isEqualTo(key(4));
      assertThat(store.get(Family.INODES, key(1))).isEqualTo(key(2));
    }
  }

  /** Nobody may write to it without what he does not know. */
  @Test
  void refusesWhatALaterVersionMadeWithMoreFamilies() throws Exception {
    var path = directory.resolve("later");
    var families = new ArrayList<byte[]>();
    for (var family : Family.values()) {
      families.add(nameOf(family));
    }
    families.add("inventions".getBytes(UTF_8));
    make(MetadataFiles.in(path).metadata(), families);
    assertThatThrownBy(() -> open(path))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(DamagedMetadataException.class)
        .hasMessageContaining(path.toString())
        .hasStackTraceContaining("inventions");
  }

  private void put(RocksMetadataStore store, int number) throws IOException {
    store.write(List.of(new Change.Put(Family.INODES, key(number), key(number))), true);
    // Its log file is done with then.
    store.flush(Family.INODES);
  }

  private static List<String> names(Path directory) throws IOException {
    try (var found = Files.list(directory)) {
      return found.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  /** Log files are kept as long as a checkpoint needs them, and the disk cap knows of all. */
  @Test
  void keepsTwoCheckpointsWithTheirLogs() throws Exception {
    var path = directory.resolve("checkpoints-kept");
    var archive = path.resolve("metadata/archive");
    try (var store = open(path)) {
      put(store, 0);
      store.takeCheckpoint();
      for (var i = 1; i < 5; i++) {
        put(store, i);
      }
      var before = names(archive);
      assertThat(before).hasSizeGreaterThanOrEqualTo(4);
      store.takeCheckpoint();
      put(store, 5);
      assertThat(names(archive)).containsAll(before);
      store.takeCheckpoint();
      assertThat(names(path.resolve("checkpoints"))).containsExactly("000002", "000003");
      assertThat(names(archive)).doesNotContainAnyElementsOf(before.subList(0, 3));
    }
    // As another process counts, which has no old figure.
    try (var store = open(path)) {
      var bytes = 0L;
      var links = new HashSet<Object>();
      try (var files = Files.walk(path)) {
        for (var file : files.filter(Files::isRegularFile).toList()) {
          if (links.add(Files.getAttribute(file, "unix:ino"))) {
            bytes += Files.size(file);
          }
        }
      }
      assertThat(store.diskBytes()).isBetween(bytes * 9 / 10, bytes * 11 / 10);
    }
  }

  @Test
  void isRebuiltFromTheCheckpointBeforeWhereTheLastIsDamagedToo() throws Exception {
    var path = directory.resolve("older");
    try (var store = open(path)) {
      put(store, 0);
      store.takeCheckpoint();
      put(store, 1);
      store.takeCheckpoint();
      put(store, 2);
    }
    Files.delete(path.resolve("metadata/CURRENT"));
    Files.delete(path.resolve("checkpoints/000002/CURRENT"));
    assertThatThrownBy(() -> open(path)).isInstanceOf(DamagedMetadataException.class);
    var rebuild =
        new MetadataRebuild(MetadataFiles.in(path), path.resolve("metadata.new"), execution);
    var rebuilt = rebuild.best().orElseThrow();
    try (var store = rebuilt.store()) {
      assertThat(rebuilt.whole()).isTrue();
      assertThat(rebuilt.checkpoint()).isEqualTo(1);
      assertThat(rebuild.failures()).singleElement().asString().contains("checkpoint 2");
      for (var i = 0; i < 3; i++) {
        assertThat(store.get(Family.INODES, key(i))).isEqualTo(key(i));
      }
    }
  }

  /** A table file that is damaged is found also where nothing reads it. */
  @Test
  void aCheckpointWithADamagedTableIsNotUsed() throws Exception {
    var path = directory.resolve("rotten");
    try (var store = open(path)) {
      for (var i = 0; i < 1000; i++) {
        store.write(List.of(new Change.Put(Family.INODES, key(i), key(i))), false);
      }
      store.flush(Family.INODES);
      store.takeCheckpoint();
    }
    var checkpoint = path.resolve("checkpoints/000001");
    for (var name : names(checkpoint)) {
      if (name.endsWith(".sst")) {
        var bytes = Files.readAllBytes(checkpoint.resolve(name));
        bytes[100] ^= 1;
        Files.write(checkpoint.resolve(name), bytes);
      }
    }
    var rebuild =
        new MetadataRebuild(MetadataFiles.in(path), path.resolve("metadata.new"), execution);
    assertThat(rebuild.best()).isEmpty();
    assertThat(rebuild.failures()).isNotEmpty();
  }
}
