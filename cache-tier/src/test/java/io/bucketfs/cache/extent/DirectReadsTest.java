package io.bucketfs.cache.extent;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.bucketfs.core.local.Disk.DiskFile;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs a disk that is read past the page cache. */
@SuppressWarnings("NullAway.Init") // JUnit sets the directory, and open the rest
class DirectReadsTest {
  private static final int PAGE = RecordHeader.ALIGNMENT;
  private static final int PAGES = 512;
  private static final int MANY = 64;
  private static final long REFUSED = Long.MIN_VALUE;

  private final ThreadExecution execution = new ThreadExecution(2, Meters.NONE);
  private final byte[] bytes = new byte[PAGES * PAGE + 100];
  @TempDir private Path directory;
  private DirectReads reads;
  private DiskFile file;

  @BeforeEach
  void open() throws IOException {
    var found = DirectReads.open(execution);
    assumeTrue(found != null);
    reads = requireNonNull(found);
    new SplittableRandom(5).nextBytes(bytes);
    file = new RealDisk(directory, reads).create("a");
    file.write(0, ByteBuffer.wrap(bytes));
    file.sync();
    file.prepareReads();
    assumeTrue(begin(0, memory(PAGE)).await() == PAGE);
  }

  @AfterEach
  void close() throws IOException {
    if (reads != null) {
      file.close();
      reads.close();
    }
    execution.close();
  }

  private static ByteBuffer memory(int length) {
    return ByteBuffer.allocateDirect(length + PAGE).alignedSlice(PAGE).limit(length);
  }

  /** A read that was begun, or that could not be. */
  private record Begun(AtomicReference<Long> result, CountDownLatch ended) {
    boolean isRefused() {
      return ended.getCount() == 0 && await() == REFUSED;
    }

    long await() {
      try {
        assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return result.get();
    }
  }

  private Begun begin(long position, ByteBuffer target) {
    var begun = new Begun(new AtomicReference<>(), new CountDownLatch(1));
    var isBegun =
        file.beginRead(
            position,
            target,
            read -> {
              begun.result.set(read);
              begun.ended.countDown();
            });
    if (!isBegun) {
      begun.result.set(REFUSED);
      begun.ended.countDown();
    }
    return begun;
  }

  @Test
  void readsWhatThereIsForSeveralThreads() throws Exception {
    var threads = List.of(Executors.newSingleThreadExecutor(), Executors.newSingleThreadExecutor());
    var random = new SplittableRandom(9);
    for (var round = 0; round < 100; round++) {
      var all = new ArrayList<Runnable>();
      for (var i = 0; i < 20; i++) {
        var page = random.nextInt(PAGES + 1);
        var length = random.nextInt(1, 5) * PAGE;
        var target = memory(length);
        var from = page * PAGE;
        var expected = Math.min(length, bytes.length - from);
        var begun = threads.get(i % 2).submit(() -> begin(from, target));
        all.add(() -> {
          assertThat(begun.resultNow().await()).isEqualTo(expected);
          assertThat(target.slice(0, expected)).isEqualTo(ByteBuffer.wrap(bytes, from, expected));
        });
      }
      for (var thread : threads) {
        thread.submit(() -> {}).get();
      }
      all.forEach(Runnable::run);
    }
    threads.forEach(ExecutorService::close);
  }

  @Test
  void refusesWhatCannotPassByThePageCache() throws Exception {
    var refused = new AtomicInteger();
    assertThat(file.beginRead(1, memory(PAGE), _ -> refused.set(1))).isFalse();
    assertThat(file.beginRead(0, memory(PAGE - 1), _ -> refused.set(2))).isFalse();
    var shifted = memory(2 * PAGE).position(8).limit(8 + PAGE);
    assertThat(file.beginRead(0, shifted, _ -> refused.set(3))).isFalse();
    var heap = ByteBuffer.allocate(PAGE);
    assertThat(file.beginRead(0, heap, _ -> refused.set(5))).isFalse();
    try (var unprepared = new RealDisk(directory, reads).open("a")) {
      assertThat(unprepared.beginRead(0, memory(PAGE), _ -> refused.set(4))).isFalse();
    }
    assertThat(refused).hasValue(0);
  }

  @Test
  void refusesMoreThanItHasRoomFor() {
    var all = new ArrayList<Begun>();
    var refused = false;
    for (var i = 0; i < 100_000 && !refused; i++) {
      var begun = begin(0, memory(MANY * PAGE));
      refused = begun.isRefused();
      all.add(begun);
    }
    assertThat(refused).isTrue();
    all.removeLast();
    assertThat(all).hasSizeGreaterThan(32).allMatch(begun -> begun.await() == MANY * PAGE);
    assertThat(begin(0, memory(PAGE)).await()).isEqualTo(PAGE);
  }

  @Test
  void endsWithItsReadsDoneAndBeginsNoMore() throws Exception {
    var all = new ArrayList<Begun>();
    for (var i = 0; i < 32; i++) {
      all.add(begin(0, memory(MANY * PAGE)));
    }
    reads.close();
    assertThat(all).allMatch(begun -> begun.ended.getCount() == 0);
    assertThat(all).allMatch(begun -> begun.await() == MANY * PAGE);
    assertThat(begin(0, memory(PAGE)).isRefused()).isTrue();
    file.close();
    assertThat(begin(0, memory(PAGE)).isRefused()).isTrue();
  }
}
