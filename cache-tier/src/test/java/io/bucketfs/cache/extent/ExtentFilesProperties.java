package io.bucketfs.cache.extent;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore.Replayed;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.local.ExtentStore.Tail;
import io.bucketfs.core.local.ForgetfulDisk;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Random appends, syncs, reads and deletions by several tasks at once, on a disk that forgets, with
 * a crash at a random instant of each of several lives; compared with plain maps.
 */
class ExtentFilesProperties {
  private static final int SEEDS = 60;
  private static final int LIVES = 5;
  private static final int TASKS = 6;

  /** Tasks that a crash abandons never release their buffers, which is no leak. */
  private static final ByteBufAllocator ALLOCATOR = new UnpooledByteBufAllocator(false, true);

  @Test
  void keepsWhatItPromised() throws Exception {
    for (var seed = 0; seed < SEEDS; seed++) {
      try {
        new World(seed).run();
      } catch (Throwable t) {
        throw new AssertionError("seed " + seed, t);
      }
    }
  }

  /** One seed's disk, store and model. Content ids number the records. */
  private static final class World {
    private final SplittableRandom random;
    private final SimulatedExecution execution;
    private final ExtentSettings settings;

    /** Whether there are records that are written beside each other. */
    private final boolean large;

    private ForgetfulDisk disk;
    private ExtentFiles files;
    private long contents;

    /** What was given to append, whether or not it returned. */
    private final Map<Long, byte[]> tried = new HashMap<>();

    /** Records that append returned and no power loss may have taken. */
    private final Map<Long, ExtentRecord> appended = new HashMap<>();

    /** Contents that must outlive everything. */
    private final Set<Long> synced = new HashSet<>();

    /** Every place that was ever given out. */
    private final Set<Tail> places = new HashSet<>();

    World(long seed) throws IOException {
      random = new SplittableRandom(seed);
      execution = new SimulatedExecution(seed);
      disk = new ForgetfulDisk(seed);
      large = seed % 3 == 0;
      settings = new ExtentSettings(large ? 1_000_000 : 200_000, seed % 2 == 0 ? 0 : 300_000, 2);
      files = open();
    }

    private ExtentFiles open() throws IOException {
      return new ExtentFiles(
          new UnhurriedDisk(disk, execution), settings, execution, ALLOCATOR, Meters.NONE);
    }

    void run() throws Exception {
      for (var life = 0; life < LIVES; life++) {
        execution.run(this::live);
        crash(random.nextBoolean() ? Crash.KILL : Crash.POWER);
      }
    }

    /** Starts the tasks, and returns while they are busy. */
    private void live() throws Exception {
      if (large) {
        makeSpares();
      }
      for (var i = 0; i < TASKS; i++) {
        var own = random.split();
        execution.fork("task " + i, () -> work(own));
      }
      execution.sleep(Duration.ofMillis(random.nextInt(1, 60)));
      if (large) {
        for (var i = 0; i < TASKS; i++) {
          var own = random.split();
          execution.fork("burst " + i, () -> burst(own));
        }
      }
      for (var i = random.nextInt(large ? 60 : 20); i > 0; i--) {
        // Tasks stand in the middle of things only while others are runnable.
        execution.offload(() -> true);
      }
    }

    /** Large records are written beside each other only where a file has its blocks already. */
    private void makeSpares() throws IOException {
      for (var i = 0; i < 60; i++) {
        append(random);
      }
      for (var i = 0; i < 20; i++) {
        deleteOldest();
      }
    }

    private void burst(SplittableRandom own) {
      try {
        for (var i = 0; i < 4; i++) {
          append(own);
        }
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    private void work(SplittableRandom own) {
      var mine = new ArrayList<ExtentRecord>();
      while (true) {
        try {
          execution.sleep(Duration.ofMillis(own.nextInt(10)));
          switch (own.nextInt(12)) {
            case 0, 1, 2, 3, 4, 5 -> mine.add(append(own));
            case 6, 7, 8 -> sync(own, mine);
            case 9, 10 -> readBack(own);
            default -> disturb(own);
          }
        } catch (IOException e) {
          // A sync that was made to fail, or another task deleted the file.
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
    }

    private ExtentRecord append(SplittableRandom own) throws IOException {
      var content = ++contents;
      var data = new byte[length(own)];
      own.nextBytes(data);
      tried.put(content, data);
      var stream = own.nextInt(4) == 0 ? Stream.FILL : Stream.WRITE;
      var payload = Unpooled.wrappedBuffer(data);
      var record = files.append(stream, 1, content, content, content, content, payload);
      assertThat(places.add(new Tail(record.file(), record.position()))).isTrue();
      appended.put(content, record);
      return record;
    }

    private int length(SplittableRandom own) {
      if (large && own.nextBoolean()) {
        return own.nextInt(RecordHeader.LARGE_BYTES_MIN, 2 * RecordHeader.LARGE_BYTES_MIN);
      }
      return own.nextInt(8) == 0 ? own.nextInt(1, 150_000) : own.nextInt(1, 3_000);
    }

    private void sync(SplittableRandom own, List<ExtentRecord> mine) throws IOException {
      var chosen =
          own.nextInt(3) == 0
              ? appended.values().stream().filter(_ -> own.nextInt(5) == 0).toList()
              : List.copyOf(mine);
      files.sync(chosen);
      for (var record : chosen) {
        if (appended.containsKey(record.content())) {
          synced.add(record.content());
        }
      }
      mine.clear();
    }

    private void readBack(SplittableRandom own) throws IOException {
      var all = List.copyOf(appended.values());
      if (!all.isEmpty()) {
        check(all.get(own.nextInt(all.size())));
      }
    }

    private void disturb(SplittableRandom own) throws IOException {
      switch (own.nextInt(8)) {
        case 0, 1 -> disk.failSyncs(1);
        case 2 -> files.trim();
        default -> deleteOldest();
      }
    }

    private void deleteOldest() throws IOException {
      var sealed = files.files().stream().filter(file -> !file.open()).toList();
      if (sealed.size() > 3) {
        var file = sealed.getFirst().file();
        for (var record : List.copyOf(appended.values())) {
          if (record.file() == file) {
            appended.remove(record.content());
            synced.remove(record.content());
          }
        }
        files.delete(file);
      }
    }

    private void check(ExtentRecord record) throws IOException {
      var buffer = files.read(record, 0, record.length(), Patience.FOREVER);
      var data = new byte[buffer.readableBytes()];
      buffer.readBytes(data).release();
      assertThat(data).isEqualTo(tried.get(record.content()));
    }

    private void crash(Crash kind) throws IOException {
      disk.failSyncs(0);
      disk = disk.crash(kind, random);
      execution.abandonAll();
      files = open();
      if (kind == Crash.POWER) {
        appended.keySet().retainAll(synced);
      }
      execution.run(this::checkAll);
    }

    private void checkAll() throws IOException {
      var found = new ArrayList<Replayed>();
      files.replay(0, 0, found::add);
      var replayed = new HashMap<Long, ExtentRecord>();
      Tail last = new Tail(0, 0);
      for (var each : found) {
        var place = new Tail(each.record().file(), each.record().position());
        assertThat(place).isGreaterThanOrEqualTo(last);
        last = place;
        assertThat(each.inode()).isEqualTo(each.record().content());
        check(each.record());
        replayed.put(each.record().content(), each.record());
      }
      for (var record : appended.values()) {
        check(record);
        if (disk.list().contains(name(record))) {
          assertThat(replayed).containsKey(record.content());
        }
      }
      assertThat(files.diskBytes())
          .isEqualTo(files.files().stream().mapToLong(file -> file.sizeBytes()).sum());
    }

    private static String name(ExtentRecord record) {
      return "%012d.w".formatted(record.file());
    }
  }
}
