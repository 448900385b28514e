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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Needs a disk that is read past the page cache. */
@SuppressWarnings("NullAway.Init") // JUnit sets the directory, and open the rest
class DirectReadsTest {
  private static final int PAGE = RecordHeader.ALIGNMENT;
  private static final int PAGES = 512;

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
    assumeTrue(begin(0, memory(PAGE), Runnable::run).await() == PAGE);
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
    long await() {
      try {
        assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return result.get();
    }
  }

  private Begun begin(long position, ByteBuffer target, Executor loop) {
    var begun = new Begun(new AtomicReference<>(), new CountDownLatch(1));
    var isBegun =
        file.beginRead(
            position,
            target,
            loop,
            read -> {
              begun.result.set(read);
              begun.ended.countDown();
            });
    if (!isBegun) {
      begun.result.set(Long.MIN_VALUE);
      begun.ended.countDown();
    }
    return begun;
  }

  @Test
  void readsWhatThereIsFromSeveralLoops() throws Exception {
    var loops = List.of(Executors.newSingleThreadExecutor(), Executors.newSingleThreadExecutor());
    var random = new SplittableRandom(9);
    for (var round = 0; round < 100; round++) {
      var all = new ArrayList<Runnable>();
      for (var i = 0; i < 20; i++) {
        var loop = loops.get(i % 2);
        var page = random.nextInt(PAGES + 1);
        var length = random.nextInt(1, 5) * PAGE;
        var target = memory(length);
        var from = page * PAGE;
        var expected = Math.min(length, bytes.length - from);
        var begun = loop.submit(() -> begin(from, target, loop)).get();
        all.add(() -> {
          assertThat(begun.await()).isEqualTo(expected);
          assertThat(target.slice(0, expected)).isEqualTo(ByteBuffer.wrap(bytes, from, expected));
        });
      }
      all.forEach(Runnable::run);
    }
    loops.forEach(ExecutorService::close);
  }

  /** Either a batch is full, or the loop has done what it is at. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 5, 21})
  void sendsAFewTogether(int count) {
    var tasks = new ArrayList<Runnable>();
    var all = new ArrayList<Begun>();
    Executor loop = tasks::add;
    for (var i = 0; i < count; i++) {
      all.add(begin((long) i * PAGE, memory(PAGE), loop));
    }
    assertThat(tasks).hasSize(1);
    var rest = count % 4;
    assertThat(all.subList(0, count - rest)).allMatch(begun -> begun.await() == PAGE);
    assertThat(all.subList(count - rest, count)).allMatch(begun -> begun.ended.getCount() == 1);
    tasks.getFirst().run();
    assertThat(all).allMatch(begun -> begun.await() == PAGE);
    all.add(begin(0, memory(PAGE), loop));
    assertThat(tasks).hasSize(2);
    tasks.getLast().run();
    assertThat(all.getLast().await()).isEqualTo(PAGE);
  }

  @Test
  void refusesWhatCannotPassByThePageCache() throws Exception {
    var refused = new AtomicInteger();
    assertThat(file.beginRead(1, memory(PAGE), Runnable::run, _ -> refused.set(1))).isFalse();
    assertThat(file.beginRead(0, memory(PAGE - 1), Runnable::run, _ -> refused.set(2))).isFalse();
    var shifted = memory(2 * PAGE).position(8).limit(8 + PAGE);
    assertThat(file.beginRead(0, shifted, Runnable::run, _ -> refused.set(3))).isFalse();
    var heap = ByteBuffer.allocate(PAGE);
    assertThat(file.beginRead(0, heap, Runnable::run, _ -> refused.set(5))).isFalse();
    try (var unprepared = new RealDisk(directory, reads).open("a")) {
      assertThat(unprepared.beginRead(0, memory(PAGE), Runnable::run, _ -> refused.set(4)))
          .isFalse();
    }
    assertThat(refused).hasValue(0);
  }

  @Test
  void refusesMoreThanItHasRoomFor() {
    var refused = 0;
    var tasks = new ArrayList<Runnable>();
    var all = new ArrayList<Begun>();
    for (var loops = 0; loops < 200; loops++) {
      Executor loop = task -> tasks.add(task);
      for (var i = 0; i < 3; i++) {
        var begun = begin(0, memory(PAGE), loop);
        if (begun.ended.getCount() == 0) {
          refused++;
        } else {
          all.add(begun);
        }
      }
    }
    assertThat(refused).isPositive().isLessThan(600);
    for (var task : tasks) {
      task.run();
      assertThat(all.removeFirst().await()).isEqualTo(PAGE);
    }
    assertThat(all).allMatch(begun -> begun.await() == PAGE);
    assertThat(begin(0, memory(PAGE), Runnable::run).await()).isEqualTo(PAGE);
  }

  @Test
  void endsWithItsReadsDoneAndBeginsNoMore() throws Exception {
    var tasks = new ArrayList<Runnable>();
    Executor loop = tasks::add;
    var begun = begin(0, memory(PAGE), loop);
    var closing = Thread.ofVirtual().start(reads::close);
    while (file.beginRead(0, memory(PAGE), Runnable::run, _ -> {})) {
      Thread.onSpinWait();
    }
    assertThat(closing.join(Duration.ofMillis(50))).isFalse();
    tasks.getFirst().run();
    assertThat(begun.await()).isEqualTo(PAGE);
    closing.join();
    file.close();
    assertThat(file.beginRead(0, memory(PAGE), Runnable::run, _ -> {})).isFalse();
  }
}
