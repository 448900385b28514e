package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.admin.KeepOrders.Place;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.PatternBytes;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.Export;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.bucketfs.core.writeback.MultipartLimits;
import io.bucketfs.core.writeback.WritebackLimits;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The cap holds whatever comes in, and what it costs the writers. Time is virtual. */
@Timeout(60)
final class DiskCapTest {
  private static final int UNIT = 256 << 10;
  private static final long CAP = 64L * UNIT;
  private static final long INDEX_BYTES = UNIT;
  private static final Duration HELD_MAX = Duration.ofSeconds(15);

  private long mostUsed;

  private static FileId root(SimulatedWorld world, String mount) {
    return world.files().exports().stream()
        .filter(export -> export.name().equals(mount))
        .map(Export::root)
        .findFirst()
        .orElseThrow();
  }

  /**
   * Writes a unit of a pattern, as a client does that comes back after a delay; how long it took.
   */
  private Duration write(SimulatedWorld world, FileId file, long offset, long seed)
      throws FileSystemException {
    return write(world, file, offset, seed, Stability.FILE_SYNC);
  }

  private Duration write(
      SimulatedWorld world, FileId file, long offset, long seed, Stability stability)
      throws FileSystemException {
    var begin = world.execution.nanoTime();
    var data = Unpooled.wrappedBuffer(PatternBytes.of(seed, offset, UNIT));
    while (true) {
      try {
        world
            .files()
            .write(
                file,
                offset,
                data.duplicate(),
                stability,
                Patience.atMost(HELD_MAX, world.execution.nanoTime()));
        sample(world);
        return Duration.ofNanos(world.execution.nanoTime() - begin);
      } catch (FileSystemException e) {
        if (e.error() != FsError.DELAY) {
          throw e;
        }
        sample(world);
      }
    }
  }

  private static boolean isRefused(SimulatedWorld world, FileId file, long offset) {
    try {
      world
          .files()
          .write(
              file,
              offset,
              Unpooled.wrappedBuffer(new byte[UNIT]),
              Stability.FILE_SYNC,
              Patience.atMost(HELD_MAX, world.execution.nanoTime()));
      return false;
    } catch (FileSystemException e) {
      assertThat(e.error()).isEqualTo(FsError.DELAY);
      return true;
    }
  }

  private void sample(SimulatedWorld world) {
    mostUsed = Math.max(mostUsed, world.gateway().administration().status().diskBytes());
  }

  /** Writes files of a unit until one is refused; how many there are then. */
  private static int writeUntilRefused(SimulatedWorld world, FileId root)
      throws FileSystemException {
    for (var count = 0; ; count++) {
      if (isRefused(world, world.create(root, "f" + count), 0)) {
        return count;
      }
    }
  }

  @Test
  void writersSlowDownSmoothlyToTheRateOfTheStore() {
    var world = new SimulatedWorld(1, CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      var root = world.root();
      world.bucket.faults().bytesPerSecondMax(4 * UNIT);
      var longest = Duration.ZERO;
      var begin = world.execution.nanoTime();
      for (var i = 0; i < 300; i++) {
        var took = write(world, world.create(root, "f" + i), 0, i);
        longest = took.compareTo(longest) > 0 ? took : longest;
      }
      var seconds = (world.execution.nanoTime() - begin) / 1e9;
      // The store takes 75 s for all; the last of it is still here.
      assertThat(seconds).isBetween(40.0, 110.0);
      assertThat(longest).isLessThan(Duration.ofSeconds(3));
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
      world.gateway().administration().flush("sim", "", true);
      for (var i = 0; i < 300; i++) {
        assertThat(world.bucket.foreign().get("f" + i)).isEqualTo(PatternBytes.of(i, 0, UNIT));
      }
    });
    world.execution.abandonAll();
  }

  @Test
  void whileTheStoreIsGoneWritersWaitAndReadsGoOnUntilItHeals() {
    var world = new SimulatedWorld(2, CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      world.create("first");
      world.bucket.faults().always(Fault.UNREACHABLE);
      var written = writeUntilRefused(world, world.root());
      sample(world);
      // Six tenths of the cap may be dirty, less a reserve; the last of it is given out slowly.
      assertThat(written).isBetween(25, 38);
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
      for (var i = 0; i < written; i++) {
        var id = world.files().lookup(Caller.ROOT, world.root(), "f" + i, Patience.FOREVER).id();
        assertThat(SimulatedClient.contents(world.files(), id)).isEqualTo(new byte[UNIT]);
      }
      world.bucket.faults().always(null);
      var file = world.create("after");
      assertThat(write(world, file, 0, 7)).isLessThan(Duration.ofMinutes(1));
    });
    world.execution.abandonAll();
  }

  /**
   * What is overwritten is not dirty: its place is had again also while nothing can be exported.
   */
  @Test
  void aFileIsRewrittenForEverWhileTheStoreIsGone() {
    var world = new SimulatedWorld(3, CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      var file = world.create("database");
      world.bucket.faults().always(Fault.UNREACHABLE);
      write(world, world.create("other"), 0, 9);
      for (var i = 0; i < 400; i++) {
        assertThat(write(world, file, 0, i)).isLessThan(HELD_MAX);
      }
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
      assertThat(SimulatedClient.contents(world.files(), file))
          .isEqualTo(PatternBytes.of(399, 0, UNIT));
    });
    world.execution.abandonAll();
  }

  @Test
  void rule22aMountWhoseStoreIsGoneDoesNotSlowAnother() {
    var world = new SimulatedWorld(4, CAP);
    world.execution.run(() -> {
      var other = world.addBucket("other");
      world.start();
      world.createMount();
      world.createMount("other");
      world.create(root(world, "sim"), "first");
      world.bucket.faults().always(Fault.UNREACHABLE);
      other.faults().delay(RequestKind.PUT, Duration.ofMillis(30), Duration.ofMillis(30));
      writeUntilRefused(world, root(world, "sim"));
      var begin = world.execution.nanoTime();
      for (var i = 0; i < 100; i++) {
        assertThat(write(world, world.create(root(world, "other"), "g" + i), 0, i))
            .isLessThan(Duration.ofSeconds(2));
      }
      assertThat(Duration.ofNanos(world.execution.nanoTime() - begin))
          .isLessThan(Duration.ofSeconds(60));
      sample(world);
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
    });
    world.execution.abandonAll();
  }

  @Test
  void theCapIsChangedWhileClientsWrite() {
    var world = new SimulatedWorld(5, 2 * CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      var administration = world.gateway().administration();
      for (var i = 0; i < 100; i++) {
        write(world, world.create("f" + i), 0, i);
      }
      assertThat(administration.status().diskBytes()).isGreaterThan(CAP);
      administration.setDiskBytesMax(CAP / 2);
      var file = world.create("more");
      for (var i = 0; i < 20; i++) {
        write(world, file, (long) i * UNIT, 5);
      }
      assertThat(administration.status().diskBytes()).isLessThanOrEqualTo(CAP / 2);
      administration.setDiskBytesMax(2 * CAP);
      for (var i = 0; i < 100; i++) {
        write(world, world.create("g" + i), 0, i);
      }
      assertThat(administration.status().diskBytes()).isGreaterThan(CAP);
    });
    world.execution.abandonAll();
  }

  @Test
  void theHostKeepsItsFreeBytes() {
    var free = 16L * UNIT;
    var host = 48L * UNIT;
    var world = new SimulatedWorld(6, 1L << 40, free);
    world.limitHost(host);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      for (var i = 0; i < 100; i++) {
        write(world, world.create("f" + i), 0, i);
      }
      // The index is not on this disk.
      assertThat(mostUsed).isLessThanOrEqualTo(host - free + INDEX_BYTES);
      var status = world.gateway().administration().status();
      assertThat(status.diskBytesNow()).isLessThanOrEqualTo(host - free + INDEX_BYTES);
      assertThat(status.diskBytesMax()).isEqualTo(1L << 40);
    });
    world.execution.abandonAll();
  }

  private static SimulatedWorld worldOfParts(long seed) {
    var parts =
        new MultipartLimits(
            4 * UNIT,
            2 * UNIT,
            SimulatedWorld.PART_BYTES_MIN,
            16 * UNIT,
            64 * UNIT,
            4,
            4,
            Duration.ofMinutes(10));
    return new SimulatedWorld(seed, CAP, 0, WritebackLimits.DEFAULT.with(parts));
  }

  /**
   * A file of more than may be dirty is written without a pause: it goes to the store at the rate
   * of the store, and hardly a byte of it twice.
   */
  @Test
  void aFileLargerThanTheDirtyShareIsWrittenAtTheRateOfTheStore() {
    var world = worldOfParts(9);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      var file = world.create("big");
      var units = 54;
      world.bucket.faults().bytesPerSecondMax(2 * UNIT);
      var begin = world.execution.nanoTime();
      for (var i = 0; i < units; i++) {
        write(world, file, (long) i * UNIT, 1);
      }
      world.gateway().administration().flush("sim", "", true);
      assertThat(Duration.ofNanos(world.execution.nanoTime() - begin))
          .isBetween(Duration.ofSeconds(26), Duration.ofSeconds(35));
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
      assertThat(world.bucket.counts().bytesIn()).isLessThan((long) units * UNIT * 11 / 10);
      assertThat(world.bucket.foreign().get("big")).isEqualTo(PatternBytes.of(1, 0, units * UNIT));
    });
    world.execution.abandonAll();
  }

  /**
   * A client need not commit before the end: what is held back is committed without being asked.
   */
  @Test
  void aFileLargerThanTheDiskIsWrittenThoughTheClientNeverCommits() {
    var world = worldOfParts(11);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      var file = world.create("big");
      var units = 3 * (int) (CAP / UNIT);
      world.bucket.faults().bytesPerSecondMax(2 * UNIT);
      for (var i = 0; i < units; i++) {
        var held = write(world, file, (long) i * UNIT, 1, Stability.UNSTABLE);
        assertThat(held).as("unit %d", i).isLessThan(Duration.ofMinutes(2));
      }
      world.gateway().administration().flush("sim", "", true);
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
      assertThat(world.bucket.foreign().get("big")).isEqualTo(PatternBytes.of(1, 0, units * UNIT));
      for (var i = 0; i < units; i++) {
        var read = world.files().read(file, (long) i * UNIT, UNIT, Patience.FOREVER).data();
        assertThat(ByteBufUtil.getBytes(read)).isEqualTo(PatternBytes.of(1, (long) i * UNIT, UNIT));
        read.release();
        sample(world);
      }
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
    });
    world.execution.abandonAll();
  }

  /** What makes no room is not exported again and again because room is needed. */
  @Test
  void aLogIsNotExportedWithEveryLineWhileSomethingElseFillsTheDisk() {
    var world = worldOfParts(10);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      world
          .bucket
          .faults()
          .hook((kind, key) -> {
            if (key.equals("big") && kind != RequestKind.LIST) {
              throw new ObjectStoreException(new BackendFailure.Unreachable("not now"));
            }
          });
      var big = world.create("big");
      for (var i = 0; i < 24; i++) {
        write(world, big, (long) i * UNIT, 1);
      }
      var log = world.create("log");
      var before = world.bucket.counts().of(RequestKind.PUT);
      var line = new byte[100];
      for (var i = 0; i < 600; i++) {
        world.execution.sleep(Duration.ofMillis(100));
        world
            .files()
            .write(
                log,
                i * 100L,
                Unpooled.wrappedBuffer(line),
                Stability.FILE_SYNC,
                Patience.atMost(HELD_MAX, world.execution.nanoTime()));
      }
      assertThat(world.bucket.counts().of(RequestKind.PUT) - before).isLessThan(5);
      world.execution.sleep(Duration.ofSeconds(10));
      assertThat(world.bucket.foreign().get("log")).isNotNull();
    });
    world.execution.abandonAll();
  }

  /** What cannot be read cannot be moved; everything else makes room all the same. */
  @Test
  void aDamagedDirtyRecordDoesNotStopEviction() {
    var world = new SimulatedWorld(8, CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      world
          .bucket
          .faults()
          .hook((kind, key) -> {
            if (kind == RequestKind.PUT && key.equals("damaged")) {
              throw new ObjectStoreException(new BackendFailure.Unreachable("not now"));
            }
          });
      write(world, world.create("damaged"), 0, 1);
      for (var name : world.disk().list()) {
        world.disk().flipBit(name, UNIT / 2, 3);
      }
      for (var i = 0; i < 200; i++) {
        assertThat(write(world, world.create("f" + i), 0, i)).isLessThan(HELD_MAX);
      }
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
      readAll(world, "f0", 0);
    });
    world.execution.abandonAll();
  }

  /** What is pinned is read without a request whatever else passes through the cache. */
  @Test
  void whatIsPinnedOutlivesEverything() {
    var world = new SimulatedWorld(12, CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      for (var i = 0; i < 12; i++) {
        world.bucket.foreign().put("kept/f" + i, PatternBytes.of(i, 0, UNIT));
      }
      for (var i = 0; i < 200; i++) {
        world.bucket.foreign().put("cold" + i, PatternBytes.of(1000 + i, 0, UNIT));
      }
      var kept = List.of(new Place("sim", "kept"));
      var keep = world.gateway().administration().keep();
      assertThat(keep.pin(kept, _ -> true).files()).isEqualTo(12);
      assertThat(keep.warm(kept, _ -> true).bytes()).isEqualTo(12L * UNIT);
      for (var i = 0; i < 200; i++) {
        readAll(world, "cold" + i, 1000 + i);
        write(world, world.create("new" + i % 20), 0, i);
      }
      world.gateway().administration().flush("sim", "", true);
      var gets = world.bucket.counts().of(RequestKind.GET);
      var directory = lookup(world, world.root(), "kept");
      for (var i = 0; i < 12; i++) {
        var file = lookup(world, directory, "f" + i);
        var read = world.files().read(file, 0, UNIT, Patience.FOREVER).data();
        assertThat(ByteBufUtil.getBytes(read)).isEqualTo(PatternBytes.of(i, 0, UNIT));
        read.release();
      }
      assertThat(world.bucket.counts().of(RequestKind.GET)).isEqualTo(gets);
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
    });
    world.execution.abandonAll();
  }

  /** A pinned directory that outgrows its share does not wedge the cache, nor takes all of it. */
  @Test
  void aPinnedDirectoryThatOutgrowsItsShareMakesWay() {
    var world = new SimulatedWorld(13, CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      var directory =
          world
              .files()
              .make(
                  Caller.ROOT,
                  world.root(),
                  "kept",
                  new NewNode.Directory(),
                  SetAttributes.NONE,
                  Patience.FOREVER)
              .attributes()
              .id();
      var keep = world.gateway().administration().keep();
      var kept = List.of(new Place("sim", "kept"));
      assertThat(keep.pin(kept, _ -> true).failed()).isZero();
      for (var i = 0; i < 150; i++) {
        assertThat(write(world, world.create(directory, "f" + i), 0, i)).isLessThan(HELD_MAX);
      }
      world.gateway().administration().flush("sim", "", true);
      for (var i = 0; i < 150; i++) {
        readAll(world, directory, "f" + i, i);
        sample(world);
      }
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
    });
    world.execution.abandonAll();
  }

  private static FileId lookup(SimulatedWorld world, FileId directory, String name)
      throws FileSystemException {
    return world.files().lookup(Caller.ROOT, directory, name, Patience.FOREVER).id();
  }

  private static void readAll(SimulatedWorld world, FileId directory, String name, long seed)
      throws FileSystemException {
    var read = world.files().read(lookup(world, directory, name), 0, UNIT, Patience.FOREVER).data();
    assertThat(ByteBufUtil.getBytes(read)).isEqualTo(PatternBytes.of(seed, 0, UNIT));
    read.release();
  }

  /** A scan of more than the cache holds does not wash out what is read again and again. */
  @Test
  void whatIsReadAgainOutlivesAScan() {
    var world = new SimulatedWorld(7, CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      for (var i = 0; i < 8; i++) {
        world.bucket.foreign().put("hot" + i, PatternBytes.of(i, 0, UNIT));
      }
      for (var i = 0; i < 200; i++) {
        world.bucket.foreign().put("cold" + i, PatternBytes.of(1000 + i, 0, UNIT));
      }
      var gets = 0L;
      for (var i = 0; i < 200; i++) {
        readAll(world, "cold" + i, 1000 + i);
        // The RAM tier holds four, so that these come from the disk.
        for (var hot = 0; hot < 8; hot++) {
          readAll(world, "hot" + hot, hot);
        }
        if (i == 0) {
          gets = world.bucket.counts().of(RequestKind.GET);
        }
        sample(world);
      }
      assertThat(world.bucket.counts().of(RequestKind.GET) - gets).isLessThan(199 + 10);
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
    });
    world.execution.abandonAll();
  }

  /** Each fits when it begins, and all together do not. */
  @Test
  void fillsThatRunAtTheSameTimeDoNotExceedTheCap() {
    var world = new SimulatedWorld(8, CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      world.bucket.faults().delay(Duration.ofMillis(10), Duration.ofMillis(50));
      world.bucket.faults().bytesPerSecondMax(100 * UNIT);
      var readers = 40;
      for (var i = 0; i < 2 * readers; i++) {
        world.bucket.foreign().put("f" + i, PatternBytes.of(i, 0, UNIT));
      }
      var done = new AtomicInteger();
      for (var reader = 0; reader < readers; reader++) {
        var first = 2 * reader;
        world.execution.fork(
            "reader",
            () -> {
              readPatiently(world, first);
              readPatiently(world, first + 1);
              done.incrementAndGet();
            });
      }
      while (done.get() < readers) {
        world.execution.sleep(Duration.ofMillis(1));
        sample(world);
      }
      assertThat(mostUsed).isLessThanOrEqualTo(CAP);
    });
    world.execution.abandonAll();
  }

  /** Reads a file of a unit as a client does that comes back after a delay. */
  private static void readPatiently(SimulatedWorld world, int number) {
    while (true) {
      try {
        readAll(world, "f" + number, number);
        return;
      } catch (FileSystemException e) {
        assertThat(e.error()).isEqualTo(FsError.DELAY);
      }
    }
  }

  private static void readAll(SimulatedWorld world, String name, long seed)
      throws FileSystemException {
    var id = world.files().lookup(Caller.ROOT, world.root(), name, Patience.FOREVER).id();
    assertThat(SimulatedClient.contents(world.files(), id))
        .isEqualTo(PatternBytes.of(seed, 0, UNIT));
  }
}
