package io.bucketfs.cache.extent;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.local.ForgetfulDisk;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.DiskRead;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Reads that nobody waits for: begun first, done and told of later. */
class PageReadTest {
  private static final int BLOCK = ExtentRecord.BLOCK_BYTES;
  private static final int PAGE = PageChecksums.PAGE_BYTES;
  private static final int LENGTH = 8 * BLOCK;
  private static final int SKIP = 2 * BLOCK + 3 * PAGE + 5;

  private final ThreadExecution execution = new ThreadExecution(2, Meters.NONE);
  private final ForgetfulDisk disk = new ForgetfulDisk(7);
  private final Deque<Runnable> reads = new ArrayDeque<>();
  private final AtomicInteger ends = new AtomicInteger();
  private final byte[] data = new byte[LENGTH];
  private final ExtentFiles files = open();
  private ExtentRecord record = append();

  private ExtentFiles open() {
    disk.setReader(reads::add);
    try {
      var settings = new ExtentSettings(1L << 20, 128 * BLOCK, 1);
      return new ExtentFiles(
          disk, settings, execution, PooledByteBufAllocator.DEFAULT, Meters.NONE);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private ExtentRecord append() {
    new SplittableRandom(3).nextBytes(data);
    try {
      return files.append(Stream.WRITE, 1, 2, 3, 4, 5, Unpooled.wrappedBuffer(data));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Who waits brings the checksums of the pages into memory. */
  @BeforeEach
  void readAnotherPage() throws IOException {
    files.read(record, 5 * BLOCK + PAGE, 1, Patience.DISK).release();
  }

  @AfterEach
  void stop() throws IOException {
    files.close();
    execution.close();
  }

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  private byte[] read(int skip, int length, Patience patience) throws IOException {
    return copied(files.read(record, skip, length, patience));
  }

  private static byte[] copied(ByteBuf buffer) {
    var bytes = new byte[buffer.readableBytes()];
    buffer.readBytes(bytes).release();
    return bytes;
  }

  private byte[] part(int skip, int length) {
    return Arrays.copyOfRange(data, skip, skip + length);
  }

  private @Nullable DiskRead offered(int skip, int length, Patience patience) {
    var refused =
        catchThrowableOfType(WouldBlock.class, () -> files.read(record, skip, length, patience));
    assertThat(refused.isOnDisk()).isTrue();
    return refused.read();
  }

  private DiskRead begun(int skip, int length) {
    var read = requireNonNull(offered(skip, length, Patience.NONE));
    assertThat(read.begin(ends::incrementAndGet)).isTrue();
    return read;
  }

  private void runReads() {
    for (var task = reads.poll(); task != null; task = reads.poll()) {
      task.run();
    }
  }

  @Test
  void bringsWhatWasAskedForAndNothingElse() throws Exception {
    var length = 2 * PAGE + 7;
    var read = begun(SKIP, length);
    assertThat(ends).hasValue(0);
    runReads();
    assertThat(ends).hasValue(1);
    var patience = Patience.after(read);
    assertThat(offered(SKIP, length - 1, patience)).isNull();
    assertThat(offered(SKIP + 1, length, patience)).isNull();
    // Who needs two would be given one of them again and again.
    assertThat(offered(SKIP + BLOCK, length, patience)).isNull();
    assertThat(read(SKIP, length, patience)).isEqualTo(part(SKIP, length));
    assertThat(offered(SKIP, length, patience)).as("it was taken").isNull();
    read.release();
  }

  @Test
  void isReleasedWhereNobodyTakesIt() {
    var read = begun(SKIP, 10);
    runReads();
    read.release();
    assertThat(ends).hasValue(1);
  }

  /** Who comes to a block again gets all of it, and so waits. */
  @Test
  void isOfferedForTheFirstVisitOfABlock() throws Exception {
    var read = begun(SKIP, 1);
    assertThat(offered(SKIP + PAGE, 1, Patience.NONE)).isNull();
    runReads();
    read.release();
    assertThat(read(SKIP + PAGE, 1, Patience.DISK)).isEqualTo(part(SKIP + PAGE, 1));
    assertThat(read(SKIP, PAGE, Patience.NONE)).isEqualTo(part(SKIP, PAGE));
  }

  @Test
  void isNotOfferedForMuchOrForWhatIsNotKnown() {
    assertThat(offered(SKIP, BLOCK / 2, Patience.NONE)).as("half a block").isNull();
    assertThat(offered(6 * BLOCK, PAGE, Patience.NONE)).as("after the block before").isNull();
    assertThat(offered(3 * BLOCK - PAGE, 2 * PAGE, Patience.NONE)).as("two blocks").isNull();
    record = append();
    assertThat(offered(SKIP, 1, Patience.NONE)).as("without checksums").isNull();
  }

  @Test
  void whoWaitsFindsOutWhatIsWrong() throws Exception {
    disk.flipBit(disk.list().getFirst(), RecordHeader.payloadPosition(record) + SKIP, 0);
    var rotten = begun(SKIP, 1);
    runReads();
    assertThat(ends).hasValue(1);
    assertThat(offered(SKIP, 1, Patience.after(rotten))).isNull();
    rotten.release();
    assertThatThrownBy(() -> read(SKIP, 1, Patience.DISK))
        .isInstanceOf(CorruptExtentException.class);

    var other = SKIP + BLOCK;
    disk.failReads(true);
    var unreadable = begun(other, 1);
    runReads();
    disk.failReads(false);
    assertThat(offered(other, 1, Patience.after(unreadable))).isNull();
    unreadable.release();
    assertThat(read(other, 1, Patience.DISK)).isEqualTo(part(other, 1));
  }

  @Test
  void keepsItsFileUntilItsEnd() throws Exception {
    append();
    append();
    var read = begun(SKIP, 10);
    files.delete(record.file());
    assertThat(files.spareBytes()).isZero();
    runReads();
    assertThat(read(SKIP, 10, Patience.after(read))).isEqualTo(part(SKIP, 10));
    read.release();
    while (files.spareBytes() == 0) {
      Thread.onSpinWait();
    }
    var late = requireNonNull(offered(SKIP + BLOCK, 1, Patience.NONE));
    assertThat(late.begin(ends::incrementAndGet)).isFalse();
  }

  @Test
  void isNotBegunWhereTheFileIsNotOpen() throws Exception {
    append();
    var other = append();
    files.sync(List.of(record, other));
    files.read(other, SKIP, 1, Patience.DISK).release();
    var refused = requireNonNull(offered(SKIP, 1, Patience.NONE));
    assertThat(refused.begin(ends::incrementAndGet)).isFalse();
    assertThat(read(SKIP, 1, Patience.DISK)).isEqualTo(part(SKIP, 1));
    var begun = begun(SKIP + BLOCK, 1);
    runReads();
    assertThat(read(SKIP + BLOCK, 1, Patience.after(begun))).isEqualTo(part(SKIP + BLOCK, 1));
    begun.release();
    assertThat(ends).hasValue(1);
  }
}
