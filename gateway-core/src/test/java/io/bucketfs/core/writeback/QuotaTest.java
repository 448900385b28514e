package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.mount.Quota;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.Usage;
import io.bucketfs.core.store.UsageCount;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem.FileRange;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileSystemStatistics;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Quotas, and the counters that they rest on. */
@Timeout(120)
final class QuotaTest {
  /** Something that a quota may refuse. */
  @FunctionalInterface
  private interface Attempt {
    void run() throws Exception;
  }

  private static void limit(World world, long bytes, long inodes) throws Exception {
    world.operations.setQuota("data", new Quota(bytes, inodes));
  }

  private static void refused(Attempt attempt) {
    assertThatThrownBy(attempt::run)
        .isInstanceOfSatisfying(
            FileSystemException.class, e -> assertThat(e.error()).isEqualTo(FsError.QUOTA));
  }

  private static FileSystemStatistics df(World world) throws Exception {
    return world.files.statistics(world.root(), Patience.FOREVER);
  }

  private static void write(World world, FileId file, long offset, int length, Stability stability)
      throws FileSystemException {
    var data = Unpooled.wrappedBuffer(new byte[length]);
    world.files.write(file, offset, data, stability, Patience.FOREVER);
  }

  private static Usage requireRight(World world) throws Exception {
    var compared = new UsageCount(world.committer, world.mount).run(_ -> {});
    assertThat(compared).isNotNull();
    if (compared == null) {
      return Usage.NONE;
    }
    assertThat(compared.kept()).isEqualTo(compared.counted());
    return compared.counted();
  }

  @Test
  void aWriteThatWouldTakeMoreChangesNothing() {
    WriteBackTest.play(world -> {
      limit(world, 100, Long.MAX_VALUE);
      var file = world.write("a", "x".repeat(60));
      refused(() -> world.overwrite(file, 60, "y".repeat(41)));
      refused(() -> write(world, file, 1_000, 1, Stability.UNSTABLE));
      assertThat(world.read("a")).isEqualTo("x".repeat(60));
      world.overwrite(file, 60, "y".repeat(40));
      // Bytes that are there already cost nothing.
      world.overwrite(file, 0, "z".repeat(100));
      refused(() -> world.overwrite(file, 100, "!"));
      assertThat(df(world))
          .isEqualTo(new FileSystemStatistics(100, 0, 0, 1L << 48, (1L << 48) - 1, (1L << 48) - 1));
      assertThat(requireRight(world)).isEqualTo(new Usage(100, 1));
    });
  }

  @Test
  void writersTogetherCannotTakeMoreThoughNothingIsCommitted() {
    WriteBackTest.play(world -> {
      limit(world, 5_500, Long.MAX_VALUE);
      var taken = new AtomicInteger();
      var done = new CountDownLatch(8);
      var files = new ArrayList<FileId>();
      for (var i = 0; i < 8; i++) {
        files.add(world.write("f" + i, ""));
      }
      for (var file : files) {
        world.execution.fork(
            "writer",
            () -> {
              try {
                write(world, file, 0, 1_000, Stability.UNSTABLE);
                taken.incrementAndGet();
              } catch (FileSystemException e) {
                assertThat(e.error()).isEqualTo(FsError.QUOTA);
              } finally {
                done.countDown();
              }
            });
      }
      done.await();
      assertThat(taken).hasValue(5);
      assertThat(df(world).freeBytes()).isEqualTo(500);
      for (var file : files) {
        world.files.commit(file, Patience.FOREVER);
      }
      assertThat(df(world).freeBytes()).isEqualTo(500);
      assertThat(requireRight(world)).isEqualTo(new Usage(5_000, 8));
    });
  }

  @Test
  void whatIsCutOffOrRemovedIsFreeAtOnce() {
    WriteBackTest.play(world -> {
      limit(world, 1_000, 3);
      var file = world.write("a", "x".repeat(1_000));
      world.files.setAttributes(
          World.ROOT, file, SetAttributes.ofSize(400), false, Patience.FOREVER);
      world.write("b", "x".repeat(600));
      refused(() ->
          world.files.setAttributes(
              World.ROOT, file, SetAttributes.ofSize(401), false, Patience.FOREVER));
      world.mkdir("d");
      for (var i = 0; i < 20; i++) {
        refused(() -> world.mkdir("e"));
        world.remove("b");
        // The reaper has not been by.
        world.write("b", "x".repeat(600));
        world.rename("b", "a");
        world.write("b", "x".repeat(400));
        world.files.setAttributes(
            World.ROOT, world.at("a").id(), SetAttributes.ofSize(400), false, Patience.FOREVER);
      }
      assertThat(requireRight(world)).isEqualTo(new Usage(800, 3));
    });
  }

  @Test
  void aFileThatIsOpenStillCountsUntilItIsClosed() {
    WriteBackTest.play(world -> {
      limit(world, 1_000, 10);
      var file = world.write("a", "x".repeat(1_000));
      world.files.opened(file, true);
      world.remove("a");
      refused(() -> world.write("b", "x"));
      world.remove("b");
      assertThat(df(world).freeBytes()).isZero();
      world.files.closed(file, true);
      world.write("b", "x".repeat(1_000));
      assertThat(requireRight(world)).isEqualTo(new Usage(1_000, 1));
    });
  }

  @Test
  void everyKindOfInodeCounts() {
    WriteBackTest.play(world -> {
      limit(world, 10, 4);
      world.mkdir("d");
      world.make("d/link", new NewNode.Symlink("12345".getBytes(UTF_8)));
      world.write("d/f", "");
      // A second name takes nothing.
      world.link("d/f", "g");
      refused(() -> world.make("e", new NewNode.Symlink("123456".getBytes(UTF_8))));
      world.mkdir("e");
      refused(() -> world.mkdir("f"));
      refused(() -> world.write("f", ""));
      assertThat(df(world)).isEqualTo(new FileSystemStatistics(10, 5, 5, 4, 0, 0));
      world.remove("d/f");
      refused(() -> world.mkdir("f"));
      world.remove("g");
      world.mkdir("f");
      assertThat(requireRight(world)).isEqualTo(new Usage(5, 4));
    });
  }

  @Test
  void clonesCopiesAndAllocationsCountAsWhatTheyMakeTheFileGrow() {
    WriteBackTest.play(world -> {
      limit(world, 1_000, Long.MAX_VALUE);
      var a = world.write("a", "x".repeat(400));
      var b = world.write("b", "");
      world.files.clone(Rider.NONE, new FileRange(a, 0, 400), b, 0, Patience.FOREVER);
      refused(
          () -> world.files.clone(Rider.NONE, new FileRange(a, 0, 400), b, 201, Patience.FOREVER));
      refused(
          () -> world.files.copy(Rider.NONE, new FileRange(a, 0, 400), b, 201, Patience.FOREVER));
      refused(() -> world.files.allocate(Rider.NONE, b, 0, 601, Patience.FOREVER));
      assertThat(
              world
                  .files
                  .copy(Rider.NONE, new FileRange(a, 0, 400), b, 200, Patience.FOREVER)
                  .bytes())
          .isEqualTo(400);
      assertThat(df(world).freeBytes()).isZero();
      world.files.allocate(Rider.NONE, b, 100, 500, Patience.FOREVER);
      world.files.deallocate(Rider.NONE, b, 0, 600, Patience.FOREVER);
      assertThat(requireRight(world)).isEqualTo(new Usage(1_000, 2));
    });
  }

  @Test
  void theBucketIsShownWhateverItTakes() {
    WriteBackTest.play(world -> {
      for (var i = 0; i < 20; i++) {
        world.foreignPut("d/f" + i, "x".repeat(10));
      }
      limit(world, 100, 10);
      assertThat(world.find("")).hasSize(21);
      assertThat(df(world)).isEqualTo(new FileSystemStatistics(200, 0, 0, 21, 0, 0));
      refused(() -> world.write("a", ""));
      refused(() -> world.overwrite(world.at("d/f0").id(), 10, "x"));
      // What makes it less is taken, though it is too much still.
      world.files.setAttributes(
          World.ROOT, world.at("d/f0").id(), SetAttributes.ofSize(5), false, Patience.FOREVER);
      world.rename("d/f1", "d/f2");
      assertThat(requireRight(world)).isEqualTo(new Usage(185, 20));
      limit(world, Long.MAX_VALUE, Long.MAX_VALUE);
      world.write("a", "x".repeat(1_000));
      assertThat(df(world).totalBytes()).isEqualTo(Long.MAX_VALUE);
      assertThat(df(world).freeBytes()).isEqualTo(Long.MAX_VALUE - 1_185);
    });
  }

  @Test
  void aFailedChangeTakesNothing() {
    WriteBackTest.play(world -> {
      limit(world, 1_000, 5);
      world.write("a", "12345");
      for (var i = 0; i < 10; i++) {
        assertThatThrownBy(() -> world.mkdir("a")).isInstanceOf(FileSystemException.class);
        refused(() -> world.write("b", "x".repeat(1_000)));
        world.remove("b");
      }
      assertThat(requireRight(world)).isEqualTo(new Usage(5, 1));
      assertThat(df(world).freeBytes()).isEqualTo(995);
    });
  }

  @Test
  void quotaAndCountersOutliveARestart() {
    WriteBackTest.play(world -> {
      limit(world, 1_000, 50);
      world.write("a", "x".repeat(700));
      world.mkdir("d");
      world.writeBack.close();
      world.contents.close();
      world.committer.close();
      var again = new World(world.execution, world.metadata, world.extents, world.bucket);
      assertThat(df(again)).isEqualTo(new FileSystemStatistics(1_000, 300, 300, 50, 48, 48));
      refused(() -> again.write("b", "x".repeat(301)));
      assertThat(requireRight(again)).isEqualTo(new Usage(700, 3));
    });
  }

  @Test
  void aMountOfAnOlderVersionIsCountedWhileItIsInUse() {
    WriteBackTest.play(world -> {
      for (var i = 0; i < 30; i++) {
        world.write("f" + i, "x".repeat(100));
      }
      world.writeBack.close();
      world.contents.close();
      world.committer.close();
      world.metadata.write(List.of(new Change.Delete(Family.USAGE, Keys.mount(world.mount))), true);
      var again = new World(world.execution, world.metadata, world.extents, world.bucket);
      again.write("g", "x".repeat(50));
      world.execution.sleep(Duration.ofSeconds(1));
      assertThat(df(again).totalFiles() - df(again).freeFiles()).isEqualTo(31);
      assertThat(requireRight(again)).isEqualTo(new Usage(3_050, 31));
    });
  }

  /** Two thousand random changes, while counts go on beside them. */
  @Test
  void countersAreRightWhateverHappens() {
    for (var seed = 1L; seed <= 5; seed++) {
      var random = new SplittableRandom(seed);
      WriteBackTest.play(world -> {
        limit(world, 40_000, 40);
        world.mkdir("d0");
        world.mkdir("d1");
        var counts = new AtomicInteger();
        var counting = new AtomicBoolean();
        for (var i = 0; i < 400; i++) {
          if (counting.compareAndSet(false, true)) {
            world.execution.fork("count", () -> count(world, counts, counting));
          }
          try {
            change(world, random);
          } catch (FileSystemException e) {
            assertThat(e.error()).isNotEqualTo(FsError.IO);
          }
          if (random.nextInt(20) == 0) {
            world.execution.sleep(Duration.ofSeconds(random.nextInt(100)));
          }
        }
        while (counting.get()) {
          world.execution.sleep(Duration.ofMillis(1));
        }
        assertThat(counts).hasValueGreaterThan(20);
        requireRight(world);
      });
    }
  }

  private static void count(World world, AtomicInteger counts, AtomicBoolean counting) {
    try {
      requireRight(world);
      counts.incrementAndGet();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    counting.set(false);
  }

  private static String name(SplittableRandom random) {
    var name = "f" + random.nextInt(8);
    return random.nextBoolean() ? name : "d" + random.nextInt(2) + "/" + name;
  }

  private static void change(World world, SplittableRandom random) throws Exception {
    var path = name(random);
    switch (random.nextInt(10)) {
      case 0 -> world.mkdir(path);
      case 1 -> world.remove(path);
      case 2 -> world.rename(path, name(random));
      case 3 -> world.link(path, name(random));
      case 4 -> world.foreignPut(path, "y".repeat(random.nextInt(1_000)));
      case 5 ->
          world.files.setAttributes(
              World.ROOT,
              world.at(path).id(),
              SetAttributes.ofSize(random.nextInt(3_000)),
              true,
              Patience.FOREVER);
      case 6 -> {
        var from = world.at(path);
        world.files.clone(
            Rider.NONE,
            new FileRange(from.id(), 0, from.sizeBytes()),
            world.at(name(random)).id(),
            random.nextInt(1_000),
            Patience.FOREVER);
      }
      case 7 -> {
        var _ = world.flush();
      }
      case 8 ->
          write(
              world,
              world.write(path, ""),
              random.nextInt(2_000),
              1 + random.nextInt(3_000),
              Stability.UNSTABLE);
      default ->
          write(
              world,
              world.at(path).id(),
              random.nextInt(5_000),
              1 + random.nextInt(1_000),
              random.nextBoolean() ? Stability.FILE_SYNC : Stability.UNSTABLE);
    }
  }
}
