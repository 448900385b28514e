package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Namespace to bucket, through the whole core. */
@Timeout(60)
final class WriteBackTest {
  private static final Duration SOON = World.IDLE.plusSeconds(5);

  /** What a test does with a world. */
  @FunctionalInterface
  interface Scene {
    void play(World world) throws Exception;
  }

  static void play(Scene scene) {
    var execution = new SimulatedExecution(1);
    execution.run(() -> scene.play(newWorld(execution)));
  }

  static World newWorld(SimulatedExecution execution) throws Exception {
    return new World(
        execution,
        new MemoryKeyValueStore(execution, 1),
        new MemoryExtentStore(),
        new MemoryBucket(execution));
  }

  private static long requests(World world) {
    return world.bucket.counts().all();
  }

  /** Lists the root once, so that counting starts from there. */
  private static long start(World world) throws Exception {
    world.list("");
    return requests(world);
  }

  @Test
  void anIdleFileBecomesAnObjectWithItsBytesAndMetadata() {
    play(world -> {
      world.write("a.txt", "hello");
      world.execution.sleep(SOON);
      assertThat(world.object("a.txt")).isEqualTo("hello");
      assertThat(world.metadata("a.txt"))
          .containsEntry("file-owner", "0")
          .containsEntry("file-permissions", "0100644")
          .containsEntry("file-mtime", world.at("a.txt").modifyNanos() + "ns");
      assertThat(world.backlog().files()).isZero();
    });
  }

  @Test
  void aNewObjectHasTheTypeThatItsNameStandsFor() {
    play(world -> {
      world.write("page.HTML", "x");
      world.write("unknown", "x");
      world.write(".json", "x");
      world.make("link.txt", new NewNode.Symlink("page.HTML".getBytes(UTF_8)));
      world.flush();
      assertThat(type(world, "page.HTML")).isEqualTo("text/html");
      assertThat(type(world, "unknown")).isEqualTo("binary/octet-stream");
      assertThat(type(world, ".json")).isEqualTo("binary/octet-stream");
      assertThat(type(world, "link.txt")).isEqualTo("binary/octet-stream");
      world.files.setAttributes(
          World.ROOT,
          world.at("page.HTML").id(),
          SetAttributes.ofMode(0600),
          false,
          Patience.FOREVER);
      world.flush();
      assertThat(type(world, "page.HTML")).isEqualTo("text/html");
    });
  }

  private static @Nullable String type(World world, String key) {
    var head = world.bucket.foreign().head(key);
    return head == null ? "no object" : head.contentType();
  }

  @Test
  void createAndDeleteInsideTheWindowSendNothing() {
    play(world -> {
      var before = start(world);
      world.write("a", "x");
      world.remove("a");
      world.execution.sleep(SOON.multipliedBy(3));
      assertThat(requests(world)).isEqualTo(before);
      assertThat(world.backlog().files()).isZero();
    });
  }

  @Test
  void writingATemporaryAndRenamingItIsOnePut() {
    play(world -> {
      world.write("a", "old");
      world.flush();
      var before = requests(world);
      world.write("a.tmp", "new");
      world.rename("a.tmp", "a");
      world.execution.sleep(SOON);
      assertThat(requests(world) - before).isEqualTo(1);
      assertThat(world.object("a")).isEqualTo("new");
      assertThat(world.bucket.foreign().keys()).containsExactly("a");
    });
  }

  @Test
  void tenRenamesAreOneCopyAndOneDelete() {
    play(world -> {
      world.write("f0", "bytes");
      world.flush();
      var before = requests(world);
      for (var i = 0; i < 10; i++) {
        world.rename("f" + i, "f" + (i + 1));
      }
      world.execution.sleep(SOON.multipliedBy(2));
      assertThat(requests(world) - before).isEqualTo(2);
      assertThat(world.bucket.counts().of(RequestKind.COPY)).isEqualTo(1);
      assertThat(world.bucket.counts().of(RequestKind.DELETE)).isEqualTo(1);
      assertThat(world.bucket.foreign().keys()).containsExactly("f10");
      assertThat(world.object("f10")).isEqualTo("bytes");
      assertThat(world.read("f10")).isEqualTo("bytes");
    });
  }

  @Test
  void aChangeOfModeOnlyIsOneCopyOntoItself() {
    play(world -> {
      world.write("a", "bytes");
      world.flush();
      var before = requests(world);
      world.files.setAttributes(
          World.ROOT, world.at("a").id(), SetAttributes.ofMode(0600), false, Patience.FOREVER);
      world.flush();
      assertThat(requests(world) - before).isEqualTo(1);
      assertThat(world.bucket.counts().of(RequestKind.COPY)).isEqualTo(1);
      assertThat(world.metadata("a")).containsEntry("file-permissions", "0100600");
      assertThat(world.object("a")).isEqualTo("bytes");
    });
  }

  @Test
  void aDeletedFileIsDeletedInTheBucket() {
    play(world -> {
      world.write("a", "x");
      world.flush();
      world.remove("a");
      world.flush();
      assertThat(world.bucket.foreign().keys()).isEmpty();
      assertThat(world.backlog().files()).isZero();
    });
  }

  @Test
  void directoriesHaveMarkersOnlyWhereNeeded() {
    play(world -> {
      world.mkdir("empty");
      world.mkdir("full");
      world.write("full/a", "x");
      world.flush();
      assertThat(world.bucket.foreign().keys()).containsExactly("empty/", "full/a");
    });
  }

  /** Rule 18. */
  @Test
  void rule18AMarkerIsPutBeforeTheLastChildIsDeleted() {
    play(world -> {
      world.mkdir("d");
      world.write("d/a", "x");
      world.flush();
      world
          .bucket
          .faults()
          .hook((kind, key) -> {
            if (kind == RequestKind.DELETE && key.equals("d/a")) {
              assertThat(world.bucket.foreign().keys()).contains("d/");
            }
          });
      world.remove("d/a");
      world.flush();
      assertThat(world.bucket.foreign().keys()).containsExactly("d/");
    });
  }

  @Test
  void removingATreeLeavesNothing() {
    play(world -> {
      world.mkdir("d");
      world.mkdir("d/e");
      world.write("d/e/a", "x");
      world.write("d/b", "y");
      world.flush();
      world.remove("d/e/a");
      world.remove("d/e");
      world.remove("d/b");
      world.remove("d");
      world.flush();
      assertThat(world.bucket.foreign().keys()).isEmpty();
      assertThat(world.backlog().files()).isZero();
    });
  }

  /** Rule 17, the part without foreign writers. */
  @Test
  void aRenamedDirectoryMovesItsObjects() {
    play(world -> {
      world.mkdir("d");
      world.mkdir("d/empty");
      for (var i = 0; i < 300; i++) {
        world.write("d/f" + i, "bytes " + i);
      }
      world.flush();
      world.rename("d", "e");
      world.write("e/new", "n");
      world.flush();
      assertThat(world.bucket.foreign().keys()).hasSize(302).allMatch(key -> key.startsWith("e/"));
      assertThat(world.object("e/f17")).isEqualTo("bytes 17");
      assertThat(world.read("e/f17")).isEqualTo("bytes 17");
      assertThat(world.bucket.counts().of(RequestKind.COPY)).isEqualTo(300);
      assertThat(world.backlog().files()).isZero();
    });
  }

  @Test
  void swappedFilesAreSwappedInTheBucket() {
    play(world -> {
      world.foreignPut("a", "was a");
      world.foreignPut("b", "was b");
      world.find("");
      world.rename("a", "t");
      world.rename("b", "a");
      world.rename("t", "b");
      world.flush();
      assertThat(world.object("a")).isEqualTo("was b");
      assertThat(world.object("b")).isEqualTo("was a");
      assertThat(world.read("a")).isEqualTo("was b");
      assertThat(world.read("b")).isEqualTo("was a");
      world.execution.sleep(SOON);
      assertThat(world.bucket.foreign().keys()).containsExactly("a", "b");
    });
  }

  @Test
  void swappedDirectoriesAreSwappedInTheBucket() {
    play(world -> {
      world.foreignPut("a/f", "was a/f");
      world.foreignPut("a/g", "was a/g");
      world.foreignPut("b/f", "was b/f");
      world.find("");
      world.rename("a", "t");
      world.rename("b", "a");
      world.rename("t", "b");
      world.flush();
      world.execution.sleep(SOON);
      assertThat(world.bucket.foreign().keys()).containsExactly("a/f", "b/f", "b/g");
      assertThat(world.object("a/f")).isEqualTo("was b/f");
      assertThat(world.object("b/f")).isEqualTo("was a/f");
      assertThat(world.object("b/g")).isEqualTo("was a/g");
      assertThat(world.backlog().files()).isZero();
    });
  }

  /** Once, the file went on resting on the object that was to go, and each waited for the other. */
  @Test
  void aFileThatIsRenamedBackBeforeItsOldObjectIsGoneRestsOnThatAgain() {
    play(world -> {
      world.write("a", "bytes");
      world.flush();
      world.bucket.faults().delay(RequestKind.DELETE, Duration.ofSeconds(9), Duration.ofSeconds(9));
      world.rename("a", "b");
      world.writeBack.hurry(world.mount);
      // A rename makes no room, so that it is not done before it has been idle for a while.
      world.execution.sleep(Duration.ofSeconds(4));
      assertThat(world.bucket.foreign().keys()).containsExactly("a", "b");
      world.rename("b", "a");
      world.write("b", "other");
      world.execution.sleep(SOON.multipliedBy(2));
      assertThat(world.object("a")).isEqualTo("bytes");
      assertThat(world.object("b")).isEqualTo("other");
      assertThat(world.read("a")).isEqualTo("bytes");
      assertThat(world.operations.conflicts(null, 10)).isEmpty();
      assertThat(world.backlog().files()).isZero();
    });
  }

  @Test
  void aNewFileUnderTheOldNameDoesNotOverwriteWhatWasMovedAway() {
    play(world -> {
      world.foreignPut("a", "old bytes");
      world.find("");
      world.rename("a", "b");
      world.write("a", "new bytes");
      world.flush();
      assertThat(world.object("a")).isEqualTo("new bytes");
      assertThat(world.object("b")).isEqualTo("old bytes");
      assertThat(world.read("b")).isEqualTo("old bytes");
    });
  }

  @Test
  void symlinksAndFifosKeepTheirTypeOverALostState() {
    var execution = new SimulatedExecution(1);
    execution.run(() -> {
      var bucket = new MemoryBucket(execution);
      var world =
          new World(
              execution, new MemoryKeyValueStore(execution, 1), new MemoryExtentStore(), bucket);
      world.make("link", new NewNode.Symlink("to/there".getBytes(UTF_8)));
      world.make("pipe", new NewNode.Special(FileType.FIFO, 0, 0));
      world.flush();
      assertThat(world.object("link")).isEqualTo("to/there");
      var fresh =
          new World(
              execution, new MemoryKeyValueStore(execution, 2), new MemoryExtentStore(), bucket);
      assertThat(fresh.files.readLink(fresh.at("link").id(), Patience.FOREVER))
          .isEqualTo("to/there".getBytes(UTF_8));
      assertThat(fresh.at("pipe").type()).isEqualTo(FileType.FIFO);
    });
  }

  @Test
  void eachNameOfAHardLinkIsAnObject() {
    play(world -> {
      world.write("a", "bytes");
      world.link("a", "b");
      world.flush();
      assertThat(world.object("a")).isEqualTo("bytes");
      assertThat(world.object("b")).isEqualTo("bytes");
      world.remove("a");
      world.flush();
      assertThat(world.bucket.foreign().keys()).containsExactly("b");
      assertThat(world.read("b")).isEqualTo("bytes");
    });
  }

  @Test
  void aFlushEndsAlsoWhileAWriterGoesOn() {
    play(world -> {
      var file = world.write("log", "0");
      world.execution.fork(
          "writer",
          () -> {
            try {
              for (var i = 1; i < 1_000; i++) {
                world.overwrite(file, i, "x");
                world.execution.sleep(Duration.ofMillis(1));
              }
            } catch (Exception e) {
              throw new AssertionError(e);
            }
          });
      world.bucket.faults().delay(Duration.ofMillis(20), Duration.ofMillis(20));
      var flushed = world.flush();
      assertThat(flushed.files()).isEqualTo(1);
      assertThat(flushed.failing()).isEmpty();
      assertThat(world.object("log")).startsWith("0");
    });
  }

  @Test
  void aFileThatIsWrittenForEverIsExportedAfterTheMaximumAge() {
    play(world -> {
      var file = world.write("log", "0");
      for (var i = 1; i < 40; i++) {
        world.execution.sleep(Duration.ofSeconds(10));
        world.overwrite(file, i, "x");
      }
      assertThat(world.object("log")).isNotNull();
      assertThat(world.bucket.counts().of(RequestKind.PUT)).isEqualTo(1);
    });
  }
}
