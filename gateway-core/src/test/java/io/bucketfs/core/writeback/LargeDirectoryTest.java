package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What is done in a directory costs the same however large it is, counted in entries that are read
 * from the metadata store.
 *
 * <p>With more entries: {@code -Ddirectory.entries=1000000}.
 */
@Timeout(600)
final class LargeDirectoryTest {
  /**
   * How many more reads the large one may take: the small one is in the caches as a whole after a
   * start, of a large one maybe not even the directory itself.
   */
  private static final int CACHED = 6;

  private static final int FEW = 2_000;
  private static final int MANY = Integer.getInteger("directory.entries", 20_000);
  private static final int PAGE = 100;

  /** The block of entries, and the directory. */
  private static final int NAMES_READS_MAX = 256 + 10;

  /** A listing reads blocks of 256 entries, and the inode of each when it is not in memory. */
  private static final int PAGE_READS_MAX = 3 * 256 + 10;

  /** Entries read by each kind of operation in a directory that nobody used since the start. */
  private record Costs(
      long lookup, long missing, long create, long names, long page, long rename, long remove) {}

  private static Costs costs(int entries) {
    var execution = new SimulatedExecution(1);
    var costs = new ArrayList<Costs>();
    execution.run(() -> {
      var metadata = new MemoryKeyValueStore(execution, 1);
      var extents = new MemoryExtentStore();
      var bucket = new MemoryBucket(execution);
      var first = new World(execution, metadata, extents, bucket);
      var directory = first.mkdir("d");
      var middle = new AtomicLong();
      for (var i = 0; i < entries; i++) {
        first.files.make(
            World.ROOT,
            directory,
            "f" + i,
            new NewNode.Special(FileType.FIFO, 0, 0),
            SetAttributes.NONE,
            Patience.FOREVER);
      }
      first.files.readDirectory(
          World.ROOT,
          directory,
          0,
          false,
          (cookie, name, _) -> {
            middle.set(cookie);
            return !name.equals("f" + entries / 2);
          },
          Patience.FOREVER);
      first.writeBack.close();
      first.contents.close();
      first.committer.close();
      var world = new World(execution, metadata, extents, bucket);
      world.at("d");
      // What reads in the background after a start is done then.
      world.execution.sleep(Duration.ofSeconds(2));
      costs.add(
          new Costs(
              cost(metadata, () -> world.at("d/f" + entries / 3)),
              cost(metadata, () -> assertThat(world.exists("d/none")).isFalse()),
              cost(metadata, () -> world.mkdir("d/new")),
              cost(metadata, () -> assertThat(names(world, middle.get())).hasSize(PAGE)),
              cost(metadata, () -> assertThat(page(world, middle.get())).hasSize(PAGE)),
              cost(metadata, () -> world.rename("d/f" + entries / 4, "d/other")),
              cost(metadata, () -> world.remove("d/f" + entries / 5))));
    });
    execution.abandonAll();
    return costs.getFirst();
  }

  /** Something that reads. */
  @FunctionalInterface
  private interface Work {
    void run() throws Exception;
  }

  private static long cost(MemoryKeyValueStore metadata, Work work) throws Exception {
    var before = metadata.reads();
    work.run();
    return metadata.reads() - before;
  }

  private static List<String> page(World world, long cookie) throws Exception {
    var names = new ArrayList<String>();
    world.files.readDirectory(
        World.ROOT,
        world.at("d").id(),
        cookie,
        false,
        (_, name, _) -> {
          if (names.size() == PAGE) {
            return false;
          }
          names.add(name);
          return true;
        },
        Patience.FOREVER);
    return names;
  }

  private static List<String> names(World world, long cookie) throws Exception {
    var names = new ArrayList<String>();
    world.files.readNames(
        World.ROOT,
        world.at("d").id(),
        cookie,
        (_, name, _) -> names.size() < PAGE && names.add(name),
        Patience.FOREVER);
    return names;
  }

  @Test
  void costsDoNotGrow() {
    var few = costs(FEW);
    var many = costs(MANY);
    System.out.printf("%,d entries: %s; %,d: %s%n", FEW, few, MANY, many);
    assertThat(many.lookup).isLessThanOrEqualTo(few.lookup + CACHED);
    assertThat(many.missing).isLessThanOrEqualTo(few.missing + CACHED);
    assertThat(many.create).isLessThanOrEqualTo(few.create + CACHED);
    assertThat(many.rename).isLessThanOrEqualTo(few.rename + CACHED);
    assertThat(many.remove).isLessThanOrEqualTo(few.remove + CACHED);
    assertThat(many.lookup).isLessThan(10);
    assertThat(many.create).isLessThan(30);
    assertThat(many.rename).isLessThan(40);
    assertThat(many.remove).isLessThan(30);
    // Names alone need no inodes.
    assertThat(many.names).isBetween((long) PAGE, (long) NAMES_READS_MAX);
    assertThat(many.page).isBetween(many.names, (long) PAGE_READS_MAX);
  }

  /** A listing in pieces shows what was there all the time exactly once, whatever else changes. */
  @Test
  void aListingGoesOnWhereItStopped() {
    WriteBackTest.play(world -> {
      var random = new SplittableRandom(3);
      world.mkdir("d");
      var stays = new HashSet<String>();
      for (var i = 0; i < 3_000; i++) {
        var name = (i % 3 == 0 ? "goes" : "stays") + i;
        if (i % 3 != 0) {
          stays.add(name);
        }
        world.mkdir("d/" + name);
      }
      var seen = new ArrayList<String>();
      var cookie = new AtomicLong();
      var made = 0;
      while (true) {
        var count = new AtomicLong();
        var ended =
            world.files.readDirectory(
                World.ROOT,
                world.at("d").id(),
                cookie.get(),
                false,
                (next, name, _) -> {
                  if (count.getAndIncrement() == 40) {
                    return false;
                  }
                  cookie.set(next);
                  seen.add(name);
                  return true;
                },
                Patience.FOREVER);
        if (ended) {
          break;
        }
        for (var i = 0; i < 5; i++) {
          var name = "d/goes" + 3 * random.nextInt(1_000);
          if (world.exists(name)) {
            world.remove(name);
          } else if (made < 200) {
            world.mkdir("d/made" + made++);
          }
        }
      }
      world.execution.sleep(Duration.ofSeconds(1));
      assertThat(seen).doesNotHaveDuplicates().containsAll(stays);
    });
  }
}
