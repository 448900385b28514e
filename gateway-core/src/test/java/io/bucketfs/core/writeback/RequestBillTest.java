package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What everyday jobs cost in requests, which users pay for one by one. Numbers are exact, so that a
 * change that sends more is seen; one that sends fewer changes them here.
 */
@Timeout(300)
final class RequestBillTest {
  private static final Duration WINDOW = World.IDLE.plusSeconds(5);

  /** A directory that is used after its refresh interval is compared with the bucket once. */
  private static final long USED_AGAIN = 1;

  /** Requests of each kind that was sent at all. */
  private static Map<RequestKind, Long> counts(World world) {
    var counts = new EnumMap<RequestKind, Long>(RequestKind.class);
    for (var kind : RequestKind.values()) {
      counts.put(kind, world.bucket.counts().of(kind));
    }
    return counts;
  }

  /** What a job costs until nothing is left to be exported. */
  private static Map<RequestKind, Long> bill(World world, WriteBackTest.Scene job)
      throws Exception {
    var before = counts(world);
    job.play(world);
    while (world.backlog().files() > 0) {
      world.execution.sleep(WINDOW);
    }
    var bill = counts(world);
    before.forEach((kind, count) -> bill.merge(kind, -count, Long::sum));
    bill.values().removeIf(count -> count == 0);
    return bill;
  }

  /** Paths of a tree: so many files in each of so many folders. */
  private static List<String> tree(int folders, int filesPerFolder) {
    var paths = new ArrayList<String>();
    for (var folder = 0; folder < folders; folder++) {
      for (var file = 0; file < filesPerFolder; file++) {
        paths.add("d%03d/f%04d".formatted(folder, file));
      }
    }
    return paths;
  }

  private static void copyIn(World world, String top, List<String> paths) throws Exception {
    world.mkdir(top);
    for (var path : paths) {
      var at = top + "/" + path;
      var folder = at.substring(0, at.lastIndexOf('/'));
      if (!world.exists(folder)) {
        world.mkdir(folder);
      }
      world.write(at, "content of " + path);
    }
  }

  private static void removeTree(World world, String top) throws Exception {
    var found = world.find(top);
    for (var i = found.size() - 1; i >= 0; i--) {
      world.remove(found.get(i));
    }
    world.remove(top);
  }

  @Test
  void copyingFilesInIsOnePutEachAndReadingThemIsFree() {
    WriteBackTest.play(world -> {
      world.list("");
      var paths = tree(64, 100);
      assertThat(bill(world, it -> copyIn(it, "data", paths)))
          .isEqualTo(Map.of(RequestKind.PUT, 6_400L));
      assertThat(
              bill(
                  world,
                  it -> {
                    for (var path : paths) {
                      assertThat(it.read("data/" + path)).isEqualTo("content of " + path);
                    }
                  }))
          .isEmpty();
    });
  }

  /** With nothing known: a page of keys for each folder, then attributes and data of each file. */
  @Test
  void copyingFilesOutOfABucketThatIsNew() {
    WriteBackTest.play(world -> {
      var paths = tree(64, 100);
      paths.forEach(path -> world.foreignPut(path, path));
      assertThat(
              bill(
                  world,
                  it -> {
                    for (var path : it.find("")) {
                      if (path.contains("/")) {
                        assertThat(it.read(path)).isEqualTo(path);
                      }
                    }
                  }))
          .isEqualTo(
              Map.of(RequestKind.LIST, 65L, RequestKind.HEAD, 6_400L, RequestKind.GET, 6_400L));
    });
  }

  /** As git does: every file of its own is written under another name and renamed. */
  @Test
  void aCloneIsOnePutForEachFileAndItsRemovalOneDeleteForAThousand() {
    WriteBackTest.play(world -> {
      world.list("");
      var paths = tree(20, 50);
      var made = List.of("HEAD", "config", "index", "packed-refs");
      assertThat(
              bill(
                  world,
                  it -> {
                    copyIn(it, "repo", paths);
                    for (var directory : List.of(".git", ".git/objects", ".git/objects/pack")) {
                      it.mkdir("repo/" + directory);
                    }
                    it.write("repo/.git/objects/pack/tmp_pack", "pack");
                    it.rename("repo/.git/objects/pack/tmp_pack", "repo/.git/objects/pack/pack-1");
                    for (var name : made) {
                      for (var times = 0; times < 3; times++) {
                        it.write("repo/.git/" + name + ".lock", name + times);
                        it.rename("repo/.git/" + name + ".lock", "repo/.git/" + name);
                      }
                    }
                  }))
          .isEqualTo(Map.of(RequestKind.PUT, paths.size() + made.size() + 1L));
      assertThat(bill(world, it -> removeTree(it, "repo")))
          .isEqualTo(Map.of(RequestKind.DELETE_MANY, 2L, RequestKind.LIST, 25 * USED_AGAIN));
      assertThat(world.bucket.foreign().keys()).isEmpty();
    });
  }

  @Test
  void aCloneThatIsRemovedWithinTheWindowIsFree() {
    WriteBackTest.play(world -> {
      world.list("");
      assertThat(
              bill(
                  world,
                  it -> {
                    copyIn(it, "repo", tree(20, 50));
                    removeTree(it, "repo");
                  }))
          .isEmpty();
    });
  }

  /** It is never idle, so that its age decides. */
  @Test
  void aLogThatIsAppendedForTenMinutesIsPutOncePerMaxAge() {
    WriteBackTest.play(world -> {
      world.list("");
      var bill =
          bill(
              world,
              it -> {
                var log = it.write("log", "");
                for (var second = 0; second < 600; second++) {
                  it.overwrite(log, second * 10L, "a line...\n");
                  it.execution.sleep(Duration.ofSeconds(1));
                }
              });
      assertThat(bill).isEqualTo(Map.of(RequestKind.PUT, 2L));
      assertThat(world.object("log")).hasSize(6_000);
    });
  }

  @Test
  void aFileThatIsReplacedAThousandTimesIsPutOncePerWindow() {
    WriteBackTest.play(world -> {
      world.list("");
      WriteBackTest.Scene replace =
          it -> {
            for (var i = 0; i < 1_000; i++) {
              it.write("state.tmp", "state " + i);
              it.rename("state.tmp", "state");
            }
          };
      assertThat(bill(world, replace)).isEqualTo(Map.of(RequestKind.PUT, 1L));
      assertThat(world.object("state")).isEqualTo("state 999");
      assertThat(bill(world, replace))
          .isEqualTo(Map.of(RequestKind.PUT, 1L, RequestKind.LIST, USED_AGAIN));
    });
  }

  @Test
  void aThousandFilesThatAreRenamedIntoPlaceAreOnePutEach() {
    WriteBackTest.play(world -> {
      world.list("");
      assertThat(
              bill(
                  world,
                  it -> {
                    for (var i = 0; i < 1_000; i++) {
                      it.write("tmp" + i, "x");
                      it.rename("tmp" + i, "file" + i);
                    }
                  }))
          .isEqualTo(Map.of(RequestKind.PUT, 1_000L));
    });
  }

  /** Names and types alone, as find asks for them: one page for each thousand keys. */
  @Test
  void listingAHundredThousandKeysTwice() {
    var execution = new SimulatedExecution(1);
    execution.run(() -> {
      var bucket = new MemoryBucket(execution);
      tree(100, 1_000).forEach(path -> bucket.foreign().put(path, new byte[0]));
      var world =
          new World(
              execution, new MemoryKeyValueStore(execution, 1), new MemoryExtentStore(), bucket);
      assertThat(bill(world, RequestBillTest::findNames)).isEqualTo(Map.of(RequestKind.LIST, 101L));
      assertThat(bill(world, RequestBillTest::findNames)).isEmpty();
    });
  }

  private static void findNames(World world) throws Exception {
    var names = 0;
    for (var folder : world.list("")) {
      var directory = world.files.lookup(World.ROOT, world.root(), folder, Patience.FOREVER).id();
      var before = names;
      var found = new ArrayList<String>();
      world.files.readDirectory(
          World.ROOT, directory, 0, false, (_, name, _) -> found.add(name), Patience.FOREVER);
      names += found.size();
      assertThat(names).isGreaterThan(before);
    }
    assertThat(names).isEqualTo(100_000);
  }
}
