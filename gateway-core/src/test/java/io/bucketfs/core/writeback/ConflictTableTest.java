package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.ConflictPolicy;
import io.bucketfs.core.mount.ConflictPolicy.Winner;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Chances;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a client does to a file against what somebody else does to its object, for each policy: once
 * one after the other, with the outcome that is promised, and many times at random times, with
 * failures of S3, where nothing may be lost.
 *
 * <p>{@code -Dconflicts.repeats=1000} for more; {@code -Dconflicts.seed=N} plays one again.
 */
@Timeout(3_600)
final class ConflictTableTest {
  private static final int REPEATS = Integer.getInteger("conflicts.repeats", 6);
  private static final long FIRST_SEED = Long.getLong("conflicts.seed", 1);
  private static final String LOST = ".bucketfs-lost+found";
  private static final Duration SPAN = Duration.ofSeconds(150);

  /** What a client does; "d/f" is a file that is exported, with "d/other" beside it. */
  enum Local {
    CREATE,
    WRITE,
    APPEND_TO_WHAT_IS_OPEN,
    CHMOD,
    REMOVE,
    RENAME_AWAY,
    RENAME_ONTO,
    RENAME_DIRECTORY,
    LINK,
    COPY
  }

  /** What somebody else does in the bucket. */
  enum Foreign {
    PUT_NEW,
    OVERWRITE,
    DELETE,
    COPY_ONTO,
    COPY_ONTO_ITSELF,
    RENAME
  }

  static Stream<Arguments> table() {
    return Stream.of(Winner.values())
        .flatMap(winner ->
            Stream.of(Local.values())
                .flatMap(local ->
                    Stream.of(Foreign.values())
                        .map(foreign -> Arguments.of(winner, local, foreign))));
  }

  private static World world(SimulatedExecution execution, MemoryBucket bucket, Winner winner)
      throws Exception {
    var world =
        new World(
            execution, new MemoryKeyValueStore(execution, 1), new MemoryExtentStore(), bucket);
    world.conflicts(ConflictPolicy.DEFAULT.with(winner));
    world.mkdir("d");
    world.write("d/f", "before");
    world.write("d/other", "other");
    world.flush();
    return world;
  }

  /** The path where it was done last. */
  private static String act(World world, Local local, Runnable pause) throws Exception {
    switch (local) {
      case CREATE -> world.write("d/new", "local");
      case WRITE -> world.write("d/f", "local");
      case APPEND_TO_WHAT_IS_OPEN -> {
        var file = world.at("d/f").id();
        world.files.opened(file, true);
        try {
          pause.run();
          world.overwrite(file, 0, "local!");
        } finally {
          world.files.closed(file, true);
        }
      }
      case CHMOD ->
          world.files.setAttributes(
              World.ROOT,
              world.at("d/f").id(),
              SetAttributes.ofMode(0600),
              false,
              Patience.FOREVER);
      case REMOVE -> world.remove("d/f");
      case RENAME_AWAY -> world.rename("d/f", "d/new");
      case RENAME_ONTO -> {
        world.write("d/temporary", "local");
        world.rename("d/temporary", "d/f");
      }
      case RENAME_DIRECTORY -> world.rename("d", "e");
      case LINK -> world.link("d/f", "d/new");
      case COPY -> world.write("d/new", world.read("d/f"));
    }
    return local == Local.CREATE ? "d/new" : "d/f";
  }

  private static void act(World world, Foreign foreign) {
    var writer = world.bucket.foreign();
    switch (foreign) {
      case PUT_NEW -> world.foreignPut("d/new", "foreign");
      case OVERWRITE -> world.foreignPut("d/f", "foreign");
      case DELETE -> writer.delete("d/f");
      case COPY_ONTO -> {
        var other = writer.get("d/other");
        if (other != null) {
          writer.put("d/f", other);
        }
      }
      case COPY_ONTO_ITSELF -> {
        var bytes = writer.get("d/f");
        if (bytes != null) {
          writer.put("d/f", bytes, Map.of("mode", "33152"));
        }
      }
      case RENAME -> {
        var bytes = writer.get("d/f");
        if (bytes != null) {
          writer.put("d/moved", bytes);
          writer.delete("d/f");
        }
      }
    }
  }

  /** Theirs comes after ours was acknowledged and before it is exported. */
  @ParameterizedTest
  @MethodSource("table")
  void oneAfterTheOther(Winner winner, Local local, Foreign foreign) {
    var execution = new SimulatedExecution(1);
    execution.run(() -> {
      var world = world(execution, new MemoryBucket(execution), winner);
      var path = act(world, local, () -> {});
      act(world, foreign);
      var theirs = world.object(path);
      world.flush();
      var wasWritten =
          switch (local) {
            case CREATE, WRITE, APPEND_TO_WHAT_IS_OPEN, RENAME_ONTO -> true;
            default -> false;
          };
      var ours = local == Local.APPEND_TO_WHAT_IS_OPEN ? "local!" : "local";
      var isRace =
          path.equals("d/new") == (foreign == Foreign.PUT_NEW)
              // The ETag of a copy of an object onto itself says that nothing changed.
              && foreign != Foreign.COPY_ONTO_ITSELF;
      if (wasWritten && isRace) {
        requireOutcome(world, winner, path, ours, theirs);
      } else if (wasWritten) {
        assertThat(world.object(path)).isEqualTo(ours);
      }
      requireAgreement(world);
    });
  }

  private static void requireOutcome(
      World world, Winner winner, String path, String ours, @Nullable String theirs)
      throws Exception {
    assertThat(world.operations.conflicts("data", 10)).isNotEmpty();
    switch (winner) {
      case S3_WINS -> {
        assertThat(world.object(path)).isEqualTo(theirs);
        assertThat(world.exists(path)).isEqualTo(theirs != null);
        assertThat(texts(world, LOST)).containsExactly(ours);
        assertThat(objects(world)).doesNotContain(ours);
      }
      case KEEP_BOTH -> {
        assertThat(world.object(path)).isEqualTo(theirs);
        assertThat(world.exists(path)).isEqualTo(theirs != null);
        var beside = world.list("d").stream().filter(name -> name.contains(".conflict-")).toList();
        assertThat(beside).hasSize(1);
        assertThat("d/" + beside.getFirst()).startsWith(path + ".conflict-");
        assertThat(world.object("d/" + beside.getFirst())).isEqualTo(ours);
        assertThat(world.exists(LOST)).isFalse();
      }
      case LOCAL_WINS -> {
        assertThat(world.object(path)).isEqualTo(ours);
        assertThat(world.read(path)).isEqualTo(ours);
        assertThat(world.exists(LOST)).isFalse();
      }
    }
  }

  /** Both act at any time, S3 is slow and fails, replies are lost. */
  @ParameterizedTest
  @MethodSource("table")
  void atAnyTime(Winner winner, Local local, Foreign foreign) {
    for (var seed = FIRST_SEED; seed < FIRST_SEED + REPEATS; seed++) {
      try {
        race(winner, local, foreign, seed);
      } catch (Throwable t) {
        throw new AssertionError("seed " + seed, t);
      }
    }
  }

  private static void race(Winner winner, Local local, Foreign foreign, long seed) {
    var random = new SplittableRandom(seed);
    var execution = new SimulatedExecution(seed);
    var bucket = new MemoryBucket(execution);
    bucket.faults().delay(Duration.ofMillis(1), Duration.ofSeconds(2));
    execution.run(() -> {
      var world = world(execution, bucket, winner);
      bucket.faults().chances(new Chances(0.05, 0.05, 0.1, 0.02));
      var began = random.nextLong(SPAN.toMillis());
      var acts = random.nextLong(SPAN.toMillis());
      var race = new Race();
      execution.fork(
          "client",
          () -> {
            sleep(execution, began);
            race.client(world, local, () -> sleep(execution, random.nextLong(20_000)));
          });
      execution.fork(
          "foreigner",
          () -> {
            sleep(execution, acts);
            race.foreigner(world, foreign);
          });
      execution.sleep(SPAN.multipliedBy(2));
      bucket.faults().chances(Chances.NONE);
      execution.sleep(World.MAX_AGE.multipliedBy(2));
      requireAgreement(world);
      race.requireNothingLost(world, winner);
    });
  }

  private static void sleep(SimulatedExecution execution, long millis) {
    try {
      execution.sleep(Duration.ofMillis(millis));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Who did what when, as far as it says what must be there in the end. */
  private static final class Race {
    private boolean clientActs;
    private boolean clientWrote;
    private boolean clientSawTheirs;
    private boolean theyPut;
    private boolean theyPutMeanwhile;
    private boolean theySawOurs;

    void client(World world, Local local, Runnable pause) {
      clientActs = true;
      try {
        clientSawTheirs = texts(world, "").contains("foreign");
        act(world, local, pause);
        clientWrote =
            local == Local.CREATE
                || local == Local.WRITE
                || local == Local.APPEND_TO_WHAT_IS_OPEN
                || local == Local.RENAME_ONTO;
      } catch (FileSystemException e) {
        // What others took away is not there to work on.
      } catch (Exception e) {
        throw new AssertionError(e);
      } finally {
        clientActs = false;
      }
    }

    void foreigner(World world, Foreign foreign) {
      theySawOurs = objects(world).stream().anyMatch(text -> text.startsWith("local"));
      theyPutMeanwhile = clientActs;
      act(world, foreign);
      theyPut = foreign == Foreign.PUT_NEW || foreign == Foreign.OVERWRITE;
    }

    void requireNothingLost(World world, Winner winner) throws Exception {
      var all = new ArrayList<>(objects(world));
      all.addAll(texts(world, ""));
      if (clientWrote && !theySawOurs) {
        assertThat(all).as("ours: %s", all).anyMatch(text -> text.startsWith("local"));
        if (winner != Winner.S3_WINS && !theyPutMeanwhile) {
          assertThat(objects(world)).as("exported").anyMatch(text -> text.startsWith("local"));
        }
      }
      if (theyPut && !clientSawTheirs && !theyPutMeanwhile && winner != Winner.LOCAL_WINS) {
        assertThat(objects(world)).as("theirs").contains("foreign");
      }
    }
  }

  /** The namespace is the bucket, and the local state is sound. */
  private static void requireAgreement(World world) throws Exception {
    for (var round = 0; round < 3; round++) {
      assertThat(world.flush().failing()).isEmpty();
      world.refresh("", true);
    }
    assertThat(world.backlog().files()).as("%s", world.operations.dirty(null, 10)).isZero();
    assertThat(world.writeBack.jobs(world.mount)).isEmpty();
    assertThat(world.operations.check(null, true).findings()).isEmpty();
    var files = new ArrayList<String>();
    for (var path : world.find("")) {
      if (!path.startsWith(LOST) && world.at(path).type() == FileType.FILE) {
        files.add(path + "=" + world.read(path));
      }
    }
    var objects = new ArrayList<String>();
    for (var key : world.bucket.foreign().keys()) {
      if (!key.endsWith("/")) {
        objects.add(key + "=" + world.object(key));
      }
    }
    assertThat(files).containsExactlyInAnyOrderElementsOf(objects);
  }

  private static List<String> objects(World world) {
    return world.bucket.foreign().keys().stream()
        .map(key -> String.valueOf(world.object(key)))
        .toList();
  }

  private static List<String> texts(World world, String directory) throws Exception {
    var found = new ArrayList<String>();
    for (var path : world.find(directory)) {
      if (world.at(path).type() == FileType.FILE) {
        found.add(new String(world.read(path).getBytes(UTF_8), UTF_8));
      }
    }
    return found;
  }
}
