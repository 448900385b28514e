package io.bucketfs.cache.extent;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.LeakPresenceDetector;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class RamTierTest {
  private static final int LENGTH = 4096;
  private static final int KEYS = 64;
  private static final int THREADS = 8;
  private static final int ROUNDS = 40_000;

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  private static RamTier.Key key(int number) {
    return new RamTier.Key(1, number, 0);
  }

  private static ByteBuf block(int number) {
    var buffer = PooledByteBufAllocator.DEFAULT.directBuffer(LENGTH, LENGTH);
    while (buffer.isWritable()) {
      buffer.writeInt(number);
    }
    return buffer;
  }

  @Test
  void keepsItsBound() {
    try (var ram = new RamTier(100_000)) {
      for (var i = 0; i < 1_000; i++) {
        ram.put(key(i), block(i));
        assertThat(ram.bytes()).isLessThanOrEqualTo(100_000);
      }
    }
  }

  @Test
  void itsBoundIsChangedBothWays() {
    try (var ram = new RamTier(100_000)) {
      for (var i = 0; i < 1_000; i++) {
        ram.put(key(i), block(i));
      }
      ram.setBytesMax(20_000);
      assertThat(ram.bytes()).isLessThanOrEqualTo(20_000);
      ram.setBytesMax(400_000);
      for (var i = 1_000; i < 2_000; i++) {
        ram.put(key(i), block(i));
      }
      assertThat(ram.bytes()).isBetween(300_000L, 400_000L);
    }
  }

  @Test
  void keepsNothingAfterClose() {
    var ram = new RamTier(100_000);
    ram.put(key(1), block(1));
    ram.close();
    ram.put(key(2), block(2));
    assertThat(ram.get(key(1), 0, 1)).isNull();
    assertThat(ram.get(key(2), 0, 1)).isNull();
  }

  @Test
  void aReaderKeepsWhatWasEvicted() {
    var ram = new RamTier(100_000);
    ram.put(key(1), block(1));
    var held = ram.get(key(1), 8, 4);
    ram.close();
    assertThat(held).isNotNull();
    assertThat(held.readInt()).isEqualTo(1);
    assertThat(held.release()).isTrue();
  }

  /** Buffers are recycled at once, so that a reader of a freed one would see another's bytes. */
  @Test
  void readersRaceWithEviction() throws Exception {
    try (var ram = new RamTier(KEYS * LENGTH / 4);
        var threads = Executors.newFixedThreadPool(THREADS)) {
      var done =
          IntStream.range(0, THREADS)
              .mapToObj(thread -> threads.submit(() -> race(ram, new SplittableRandom(thread))))
              .toList();
      for (Future<?> each : done) {
        each.get();
      }
    }
  }

  private static void race(RamTier ram, SplittableRandom random) {
    Deque<ByteBuf> held = new ArrayDeque<>();
    Deque<Integer> numbers = new ArrayDeque<>();
    for (var round = 0; round < ROUNDS; round++) {
      var number = random.nextInt(KEYS);
      var from = random.nextInt(LENGTH / 4) * 4;
      var slice = ram.get(key(number), from, 4);
      if (slice == null) {
        ram.put(key(number), block(number));
      } else {
        held.add(slice);
        numbers.add(number);
      }
      if (held.size() > random.nextInt(1, 10)) {
        check(held.remove(), numbers.remove());
      }
    }
    while (!held.isEmpty()) {
      check(held.remove(), numbers.remove());
    }
  }

  private static void check(ByteBuf slice, int number) {
    assertThat(slice.getInt(0)).isEqualTo(number);
    slice.release();
  }
}
