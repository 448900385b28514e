package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Chances;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Clients work, somebody else PUTs, overwrites and deletes objects of the same names at random, S3
 * fails now and then, and the gateway is killed: every text that a client wrote and nobody replaced
 * or removed is in a file, in S3 or in lost+found, as is every text of the other one; and in the
 * end the namespace is the bucket.
 *
 * <p>More seeds, or a failing one again: {@code -Dsimulation.seed=N -Dsimulation.seeds=M}.
 */
final class ForeignWriterTest {
  private static final long FIRST_SEED = Long.getLong("simulation.seed", 1);
  private static final int SEEDS = Integer.getInteger("simulation.seeds", 60);
  private static final int CLIENTS = 2;
  private static final int LIVES = 3;

  @Test
  @Timeout(value = 1, unit = TimeUnit.DAYS) // as many seeds as somebody wants
  void nothingThatWasAcknowledgedIsLost() {
    for (var seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try {
        new Simulation(seed).run();
      } catch (Throwable t) {
        throw new AssertionError("seed " + seed, t);
      }
    }
  }

  private static final class Simulation {
    private final SplittableRandom random;
    private final SimulatedExecution execution;
    private final MemoryBucket bucket;
    private final MemoryExtentStore extents = new MemoryExtentStore();
    private final RefreshPolicy refresh;
    private MemoryKeyValueStore metadata;

    /** Texts that must be somewhere, with the paths where they may be replaced. */
    private final Map<String, Set<String>> owed = new TreeMap<>();

    /** Paths that a client is about to change: it may see, and replace, what others put there. */
    private final Set<String> busy = new HashSet<>();

    private int texts;

    Simulation(long seed) {
      random = new SplittableRandom(seed);
      execution = new SimulatedExecution(seed);
      bucket = new MemoryBucket(execution);
      metadata = new MemoryKeyValueStore(execution, seed);
      refresh =
          new RefreshPolicy(
              Duration.ofSeconds(random.nextInt(20)), random.nextInt(3) == 0, Imported.ALL);
    }

    void run() {
      bucket.faults().delay(Duration.ofMillis(1), Duration.ofSeconds(2));
      for (var life = 0; life < LIVES; life++) {
        bucket.faults().chances(new Chances(0.03, 0.03, 0.06, 0.03));
        execution.run(() -> {
          var world = world();
          for (var client = 0; client < CLIENTS; client++) {
            var chance = random.split();
            var number = client;
            execution.fork("client", () -> unchecked(() -> work(world, chance, number)));
          }
          var chance = random.split();
          execution.fork("foreigner", () -> unchecked(() -> disturb(chance)));
          execution.sleep(Duration.ofSeconds(100 + random.nextInt(400)));
        });
        execution.abandonAll();
        busy.clear();
        metadata = metadata.crash(Crash.KILL, random);
      }
      bucket.faults().chances(Chances.NONE);
      execution.run(() -> {
        var world = world();
        RelistingTest.converge(world);
        requireAll(world);
      });
      execution.abandonAll();
    }

    private World world() throws Exception {
      return new World(execution, metadata, extents, bucket, StoreTraits.FULL, refresh);
    }

    private interface Work {
      void run() throws Exception;
    }

    private static void unchecked(Work work) {
      try {
        work.run();
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }

    /** Each client has names of its own, in directories that all share. */
    private static String path(SplittableRandom chance, int client) {
      return "d" + chance.nextInt(2) + "/f" + client + chance.nextInt(3);
    }

    private void work(World world, SplittableRandom chance, int client) throws Exception {
      while (true) {
        execution.sleep(Duration.ofMillis(chance.nextInt(20_000)));
        try {
          operate(world, chance, client);
        } catch (FileSystemException e) {
          // What others took away is not there to work on.
          assertThat(e.error())
              .isIn(
                  FsError.NOT_FOUND,
                  FsError.STALE,
                  FsError.EXISTS,
                  FsError.DELAY,
                  FsError.IO,
                  FsError.NOT_EMPTY,
                  FsError.IS_A_DIRECTORY);
        }
        busy.removeIf(path -> path.startsWith("f" + client, 3));
      }
    }

    private void operate(World world, SplittableRandom chance, int client) throws Exception {
      var path = path(chance, client);
      switch (chance.nextInt(9)) {
        case 0, 1, 2 -> {
          var directory = path.substring(0, 2);
          if (!world.exists(directory)) {
            world.mkdir(directory);
          }
          replaced(path);
          write(world, path, text("c"));
        }
        case 3 -> {
          var id = world.at(path).id();
          world.files.opened(id, true);
          try {
            replaced(path);
            var text = text("c");
            world.overwrite(id, 0, text);
            execution.sleep(Duration.ofMillis(chance.nextInt(30_000)));
            owe(path, text);
          } finally {
            world.files.closed(id, true);
          }
        }
        case 4 -> {
          world.at(path);
          replaced(path);
          world.remove(path);
        }
        case 5, 6 -> {
          var to = path(chance, client);
          world.at(path);
          if (!to.equals(path)) {
            replaced(to);
            world.rename(path, to);
            moved(path, to);
          }
        }
        case 7 -> world.find("");
        default -> world.read(path);
      }
    }

    /** Writes a new text in one piece that is acknowledged or not. */
    private void write(World world, String path, String text) throws Exception {
      FileId id = world.write(path, "");
      world.overwrite(id, 0, text);
      owe(path, text);
    }

    /** Texts are of one length, so that one replaces another one as a whole. */
    private String text(String who) {
      return who + "%06d".formatted(texts++);
    }

    private void owe(String path, String text) {
      owed.put(text, new HashSet<>(Set.of(path)));
    }

    /** What others put at the old path moved along or stayed, depending on who saw it when. */
    private void moved(String from, String to) {
      owed.forEach((text, paths) -> {
        if (paths.contains(from)) {
          paths.add(to);
          if (text.startsWith("c")) {
            paths.remove(from);
          }
        }
      });
    }

    /** From now on what was written there may go, until the client is done with it. */
    private void replaced(String path) {
      owed.values().removeIf(paths -> paths.contains(path));
      busy.add(path);
    }

    private void disturb(SplittableRandom chance) throws Exception {
      while (true) {
        execution.sleep(Duration.ofMillis(chance.nextInt(30_000)));
        var key = path(chance, chance.nextInt(CLIENTS));
        var present = bucket.foreign().get(key);
        if (present != null) {
          forget(new String(present, UTF_8));
        }
        if (chance.nextInt(3) == 0) {
          bucket.foreign().delete(key);
        } else {
          var text = text("o");
          bucket.foreign().put(key, text.getBytes(UTF_8));
          if (!busy.contains(key)) {
            owe(key, text);
          }
        }
      }
    }

    /** What was in S3 and is replaced there by somebody else is his business. */
    private void forget(String text) {
      owed.remove(text);
    }

    private void requireAll(World world) throws Exception {
      var found = new HashSet<String>();
      for (var key : bucket.foreign().keys()) {
        found.add(String.valueOf(world.object(key)));
      }
      for (var path : world.find("")) {
        if (world.at(path).type() == FileType.FILE) {
          try {
            found.add(world.read(path));
          } catch (FileSystemException e) {
            // Rule 19: a part of it was only in the bucket, and is gone there.
            assertThat(path).startsWith(".bucketfs-lost+found");
            assertThat(e.error()).isEqualTo(FsError.IO);
          }
        }
      }
      var missing = new TreeMap<>(owed);
      missing.keySet().removeAll(found);
      assertThat(missing).isEmpty();
    }
  }
}
