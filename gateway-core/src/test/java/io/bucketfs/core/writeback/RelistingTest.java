package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.importer.BucketEvents;
import io.bucketfs.core.importer.Changes;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A directory that is known is compared with the bucket: what is new, changed and gone in it. */
@Timeout(240)
final class RelistingTest {
  private static final RefreshPolicy OFF = new RefreshPolicy(null, false, Imported.ALL);
  private static final String LOST = ".bucketfs-lost+found";

  /** Plays on a mount that does not look for changes by itself. */
  private static void play(WriteBackTest.Scene scene) {
    play(OFF, scene);
  }

  private static void play(RefreshPolicy refresh, WriteBackTest.Scene scene) {
    var execution = new SimulatedExecution(1);
    execution.run(() -> scene.play(newWorld(execution, refresh)));
  }

  static World newWorld(SimulatedExecution execution, RefreshPolicy refresh) throws Exception {
    return new World(
        execution,
        new MemoryKeyValueStore(execution, 1),
        new MemoryExtentStore(),
        new MemoryBucket(execution),
        StoreTraits.FULL,
        refresh);
  }

  @Test
  void newChangedAndDeletedObjectsAreFoundByOneList() {
    play(world -> {
      for (var name : "abcde".split("", -1)) {
        world.foreignPut("d/" + name, "old " + name);
      }
      world.foreignPut("d/sub/x", "x");
      world.find("");
      world.read("d/b");
      var b = world.at("d/b");
      var directory = world.at("d");
      var before = world.bucket.counts().all();
      world.execution.sleep(Duration.ofSeconds(3));
      world.foreignPut("d/a!", "new");
      world.foreignPut("d/new/y", "new");
      world.foreignPut("d/b", "new b");
      world.bucket.foreign().delete("d/c");
      world.bucket.foreign().delete("d/sub/x");
      assertThat(world.refresh("d", false)).isEqualTo(new Changes(2, 1, 3));
      assertThat(world.bucket.counts().of(RequestKind.LIST)).isEqualTo(4);
      assertThat(world.bucket.counts().all()).isEqualTo(before + 1);
      assertThat(world.list("d")).containsExactlyInAnyOrder("a", "a!", "b", "d", "e", "new");
      var after = world.at("d/b");
      assertThat(after.id()).isEqualTo(b.id());
      assertThat(after.change()).isGreaterThan(b.change());
      assertThat(world.read("d/b")).isEqualTo("new b");
      assertThat(world.at("d").change()).isGreaterThan(directory.change());
      assertThat(world.at("d").modifyNanos()).isGreaterThan(directory.modifyNanos());
    });
  }

  @Test
  void aDirectoryThatDidNotChangeKeepsItsAttributesAndCostsListsOnly() {
    play(world -> {
      for (var i = 0; i < 2_500; i++) {
        world.foreignPut("d/f" + i, "x");
      }
      world.find("");
      var before = world.at("d");
      var lists = world.bucket.counts().of(RequestKind.LIST);
      var all = world.bucket.counts().all();
      assertThat(world.refresh("d", false)).isEqualTo(Changes.NONE);
      assertThat(world.bucket.counts().of(RequestKind.LIST)).isEqualTo(lists + 3);
      assertThat(world.bucket.counts().all()).isEqualTo(all + 3);
      assertThat(world.at("d")).isEqualTo(before);
    });
  }

  /** Deletions on both sides of the borders of pages, in a directory with sub-directories. */
  @Test
  void deletionsAreFoundOnAllPages() {
    play(world -> {
      var expected = new ArrayList<String>();
      for (var i = 0; i < 3_000; i++) {
        var name = "n%04d".formatted(i);
        if (i % 3 == 0) {
          world.foreignPut("d/" + name + "/in", "x");
        } else {
          world.foreignPut("d/" + name, "x");
        }
        // Sorts before the key of a directory of that name, and behind that of a file.
        world.foreignPut("d/" + name + "!", "x");
      }
      world.list("d");
      var gone = 0;
      for (var i = 0; i < 3_000; i++) {
        var name = "n%04d".formatted(i);
        if (i % 7 == 0) {
          // A directory takes what is in it along.
          gone += i % 3 == 0 ? 2 : 1;
          world.bucket.foreign().delete("d/" + name + (i % 3 == 0 ? "/in" : ""));
        } else {
          expected.add(name);
        }
        if (i % 5 == 0) {
          gone++;
          world.bucket.foreign().delete("d/" + name + "!");
        } else {
          expected.add(name + "!");
        }
      }
      assertThat(world.refresh("d", false)).isEqualTo(new Changes(0, 0, gone));
      assertThat(world.list("d")).containsExactlyInAnyOrderElementsOf(expected);
      assertThat(world.refresh("d", false)).isEqualTo(Changes.NONE);
    });
  }

  @Test
  void aTreeThatIsGoneGoesAndWhatIsDirtyInItStays() {
    play(world -> {
      for (var i = 0; i < 1_500; i++) {
        world.foreignPut("t/a/f" + i, "x");
      }
      world.foreignPut("t/a/deep/er/g", "x");
      world.foreignPut("t/b/g", "x");
      world.foreignPut("t/never/used/h", "x");
      world.find("t/a");
      world.find("t/b");
      world.list("t");
      world.write("t/b/mine", "local");
      for (var key : world.bucket.foreign().keys()) {
        world.bucket.foreign().delete(key);
      }
      assertThat(world.refresh("", false).deleted()).isEqualTo(1_500 + 1 + 3 + 1 + 2);
      assertThat(world.find("")).containsExactlyInAnyOrder("t", "t/b", "t/b/mine");
      world.flush();
      assertThat(world.bucket.foreign().keys()).containsExactly("t/b/mine");
    });
  }

  /** An empty directory that moved is known in the bucket under its old name only. */
  @Test
  void whatMovedAndIsNotExportedIsNotTakenForGone() {
    play(world -> {
      world.mkdir("d");
      world.mkdir("d/empty");
      world.write("d/f", "x");
      world.flush();
      world.rename("d", "e");
      assertThat(world.refresh("", true)).isEqualTo(Changes.NONE);
      assertThat(world.refresh("e", true)).isEqualTo(Changes.NONE);
      assertThat(world.find("")).containsExactlyInAnyOrder("e", "e/empty", "e/f");
      world.flush();
      assertThat(world.bucket.foreign().keys()).contains("e/empty/", "e/f");
    });
  }

  /** Rule 21: who has the file open reads what is here until he closes it. */
  @Test
  void rule21AFileThatIsOpenIsReadThroughItsHandleAfterItIsGone() {
    play(world -> {
      world.foreignPut("a", "bytes");
      world.read("a");
      var id = world.at("a").id();
      world.files.opened(id, false);
      world.bucket.foreign().delete("a");
      assertThat(world.refresh("", false).deleted()).isEqualTo(1);
      assertThat(world.exists("a")).isFalse();
      assertThat(world.read(id)).isEqualTo("bytes");
      world.files.closed(id, false);
    });
  }

  /** Rule 20. */
  @Test
  void rule20AFileRestsOnItsOtherNameWhenOneIsGone() {
    play(world -> {
      world.write("a", "bytes");
      world.link("a", "b");
      world.flush();
      for (var gone : new String[] {"a", "b"}) {
        if (world.metadata(gone).isEmpty()) {
          continue;
        }
        world.bucket.foreign().delete(gone);
        break;
      }
      assertThat(world.refresh("", false).deleted()).isEqualTo(1);
      assertThat(world.list("")).containsExactly("b");
      assertThat(world.read("b")).isEqualTo("bytes");
      world.rename("b", "c");
      world.flush();
      assertThat(world.object("c")).isEqualTo("bytes");
    });
  }

  @Test
  void aFileThatBecomesADirectoryAndBack() {
    play(world -> {
      world.foreignPut("a", "file");
      world.read("a");
      world.bucket.foreign().delete("a");
      world.foreignPut("a/b", "in");
      world.refresh("", false);
      assertThat(world.find("")).containsExactlyInAnyOrder("a", "a/b");
      world.foreignPut("a", "beside");
      world.refresh("", false);
      assertThat(world.operations.mount("data").unmapped()).isEqualTo(1);
      world.bucket.foreign().delete("a/b");
      world.refresh("", false);
      world.refresh("", false);
      assertThat(world.find("")).containsExactly("a");
      assertThat(world.read("a")).isEqualTo("beside");
      assertThat(world.operations.mount("data").unmapped()).isZero();
    });
  }

  @Test
  void aMarkerThatIsGoneLeavesTheDirectoryWhileSomethingIsInIt() {
    play(world -> {
      world.bucket.foreign().put("d/", new byte[0], Map.of("file-permissions", "0040700"));
      world.foreignPut("d/a", "x");
      world.find("");
      assertThat(world.at("d").mode()).isEqualTo(0700);
      world.bucket.foreign().delete("d/");
      world.refresh("d", false);
      assertThat(world.at("d").mode()).isEqualTo(0700);
      world.bucket.foreign().delete("d/a");
      assertThat(world.refresh("d", false).deleted()).isEqualTo(2);
      assertThat(world.list("")).isEmpty();
    });
  }

  @Test
  void aChangeOfMetadataOnlyIsAChange() {
    play(world -> {
      world.foreignPut("a", "x");
      world.at("a");
      world.execution.sleep(Duration.ofSeconds(2));
      world.bucket.foreign().replaceMetadata("a", Map.of("file-permissions", "0100600"));
      assertThat(world.refresh("", false)).isEqualTo(new Changes(0, 1, 0));
      assertThat(world.at("a").mode()).isEqualTo(0600);
      world.execution.sleep(Duration.ofSeconds(2));
      world.foreignPut("a", "y");
      world.refresh("a", false);
      // It has no metadata any longer: what is known stays.
      assertThat(world.at("a").mode()).isEqualTo(0600);
      assertThat(world.read("a")).isEqualTo("y");
    });
  }

  @Test
  void eachKindOfChangeCanBeLeftOut() {
    var none = new RefreshPolicy(Duration.ofSeconds(1), true, new Imported(false, false, false));
    play(
        none,
        world -> {
          world.foreignPut("a", "old");
          world.foreignPut("b", "old");
          world.find("");
          world.read("a");
          world.execution.sleep(Duration.ofSeconds(3));
          world.foreignPut("a", "new");
          world.foreignPut("c", "new");
          world.foreignPut("d/e", "new");
          world.bucket.foreign().delete("b");
          assertThat(world.list("")).containsExactlyInAnyOrder("a", "b");
          assertThat(world.read("a")).isEqualTo("old");
          assertThat(world.refresh("", false)).isEqualTo(new Changes(2, 1, 1));
          assertThat(world.list("")).containsExactlyInAnyOrder("a", "c", "d");
        });
  }

  /** A page that was asked for before something was seen by others is older than that. */
  @Test
  void rule14AnOlderPageDoesNotUndoWhatWasSeenLater() {
    play(world -> {
      world.foreignPut("a", "one");
      world.find("");
      world.bucket.faults().delay(RequestKind.LIST, Duration.ofSeconds(10), Duration.ofSeconds(10));
      world.execution.fork("refresh", () -> unchecked(() -> world.refresh("", false)));
      world.execution.sleep(Duration.ofSeconds(7));
      world.foreignPut("a", "second");
      world.foreignPut("b", "new");
      world.refresh("a", false);
      var events = world.importer.events();
      events.take(List.of(new BucketEvents.Event("bucket", "b", "t")));
      world.execution.sleep(Duration.ofMinutes(1));
      var before = world.bucket.counts().of(RequestKind.GET);
      assertThat(world.read("a")).isEqualTo("second");
      assertThat(world.bucket.counts().of(RequestKind.GET)).isEqualTo(before + 1);
      assertThat(world.list("")).containsExactlyInAnyOrder("a", "b");
    });
  }

  /** What somebody does here. */
  private enum Local {
    NOTHING,
    CREATE_NEW,
    WRITE,
    EXPORT,
    CHMOD,
    RENAME_AWAY,
    RENAME_OVER,
    REMOVE,
    REMOVE_AND_EXPORT,
    OPEN_FOR_WRITING,
    OPEN_FOR_READING,
    RENAME_DIRECTORY,
    MAKE_DIRECTORY
  }

  /** What somebody does in the bucket. */
  private enum Foreign {
    NOTHING,
    PUT_NEW,
    OVERWRITE,
    DELETE,
    DELETE_ALL,
    PUT_BELOW
  }

  /** When, seen from the listing. */
  private enum Order {
    BOTH_BEFORE,
    LOCAL_WHILE_IT_IS_SENT,
    LOCAL_WHILE_ITS_REPLY_IS_ON_ITS_WAY,
    FOREIGN_WHILE_ITS_REPLY_IS_ON_ITS_WAY,
    LOCAL_AFTER
  }

  /**
   * Every local change against every foreign one, in each order around a listing: nothing that was
   * acknowledged is lost, and in the end bucket and namespace are the same.
   */
  @Test
  void localAndForeignChangesAroundAListing() {
    for (var local : Local.values()) {
      for (var foreign : Foreign.values()) {
        for (var order : Order.values()) {
          for (var seed = 1; seed <= 3; seed++) {
            try {
              race(local, foreign, order, seed);
            } catch (Exception | AssertionError e) {
              throw new AssertionError(local + " " + foreign + " " + order + " " + seed, e);
            }
          }
        }
      }
    }
  }

  private static void race(Local local, Foreign foreign, Order order, long seed) throws Exception {
    var execution = new SimulatedExecution(seed);
    execution.run(() -> {
      var world = newWorld(execution, OFF);
      world.foreignPut("d/f", "old");
      world.foreignPut("d/g", "other");
      world.foreignPut("d/sub/h", "below");
      world.find("");
      // All bytes are here: what moved here and is gone there can be put again.
      world.read("d/f");
      world.read("d/g");
      world.read("d/sub/h");
      var exported = new ArrayList<String>();
      var done = new AtomicBoolean();
      Runnable here = () -> unchecked(() -> done.set(act(world, local, exported)));
      Runnable there = () -> act(world, foreign);
      execution.sleep(Duration.ofSeconds(3));
      if (order == Order.BOTH_BEFORE) {
        here.run();
      }
      if (order != Order.FOREIGN_WHILE_ITS_REPLY_IS_ON_ITS_WAY) {
        there.run();
      }
      world.bucket.faults().delay(RequestKind.LIST, Duration.ofSeconds(10), Duration.ofSeconds(10));
      execution.fork("refresh", () -> unchecked(() -> refresh(world, "d")));
      switch (order) {
        case BOTH_BEFORE, LOCAL_AFTER -> {}
        case LOCAL_WHILE_IT_IS_SENT -> {
          execution.sleep(Duration.ofSeconds(2));
          here.run();
        }
        case LOCAL_WHILE_ITS_REPLY_IS_ON_ITS_WAY -> {
          execution.sleep(Duration.ofSeconds(7));
          here.run();
        }
        case FOREIGN_WHILE_ITS_REPLY_IS_ON_ITS_WAY -> {
          here.run();
          execution.sleep(Duration.ofSeconds(7));
          there.run();
        }
      }
      execution.sleep(Duration.ofSeconds(30));
      world.bucket.faults().delay(RequestKind.LIST, Duration.ZERO, Duration.ZERO);
      if (order == Order.LOCAL_AFTER) {
        here.run();
      }
      converge(world);
      if (done.get()) {
        requireNothingLost(world, local, exported);
      }
    });
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

  private static void refresh(World world, String path) throws Exception {
    try {
      world.refresh(path, true);
    } catch (FileSystemException e) {
      assertThat(e.error()).isIn(FsError.NOT_FOUND, FsError.STALE);
    }
  }

  /** Returns whether it was done. */
  private static boolean act(World world, Local local, List<String> exported) throws Exception {
    try {
      switch (local) {
        case NOTHING -> {}
        case CREATE_NEW -> world.write("d/new", "local");
        case WRITE -> world.write("d/f", "local");
        case EXPORT -> {
          world.write("d/f", "local");
          world.flush();
          if ("local".equals(world.object("d/f"))) {
            exported.add("local");
          }
        }
        case CHMOD ->
            world.files.setAttributes(
                World.ROOT,
                world.at("d/f").id(),
                SetAttributes.ofMode(0600),
                false,
                Patience.FOREVER);
        case RENAME_AWAY -> world.rename("d/f", "moved");
        case RENAME_OVER -> {
          world.write("mine", "local");
          world.rename("mine", "d/f");
        }
        case REMOVE -> world.remove("d/f");
        case REMOVE_AND_EXPORT -> {
          world.remove("d/f");
          world.flush();
        }
        case OPEN_FOR_WRITING -> {
          if (world.at("d/f").type() != FileType.FILE) {
            return false;
          }
          var id = world.at("d/f").id();
          world.files.opened(id, true);
          world.execution.fork(
              "writer",
              () ->
                  unchecked(() -> {
                    world.execution.sleep(Duration.ofSeconds(20));
                    world.overwrite(id, 0, "local");
                    world.files.closed(id, true);
                  }));
        }
        case OPEN_FOR_READING -> {
          if (world.at("d/f").type() != FileType.FILE) {
            return false;
          }
          var id = world.at("d/f").id();
          world.files.opened(id, false);
          world.execution.fork(
              "reader",
              () ->
                  unchecked(() -> {
                    world.execution.sleep(Duration.ofSeconds(20));
                    try {
                      assertThat(world.read(id)).isIn("old", "foreign");
                    } catch (FileSystemException e) {
                      assertThat(e.error()).isIn(FsError.STALE, FsError.IO);
                    }
                    world.files.closed(id, false);
                  }));
        }
        case RENAME_DIRECTORY -> world.rename("d", "e");
        case MAKE_DIRECTORY -> world.mkdir("d/new");
      }
      return true;
    } catch (FileSystemException e) {
      // What the foreigner took away, or put there, is no longer there to work on.
      assertThat(e.error())
          .isIn(
              FsError.NOT_FOUND,
              FsError.STALE,
              FsError.EXISTS,
              FsError.IS_A_DIRECTORY,
              FsError.NOT_EMPTY);
      return false;
    }
  }

  private static void act(World world, Foreign foreign) {
    var writer = world.bucket.foreign();
    switch (foreign) {
      case NOTHING -> {}
      case PUT_NEW -> world.foreignPut("d/new", "foreign");
      case OVERWRITE -> world.foreignPut("d/f", "foreign");
      case DELETE -> writer.delete("d/f");
      case DELETE_ALL ->
          writer.keys().stream().filter(key -> key.startsWith("d/")).forEach(writer::delete);
      case PUT_BELOW -> world.foreignPut("d/f/x", "foreign");
    }
  }

  /** Exports and compares until nothing changes any longer: then both sides are the same. */
  static void converge(World world) throws Exception {
    world.execution.sleep(Duration.ofMinutes(10));
    for (var round = 0; round < 3; round++) {
      for (var failing : world.flush().failing()) {
        // Rule 19: somebody deleted the object of a file that was moved here and is not here.
        assertThat(failing.reason()).contains("only in the bucket and is gone there");
        // What waits for it goes on once it is away.
        if (failing.reason().startsWith("a part") && world.exists(failing.path())) {
          world.remove(failing.path());
        }
      }
      world.refresh("", true);
    }
    assertThat(world.refresh("", true)).isEqualTo(Changes.NONE);
    assertThat(world.backlog().files()).as("%s", world.operations.dirty(null, 10)).isZero();
    assertThat(world.operations.check(null, true).findings()).isEmpty();
    var paths = world.find("");
    var unmapped =
        world.operations.unmapped("data", 100).stream().map(entry -> entry.key()).toList();
    var objects = new ArrayList<String>();
    for (var key : world.bucket.foreign().keys()) {
      if (!key.endsWith("/") && !unmapped.contains(key)) {
        objects.add(key + "=" + world.object(key));
      }
    }
    var files = new ArrayList<String>();
    for (var path : paths) {
      if (!path.startsWith(LOST) && world.at(path).type() == FileType.FILE) {
        files.add(path + "=" + world.read(path));
      }
    }
    assertThat(files).containsExactlyInAnyOrderElementsOf(objects);
  }

  private static void requireNothingLost(World world, Local local, List<String> exported)
      throws Exception {
    switch (local) {
      case CREATE_NEW, WRITE, EXPORT, RENAME_OVER, OPEN_FOR_WRITING -> {
        var found = new ArrayList<>(exported);
        world.bucket.foreign().keys().forEach(key -> found.add(String.valueOf(world.object(key))));
        for (var path : world.find("")) {
          if (world.at(path).type() == FileType.FILE) {
            found.add(new String(world.read(path).getBytes(UTF_8), UTF_8));
          }
        }
        assertThat(found).anyMatch(text -> text.startsWith("local"));
      }
      default -> {}
    }
  }
}
