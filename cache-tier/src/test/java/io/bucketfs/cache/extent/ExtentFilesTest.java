package io.bucketfs.cache.extent;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore.FileInfo;
import io.bucketfs.core.local.ExtentStore.Replayed;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.local.ExtentStore.Tail;
import io.bucketfs.core.local.ForgetfulDisk;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExtentFilesTest {
  private static final int BLOCK = ExtentRecord.BLOCK_BYTES;
  private static final int PAGE = PageChecksums.PAGE_BYTES;
  private static final ExtentSettings SMALL = new ExtentSettings(1L << 20, 1L << 20, 2);

  private final ThreadExecution execution = new ThreadExecution(2, Meters.NONE);
  private final SplittableRandom random = new SplittableRandom(7);
  private ForgetfulDisk disk = new ForgetfulDisk(7);
  private ExtentFiles files = open(SMALL);

  private ExtentFiles open(ExtentSettings settings) {
    try {
      return new ExtentFiles(
          disk, settings, execution, PooledByteBufAllocator.DEFAULT, Meters.NONE);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void reopen(Crash kind) {
    disk = disk.crash(kind, random);
    closeQuietly();
    files = open(SMALL);
  }

  private void closeQuietly() {
    try {
      files.close();
    } catch (IOException e) {
      // The disk of a crashed machine refuses its syncs.
    }
  }

  @AfterEach
  void stop() {
    closeQuietly();
    execution.close();
  }

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  private byte[] bytes(int length) {
    var bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private ExtentRecord append(byte[] data) throws IOException {
    return append(Stream.WRITE, data);
  }

  private ExtentRecord append(Stream stream, byte[] data) throws IOException {
    return files.append(stream, 1, 2, 3, 4, 5, Unpooled.wrappedBuffer(data));
  }

  private byte[] read(ExtentRecord record, int skip, int length) throws IOException {
    return copied(files.read(record, skip, length, Patience.FOREVER));
  }

  private static byte[] copied(ByteBuf buffer) {
    var bytes = new byte[buffer.readableBytes()];
    buffer.readBytes(bytes).release();
    return bytes;
  }

  private static byte[] part(byte[] bytes, int skip, int length) {
    return Arrays.copyOfRange(bytes, skip, skip + length);
  }

  private List<Replayed> replayed(long file, long position) throws IOException {
    var found = new ArrayList<Replayed>();
    files.replay(file, position, found::add);
    return found;
  }

  @Test
  void readsEveryPartOfARecord() throws Exception {
    var data = bytes(5 * BLOCK + 123);
    var record = append(data);
    for (var round = 0; round < 200; round++) {
      var skip = random.nextInt(data.length);
      var length = random.nextInt(1, data.length - skip + 1);
      assertThat(read(record, skip, length)).isEqualTo(part(data, skip, length));
    }
  }

  /** By pages or by blocks, whether or not it has checksums of pages. */
  @ParameterizedTest
  @ValueSource(ints = {4 * BLOCK, 5 * BLOCK + PAGE, 5 * BLOCK + 1, 16 * BLOCK, 64 * BLOCK})
  void readsLittleFromAnywhereInALargeRecord(int length) throws Exception {
    closeQuietly();
    files = open(new ExtentSettings(64L << 20, 8 * BLOCK, 2));
    var data = bytes(length);
    var record = append(data);
    for (var round = 0; round < 2_000; round++) {
      var skip = random.nextInt(length - 1);
      var count = random.nextInt(1, Math.min(length - skip, 3 * PAGE) + 1);
      assertThat(read(record, skip, count)).isEqualTo(part(data, skip, count));
    }
  }

  private boolean isInMemory(ExtentRecord record, int skip) throws IOException {
    try {
      files.read(record, skip, 1, Patience.NONE).release();
      return true;
    } catch (WouldBlock e) {
      return false;
    }
  }

  @Test
  void aBlockComesIntoMemoryWhereItIsReadAgainOrAfterTheOneBefore() throws Exception {
    closeQuietly();
    files = open(new ExtentSettings(64L << 20, 128 * BLOCK, 2));
    var data = bytes(8 * BLOCK);
    var record = append(data);
    assertThat(read(record, BLOCK + PAGE, PAGE)).isEqualTo(part(data, BLOCK + PAGE, PAGE));
    assertThat(isInMemory(record, BLOCK + PAGE)).isFalse();
    assertThat(read(record, BLOCK + 9 * PAGE, 10)).isEqualTo(part(data, BLOCK + 9 * PAGE, 10));
    assertThat(isInMemory(record, BLOCK)).isTrue();
    assertThat(read(record, 5 * BLOCK, PAGE)).isEqualTo(part(data, 5 * BLOCK, PAGE));
    assertThat(isInMemory(record, 5 * BLOCK)).isFalse();
    for (var block = 2; block < 4; block++) {
      assertThat(read(record, block * BLOCK, PAGE)).isEqualTo(part(data, block * BLOCK, PAGE));
      assertThat(isInMemory(record, block * BLOCK + PAGE)).isTrue();
    }
    assertThat(read(record, 4 * BLOCK + PAGE, BLOCK / 2))
        .isEqualTo(part(data, 4 * BLOCK + PAGE, BLOCK / 2));
    assertThat(isInMemory(record, 4 * BLOCK)).isTrue();
    assertThat(isInMemory(record, 0)).isFalse();
  }

  @Test
  void tellsBitRotInAPageFromData() throws Exception {
    var data = bytes(8 * BLOCK);
    var record = append(data);
    var name = disk.list().getFirst();
    var payload = RecordHeader.payloadPosition(record);
    disk.flipBit(name, payload + BLOCK + 5 * PAGE + 9, 0);
    assertThatThrownBy(() -> read(record, BLOCK + 5 * PAGE, 1))
        .isInstanceOf(CorruptExtentException.class)
        .hasMessageContaining("page 21 of");
    // The rest of the block is right until the block is read.
    disk.flipBit(name, payload + 2 * BLOCK + 5 * PAGE + 9, 0);
    assertThat(read(record, 2 * BLOCK + PAGE, 4 * PAGE))
        .isEqualTo(part(data, 2 * BLOCK + PAGE, 4 * PAGE));
    assertThatThrownBy(() -> read(record, 2 * BLOCK, 1)).isInstanceOf(CorruptExtentException.class);
  }

  @Test
  void tellsPagesOfAnotherRecordFromThoseOfThisOne() throws Exception {
    var record = append(bytes(8 * BLOCK));
    var claimed =
        new ExtentRecord(
            record.file(),
            record.position(),
            record.length(),
            1,
            999,
            record.sequence(),
            record.checksums());
    assertThatThrownBy(() -> read(claimed, PAGE, 10)).isInstanceOf(CorruptExtentException.class);
  }

  /** As records of earlier versions are, and where the table rots. */
  @Test
  void readsTheBlockWhereTheChecksumsOfItsPagesAreNotThere() throws Exception {
    var data = bytes(4 * BLOCK);
    var earlier = append(data);
    var rotten = append(data);
    var name = disk.list().getFirst();
    var table = RecordHeader.bytes(data.length);
    try (var file = disk.open(name)) {
      var zeroes = RecordHeader.pages(data.length) * Integer.BYTES;
      file.write(earlier.position() + table, ByteBuffer.allocate(zeroes));
    }
    disk.flipBit(name, rotten.position() + table + 4 * 17, 5);
    for (var record : List.of(earlier, rotten)) {
      assertThat(read(record, BLOCK + PAGE, 3)).isEqualTo(part(data, BLOCK + PAGE, 3));
      assertThat(isInMemory(record, BLOCK)).isTrue();
      files.verify(record);
    }
  }

  @Test
  void readsTheDiskInPlaceWhereItMayWaitForNothingElse() throws Exception {
    var data = bytes(8 * BLOCK);
    var record = append(data);
    assertThat(copied(files.read(record, 7, 5 * BLOCK, Patience.DISK)))
        .isEqualTo(part(data, 7, 5 * BLOCK));
    assertThat(copied(files.read(record, 6 * BLOCK + 7, 9, Patience.DISK)))
        .isEqualTo(part(data, 6 * BLOCK + 7, 9));
  }

  /** It would keep a thread that the other one may need. */
  @Test
  void doesNotWaitForAnotherReaderWhereItMayWaitForTheDiskOnly() throws Exception {
    var reading = new CountDownLatch(1);
    var goOn = new CompletableFuture<Boolean>();
    var data = bytes(3 * BLOCK);
    var record = append(data);
    disk.beforeReads(() -> {
      reading.countDown();
      goOn.join();
    });
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var other = threads.submit(() -> read(record, 0, data.length));
      reading.await();
      try {
        assertThatThrownBy(() -> files.read(record, BLOCK, BLOCK, Patience.DISK))
            .isSameAs(WouldBlock.INSTANCE);
      } finally {
        goOn.complete(true);
      }
      assertThat(other.get()).isEqualTo(data);
    }
    assertThat(copied(files.read(record, BLOCK, BLOCK, Patience.DISK)))
        .isEqualTo(part(data, BLOCK, BLOCK));
  }

  private @Nullable ExtentRecord appendInPlace(byte[] data) throws IOException {
    return files.appendInPlace(1, 2, 3, 4, 5, Unpooled.wrappedBuffer(data));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, BLOCK, RecordHeader.LARGE_BYTES_MIN, ExtentRecord.LENGTH_MAX})
  void appendsInPlaceWhatItAppendsOtherwise(int length) throws Exception {
    var data = bytes(length);
    var record = requireNonNull(appendInPlace(data));
    assertThat(read(record, 0, length)).isEqualTo(data);
    assertThat(replayed(record.file(), 0)).containsExactly(new Replayed(record, 2, 5));
  }

  /** It would keep a thread that others may need, and those are as many as may. */
  @Test
  void doesNotWaitForOtherLargeRecordsWhereItMayWaitForTheDiskOnly() throws Exception {
    var goOn = new CompletableFuture<Boolean>();
    var data = bytes(RecordHeader.LARGE_BYTES_MIN);
    disk.beforeWrites(goOn::join);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var all = new ExecutorCompletionService<Optional<ExtentRecord>>(threads);
      try {
        for (var i = 0; i <= AppendStream.LARGE_MAX; i++) {
          var _ = all.submit(() -> Optional.ofNullable(appendInPlace(data)));
        }
        assertThat(all.take().get()).isEmpty();
      } finally {
        goOn.complete(true);
      }
      for (var i = 0; i < AppendStream.LARGE_MAX; i++) {
        assertThat(read(all.take().get().orElseThrow(), 0, data.length)).isEqualTo(data);
      }
    }
    assertThat(read(requireNonNull(appendInPlace(data)), 0, data.length)).isEqualTo(data);
  }

  @Test
  void readsWithoutAnyMemory() throws Exception {
    closeQuietly();
    files = open(new ExtentSettings(1L << 20, 0, 1));
    var data = bytes(3 * BLOCK);
    var record = append(data);
    assertThat(read(record, 10, 2 * BLOCK)).isEqualTo(part(data, 10, 2 * BLOCK));
    assertThat(read(record, 10, 20)).isEqualTo(part(data, 10, 20));
  }

  @Test
  void whatWasFetchedIsReadFromMemoryTheFirstTimeToo() throws Exception {
    var data = bytes(3 * BLOCK + 5);
    var fetched = append(Stream.FILL, data);
    for (var round = 0; round < 2; round++) {
      assertThat(copied(files.read(fetched, 0, data.length, Patience.NONE))).isEqualTo(data);
    }
    var written = append(Stream.WRITE, data);
    assertThatThrownBy(() -> files.read(written, 0, data.length, Patience.NONE))
        .isInstanceOf(WouldBlock.class);
  }

  @Test
  void whatWasFetchedAndNotReadTakesABoundedPartOfMemory() throws Exception {
    closeQuietly();
    files = open(new ExtentSettings(1L << 30, 16 * BLOCK, 8));
    var data = bytes(4 * BLOCK);
    var oldest = append(Stream.FILL, data);
    for (var i = 0; i < 8; i++) {
      assertThat(read(append(Stream.FILL, data), 0, 1)).isEqualTo(part(data, 0, 1));
    }
    assertThatThrownBy(() -> files.read(oldest, BLOCK, BLOCK, Patience.NONE))
        .isInstanceOf(WouldBlock.class);
    assertThat(read(oldest, BLOCK, BLOCK)).isEqualTo(part(data, BLOCK, BLOCK));
  }

  /** Readers share loads, and memory keeps a part only, so that every way of a block is taken. */
  @Test
  void manyReadersGetTheSameBytes() throws Exception {
    var data = bytes(20 * BLOCK + 1);
    var record = append(data);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var readers = new ArrayList<Future<?>>();
      for (var i = 0; i < 16; i++) {
        var own = random.split();
        readers.add(
            threads.submit(() -> {
              for (var round = 0; round < 50; round++) {
                var skip = own.nextInt(data.length);
                var length = own.nextInt(1, Math.min(data.length - skip, 5 * BLOCK) + 1);
                assertThat(read(record, skip, length)).isEqualTo(part(data, skip, length));
              }
              return true;
            }));
      }
      for (var reader : readers) {
        reader.get();
      }
    }
  }

  @Test
  void takesTheLargestRecordAndNoLargerOne() throws Exception {
    var data = bytes(ExtentRecord.LENGTH_MAX);
    assertThat(read(append(data), 0, data.length)).isEqualTo(data);
    assertThatThrownBy(() -> append(bytes(ExtentRecord.LENGTH_MAX + 1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> append(new byte[0])).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void appendsBuffersInPiecesAndLeavesThemAsTheyWere() throws Exception {
    var data = bytes(3 * BLOCK);
    var pieces =
        Unpooled.wrappedBuffer(
            Unpooled.wrappedBuffer(data, 0, 100_000),
            Unpooled.wrappedBuffer(data, 100_000, data.length - 100_000));
    var record = files.append(Stream.FILL, 1, 2, 3, 0, 0, pieces);
    assertThat(pieces.refCnt()).isEqualTo(1);
    assertThat(pieces.readableBytes()).isEqualTo(data.length);
    assertThat(read(record, 0, data.length)).isEqualTo(data);
  }

  @Test
  void answersWithoutPatienceOnlyFromMemory() throws Exception {
    var data = bytes(4 * BLOCK);
    var record = append(data);
    assertThatThrownBy(() -> files.read(record, 0, 10, Patience.NONE)).isSameAs(WouldBlock.ON_DISK);
    read(record, 0, BLOCK);
    assertThat(copied(files.read(record, 5, 10, Patience.NONE))).isEqualTo(part(data, 5, 10));
    // The first block is there, the second is not: what was taken is given back.
    assertThatThrownBy(() -> files.read(record, 0, 2 * BLOCK, Patience.NONE))
        .isSameAs(WouldBlock.ON_DISK);
    read(record, 0, data.length);
    assertThat(copied(files.read(record, 9, 3 * BLOCK, Patience.NONE)))
        .isEqualTo(part(data, 9, 3 * BLOCK));
  }

  @Test
  void whatIsReadOnceIsNotKeptInMemory() throws Exception {
    var data = bytes(4 * BLOCK);
    var record = append(data);
    assertThat(copied(files.readOnce(record, 5, 3 * BLOCK))).isEqualTo(part(data, 5, 3 * BLOCK));
    assertThatThrownBy(() -> files.read(record, 5, 1, Patience.NONE)).isSameAs(WouldBlock.ON_DISK);
    // It takes what is there.
    read(record, BLOCK, BLOCK);
    assertThat(copied(files.readOnce(record, 0, data.length))).isEqualTo(data);
    disk.flipBit(disk.list().getFirst(), RecordHeader.payloadPosition(record) + 9, 0);
    assertThatThrownBy(() -> files.readOnce(record, 0, 1))
        .isInstanceOf(CorruptExtentException.class);
    assertThat(copied(files.readOnce(record, BLOCK, 1))).isEqualTo(part(data, BLOCK, 1));
  }

  @Test
  void beginsANewFileWhenOneIsFull() throws Exception {
    var first = append(bytes(600_000));
    var second = append(bytes(600_000));
    assertThat(second.file()).isGreaterThan(first.file());
    assertThat(files.files())
        .extracting(FileInfo::file, FileInfo::open)
        .containsExactly(tuple(first.file(), false), tuple(second.file(), true));
  }

  @Test
  void keepsStreamsInFilesOfTheirOwn() throws Exception {
    var write = append(Stream.WRITE, bytes(10));
    var fill = append(Stream.FILL, bytes(10));
    assertThat(fill.file()).isNotEqualTo(write.file());
    assertThat(replayed(0, 0)).extracting(it -> it.record().file()).containsExactly(write.file());
  }

  @Test
  void replaysInOrderFromAPlaceOn() throws Exception {
    var records = new ArrayList<ExtentRecord>();
    for (var i = 0; i < 20; i++) {
      records.add(append(bytes(random.nextInt(1, 200_000))));
    }
    reopen(Crash.KILL);
    assertThat(replayed(0, 0))
        .extracting(Replayed::record)
        .usingRecursiveComparison()
        .isEqualTo(records);
    var from = records.get(7);
    assertThat(replayed(from.file(), from.position())).hasSize(13);
    var found = replayed(0, 0).getFirst();
    assertThat(found.inode()).isEqualTo(2);
    assertThat(found.offset()).isEqualTo(5);
    assertThat(found.record().mount()).isEqualTo(1);
    assertThat(found.record().content()).isEqualTo(3);
    assertThat(found.record().sequence()).isEqualTo(4);
  }

  @Test
  void walksOverARecordWhosePayloadIsWrong() throws Exception {
    var first = append(bytes(1000));
    var torn = append(bytes(1000));
    var last = append(bytes(1000));
    disk.flipBit(disk.list().getFirst(), torn.position() + 500, 3);
    assertThat(replayed(0, 0))
        .extracting(it -> it.record().position())
        .containsExactly(first.position(), last.position());
  }

  @Test
  void tellsBitRotFromData() throws Exception {
    var data = bytes(3 * BLOCK);
    var record = append(data);
    disk.flipBit(disk.list().getFirst(), RecordHeader.payloadPosition(record) + BLOCK + 9, 0);
    assertThat(read(record, 0, BLOCK)).isEqualTo(part(data, 0, BLOCK));
    assertThatThrownBy(() -> read(record, 0, data.length))
        .isInstanceOf(CorruptExtentException.class);
    assertThatThrownBy(() -> read(record, BLOCK, 1)).isInstanceOf(CorruptExtentException.class);
  }

  @Test
  void tellsARecordOfAnotherFromThisOne() throws Exception {
    var record = append(bytes(10));
    var claimed =
        new ExtentRecord(
            record.file(), record.position(), 10, 1, 999, record.sequence(), record.checksums());
    assertThatThrownBy(() -> read(claimed, 0, 10)).isInstanceOf(CorruptExtentException.class);
  }

  @Test
  void handsOnReadErrors() throws Exception {
    var record = append(bytes(10));
    disk.failReads(true);
    assertThatThrownBy(() -> read(record, 0, 10)).isInstanceOf(IOException.class);
    disk.failReads(false);
    assertThat(read(record, 0, 10)).hasSize(10);
  }

  @Test
  void appendsNothingWhenTheDiskIsFullAndGoesOnWhenItIsNot() throws Exception {
    var before = append(bytes(1000));
    disk.limitTo(5000);
    assertThatThrownBy(() -> append(bytes(10_000)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("No space left");
    disk.limitTo(1030);
    assertThatThrownBy(() -> append(bytes(1000))).hasMessageContaining("No space left");
    disk.limitTo(Long.MAX_VALUE);
    var after = append(bytes(1000));
    files.sync(List.of(before, after));
    assertThat(read(after, 0, 1000)).hasSize(1000);
    reopen(Crash.POWER);
    assertThat(replayed(0, 0))
        .extracting(it -> it.record().position())
        .containsExactly(before.position(), after.position());
  }

  @Test
  void aFailedSyncPoisonsTheFile() throws Exception {
    var lost = append(bytes(1000));
    disk.failSyncs(1);
    assertThatThrownBy(() -> files.sync(List.of(lost))).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> files.sync(List.of(lost)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("appended again");
    var again = append(bytes(1000));
    assertThat(again.file()).isGreaterThan(lost.file());
    files.sync(List.of(again));
    assertThat(files.files().getFirst().open()).isFalse();
  }

  @Test
  void syncsOnlyWhatIsNotDurable() throws Exception {
    var record = append(bytes(1000));
    files.sync(List.of(record));
    var syncs = disk.syncs();
    files.sync(List.of(record));
    assertThat(disk.syncs()).isEqualTo(syncs);
    files.sync(List.of(record, append(bytes(1))));
    assertThat(disk.syncs()).isEqualTo(syncs + 1);
  }

  @Test
  void aNewFileIsThereAfterPowerLoss() throws Exception {
    for (var round = 0; round < 20; round++) {
      var record = append(bytes(1000));
      files.sync(List.of(record));
      reopen(Crash.POWER);
      assertThat(read(record, 0, 1000)).hasSize(1000);
    }
  }

  @Test
  void aFileWhoseCreationFailedIsNotUsed() throws Exception {
    disk.failDirectorySyncs(1);
    assertThatThrownBy(() -> append(bytes(10))).isInstanceOf(IOException.class);
    assertThat(files.files()).isEmpty();
    assertThat(disk.list()).isEmpty();
    assertThat(append(bytes(10)).position()).isZero();
  }

  @Test
  void deletesASealedFileAndItsBytes() throws Exception {
    var first = append(bytes(600_000));
    var second = append(bytes(600_000));
    var before = files.diskBytes();
    files.delete(first.file());
    files.trim();
    assertThat(files.diskBytes()).isEqualTo(before - RecordHeader.recordBytes(600_000));
    assertThat(disk.list()).hasSize(1);
    assertThatThrownBy(() -> read(first, 0, 1)).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> files.pin(first.file())).isInstanceOf(NoSuchElementException.class);
    assertThatThrownBy(() -> files.delete(second.file()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aPinKeepsADeletedFileReadable() throws Exception {
    var data = bytes(600_000);
    var first = append(data);
    append(bytes(600_000));
    var before = files.diskBytes();
    var pin = files.pin(first.file());
    files.delete(first.file());
    assertThat(files.diskBytes()).isEqualTo(before);
    assertThat(read(first, 0, data.length)).isEqualTo(data);
    pin.close();
    assertThatThrownBy(pin::close).isInstanceOf(IllegalStateException.class);
    while (files.spareBytes() == 0) {
      Thread.onSpinWait();
    }
    assertThatThrownBy(() -> files.pin(first.file())).isInstanceOf(NoSuchElementException.class);
    files.trim();
    assertThat(files.diskBytes()).isEqualTo(before - RecordHeader.recordBytes(600_000));
  }

  @Test
  void makesNewFilesOfDeletedOnes() throws Exception {
    var dead = append(bytes(600_000));
    append(bytes(600_000));
    files.delete(dead.file());
    var before = files.diskBytes();
    assertThat(files.spareBytes()).isEqualTo(RecordHeader.recordBytes(600_000));
    var data = bytes(550_000);
    var small = bytes(300);
    var record = append(data);
    var behind = append(small);
    assertThat(record.file()).isGreaterThan(dead.file() + 1);
    assertThat(disk.list()).as("no third file").hasSize(2);
    assertThat(files.spareBytes()).isZero();
    assertThat(files.diskBytes()).isEqualTo(before);
    assertThat(read(record, 0, data.length)).isEqualTo(data);
    assertThat(read(behind, 0, small.length)).isEqualTo(small);
    assertThatThrownBy(() -> read(dead, 0, 1)).isInstanceOf(NoSuchFileException.class);
    files.sync(List.of(record, behind));
    reopen(Crash.POWER);
    assertThat(read(record, 0, data.length)).isEqualTo(data);
    assertThat(replayed(record.file(), 0))
        .as("nothing of what was there before")
        .extracting(Replayed::record)
        .usingRecursiveComparison()
        .isEqualTo(List.of(record, behind));
  }

  @Test
  void cutsOffWhatASpareFileHasTooMuch() throws Exception {
    var dead = append(bytes(900_000));
    append(bytes(900_000));
    files.delete(dead.file());
    var record = append(bytes(500_000));
    var next = append(bytes(700_000));
    assertThat(next.file()).isGreaterThan(record.file());
    var expected =
        RecordHeader.recordBytes(900_000)
            + RecordHeader.recordBytes(500_000)
            + RecordHeader.recordBytes(700_000);
    assertThat(files.diskBytes()).isEqualTo(expected);
    assertThat(
            disk.list().stream().mapToLong(name -> requireNonNull(disk.bytes(name)).length).sum())
        .isEqualTo(expected);
  }

  /** Or a page of the file would be read for each of them. */
  @Test
  void smallRecordsInASpareFileEndTheirPage() throws Exception {
    var dead = append(bytes(600_000));
    append(bytes(600_000));
    files.delete(dead.file());
    append(bytes(500_000));
    for (var i = 0; i < 30; i++) {
      var record = append(bytes(random.nextInt(1, 3_000)));
      var bytes = requireNonNull(disk.bytes("%012d.w".formatted(record.file())));
      var end = (int) RecordHeader.end(record);
      var page = Math.min(bytes.length, (int) RecordHeader.aligned(end));
      assertThat(page == end ? new byte[1] : Arrays.copyOfRange(bytes, end, page)).containsOnly(0);
    }
  }

  @Test
  void aFileWhoseSyncFailedIsNotWrittenOver() throws Exception {
    var record = append(bytes(600_000));
    disk.failSyncs(1);
    assertThatThrownBy(() -> files.sync(List.of(record))).isInstanceOf(IOException.class);
    append(bytes(600_000));
    files.delete(record.file());
    assertThat(files.spareBytes()).isZero();
    assertThat(disk.list()).hasSize(1);
  }

  @Test
  void aSpareFileThatIsGoneOnlyCostsItself() throws Exception {
    var dead = append(bytes(600_000));
    append(bytes(600_000));
    files.delete(dead.file());
    disk.delete("%012d.w".formatted(dead.file()));
    var data = bytes(600_000);
    assertThat(read(append(data), 0, data.length)).isEqualTo(data);
    assertThat(files.diskBytes()).isEqualTo(2L * RecordHeader.recordBytes(600_000));
  }

  @Test
  void keepsNoMoreSpareFilesThanItNeeds() throws Exception {
    var records = new ArrayList<ExtentRecord>();
    for (var i = 0; i < 24; i++) {
      records.add(append(bytes(600_000)));
    }
    for (var record : records.subList(0, 23)) {
      files.delete(record.file());
    }
    assertThat(files.spareBytes()).isEqualTo(16L * RecordHeader.recordBytes(600_000));
    assertThat(disk.list()).hasSize(17);
  }

  @Test
  void neverUsesANumberAgain() throws Exception {
    var last = append(bytes(10)).file();
    for (var round = 0; round < 10; round++) {
      reopen(round % 2 == 0 ? Crash.POWER : Crash.KILL);
      for (var info : files.files()) {
        files.delete(info.file());
      }
      reopen(Crash.POWER);
      var next = append(bytes(10)).file();
      assertThat(next).isGreaterThan(last);
      last = next;
    }
  }

  @Test
  void tailIsWhereTheNextRecordGoes() throws Exception {
    var empty = files.tail(Stream.WRITE);
    var first = append(bytes(10));
    assertThat(empty).isEqualTo(new Tail(first.file(), first.position()));
    var tail = files.tail(Stream.WRITE);
    var second = append(bytes(10));
    assertThat(tail).isEqualTo(new Tail(second.file(), second.position()));
    reopen(Crash.KILL);
    assertThat(files.tail(Stream.WRITE)).isGreaterThan(tail);
    assertThat(append(bytes(10)).file()).isGreaterThan(second.file());
  }

  @Test
  void countsTheBytesOfAllFiles() throws Exception {
    var expected = 0L;
    for (var i = 0; i < 10; i++) {
      var length = random.nextInt(1, RecordHeader.LARGE_BYTES_MIN);
      append(i % 2 == 0 ? Stream.WRITE : Stream.FILL, bytes(length));
      expected += RecordHeader.recordBytes(length);
    }
    assertThat(files.diskBytes()).isEqualTo(expected);
    reopen(Crash.KILL);
    assertThat(files.diskBytes()).isEqualTo(expected);
  }

  @Test
  void largeRecordsLieBetweenSmallOnesAlignedAndWithZeroesAround() throws Exception {
    var records = new ArrayList<ExtentRecord>();
    var data = new ArrayList<byte[]>();
    var large = RecordHeader.LARGE_BYTES_MIN;
    for (var length : new int[] {1, large - 1, large, 77, large + 1, 3}) {
      data.add(bytes(length));
      records.add(append(data.getLast()));
    }
    var bytes = requireNonNull(disk.bytes(disk.list().getFirst()));
    for (var record : records) {
      if (record.length() < large) {
        continue;
      }
      var payload = RecordHeader.payloadPosition(record);
      assertThat(record.position() % RecordHeader.ALIGNMENT).isZero();
      assertThat(payload % RecordHeader.ALIGNMENT).isZero();
      assertThat(RecordHeader.end(record) % RecordHeader.ALIGNMENT).isZero();
      var head = (int) record.position() + RecordHeader.bytes(record.length());
      head += RecordHeader.pages(record.length()) * Integer.BYTES;
      assertThat(Arrays.copyOfRange(bytes, head, (int) payload)).containsOnly(0);
      var pad =
          Arrays.copyOfRange(
              bytes, (int) payload + record.length(), (int) RecordHeader.end(record));
      assertThat(pad.length == 0 ? new byte[1] : pad).containsOnly(0);
    }
    assertThat(replayed(0, 0)).extracting(Replayed::record).containsExactlyElementsOf(records);
    var tail = records.get(3);
    assertThat(replayed(tail.file(), RecordHeader.end(tail)))
        .as("from where a small record ended, and a large one began a little later")
        .extracting(Replayed::record)
        .containsExactlyElementsOf(records.subList(4, 6));
    reopen(Crash.KILL);
    for (var i = 0; i < records.size(); i++) {
      assertThat(read(records.get(i), 0, data.get(i).length)).isEqualTo(data.get(i));
    }
    assertThat(files.diskBytes()).isEqualTo(bytes.length);
  }

  /** As it comes off the network: in memory of the pool, at the begin of a page or not. */
  @Test
  void takesLargeDataFromWhereItIs() throws Exception {
    var length = RecordHeader.LARGE_BYTES_MIN + RecordHeader.ALIGNMENT;
    var memory = PooledByteBufAllocator.DEFAULT.directBuffer(length + 2 * RecordHeader.ALIGNMENT);
    try {
      var data = bytes(length);
      var page =
          Math.floorMod(
              -memory.nioBuffer(0, 1).alignmentOffset(0, RecordHeader.ALIGNMENT),
              RecordHeader.ALIGNMENT);
      for (var at : new int[] {page, page + 8}) {
        var there = memory.slice(at, length).setBytes(0, data);
        var record = files.append(Stream.WRITE, 1, 2, 3, at, 5, there);
        assertThat(there).isEqualTo(Unpooled.wrappedBuffer(data));
        assertThat(replayed(record.file(), record.position()))
            .extracting(Replayed::record)
            .containsExactly(record);
        assertThat(read(record, 0, length)).isEqualTo(data);
      }
    } finally {
      memory.release();
    }
  }

  @Test
  void tellsALargeRecordOfAnotherFromThisOne() throws Exception {
    var length = RecordHeader.LARGE_BYTES_MIN;
    var record = append(bytes(length));
    var claimed =
        new ExtentRecord(
            record.file(),
            record.position(),
            length,
            1,
            999,
            record.sequence(),
            record.checksums());
    assertThatThrownBy(() -> read(claimed, 0, length)).isInstanceOf(CorruptExtentException.class);
    assertThatThrownBy(() -> read(claimed, BLOCK, 9)).isInstanceOf(CorruptExtentException.class);
  }

  @Test
  void readsMoreFilesThanItKeepsOpen() throws Exception {
    var records = new ArrayList<ExtentRecord>();
    for (var i = 0; i < 8; i++) {
      records.add(append(bytes(600_000)));
    }
    reopen(Crash.KILL);
    for (var round = 0; round < 3; round++) {
      for (var record : records) {
        assertThat(read(record, 0, 1000)).hasSize(1000);
      }
    }
  }

  @Test
  void refusesWorkAfterClose() throws Exception {
    var record = append(bytes(10));
    files.close();
    assertThatThrownBy(() -> append(bytes(10))).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> read(record, 0, 10)).isInstanceOf(IOException.class);
  }
}
