package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.WouldBlock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bucket to namespace, through the whole core. */
@Timeout(120)
final class ImportTest {
  private static void play(WriteBackTest.Scene scene) {
    WriteBackTest.play(scene);
  }

  @Test
  void theFirstFindCostsOneListAFolderAndOneHeadAFileAndTheSecondNothing() {
    play(world -> {
      for (var directory = 0; directory < 5; directory++) {
        for (var file = 0; file < 30; file++) {
          world.foreignPut("d" + directory + "/sub/f" + file, "x");
        }
      }
      for (var file = 0; file < 1_500; file++) {
        world.foreignPut("big/f" + file, "x");
      }
      assertThat(world.find("")).hasSize(5 + 5 + 5 * 30 + 1 + 1_500);
      var counts = world.bucket.counts();
      // The root, five folders with one each, and two pages of the big one.
      assertThat(counts.of(RequestKind.LIST)).isEqualTo(1 + 5 + 5 + 2);
      assertThat(counts.of(RequestKind.HEAD)).isEqualTo(5 * 30 + 1_500);
      assertThat(counts.of(RequestKind.GET)).isZero();
      var before = counts.all();
      assertThat(world.find("")).hasSize(5 + 5 + 5 * 30 + 1 + 1_500);
      assertThat(counts.all()).isEqualTo(before);
      assertThat(counts.runningMax()).isBetween(2, 129);
    });
  }

  @Test
  void attributesComeFromTheObjectsMetadata() {
    play(world -> {
      var metadata =
          Map.of(
              "file-owner",
              "1000",
              "file-group",
              "1001",
              "file-permissions",
              "0100640",
              "file-mtime",
              "1234567890123456789ns");
      world.bucket.foreign().put("a", "hello".getBytes(UTF_8), metadata);
      var a = world.at("a");
      assertThat(a.uid()).isEqualTo(1000);
      assertThat(a.gid()).isEqualTo(1001);
      assertThat(a.mode()).isEqualTo(0640);
      assertThat(a.modifyNanos()).isEqualTo(1_234_567_890_123_456_789L);
      assertThat(a.sizeBytes()).isEqualTo(5);
      assertThat(world.read("a")).isEqualTo("hello");
    });
  }

  @Test
  void symlinksOfOthersAreSymlinks() {
    play(world -> {
      world
          .bucket
          .foreign()
          .put("l", "there".getBytes(UTF_8), Map.of("file-permissions", "0120777"));
      assertThat(world.at("l").type()).isEqualTo(FileType.SYMLINK);
      assertThat(world.files.readLink(world.at("l").id(), Patience.FOREVER))
          .isEqualTo("there".getBytes(UTF_8));
    });
  }

  @Test
  void aMarkerGivesADirectoryItsAttributes() {
    play(world -> {
      world.bucket.foreign().put("d/", new byte[0], Map.of("file-permissions", "0040700"));
      world.foreignPut("d/a", "x");
      assertThat(world.at("d").mode()).isEqualTo(0700);
      assertThat(world.list("d")).containsExactly("a");
      assertThat(world.bucket.counts().of(RequestKind.LIST)).isEqualTo(2);
    });
  }

  /** Promise 8: nothing is silently invisible. */
  @Test
  void whatCannotBeShownIsCountedAndListed() {
    play(world -> {
      world.foreignPut("x//y", "1");
      world.foreignPut("both", "2");
      world.foreignPut("both/in", "3");
      world.foreignPut("data/", "a marker with bytes");
      world.foreignPut("ok", "4");
      assertThat(world.find("")).containsExactlyInAnyOrder("both", "both/in", "data", "ok", "x");
      var keys = world.operations.unmapped("data", 10).stream().map(entry -> entry.key()).toList();
      assertThat(keys).containsExactlyInAnyOrder("x//", "both", "data/");
      assertThat(world.operations.mount("data").unmapped()).isEqualTo(3);
      world.remove("both/in");
      world.flush();
      assertThat(world.object("both")).isEqualTo("2");
    });
  }

  /** Rule 14: what a listing says of a key that was written meanwhile is old. */
  @Test
  void rule14AListingDoesNotBringBackWhatWasDeletedMeanwhile() {
    play(world -> {
      for (var i = 0; i < 1_200; i++) {
        world.foreignPut("d/f" + i, "x");
      }
      world.list("");
      world.bucket.faults().delay(RequestKind.LIST, Duration.ofSeconds(10), Duration.ofSeconds(10));
      world.execution.fork(
          "writer",
          () -> {
            try {
              world.list("d");
              world.remove("d/f5");
              world.flush();
            } catch (Exception e) {
              throw new AssertionError(e);
            }
          });
      world.execution.sleep(Duration.ofMinutes(2));
      assertThat(world.list("d")).hasSize(1_199).doesNotContain("f5");
      assertThat(world.object("d/f5")).isNull();
    });
  }

  @Test
  void manyThatAskForOneDirectoryShareOneListing() {
    play(world -> {
      world.foreignPut("a", "x");
      world.bucket.faults().delay(Duration.ofMillis(50), Duration.ofMillis(50));
      for (var i = 0; i < 20; i++) {
        world.execution.fork(
            "lookup",
            () -> {
              try {
                world.at("a");
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            });
      }
      world.execution.sleep(Duration.ofSeconds(1));
      assertThat(world.bucket.counts().of(RequestKind.LIST)).isEqualTo(1);
      assertThat(world.bucket.counts().of(RequestKind.HEAD)).isEqualTo(1);
    });
  }

  /** Rule 9. */
  @Test
  void rule09WithoutPatienceNothingIsSent() {
    play(world -> {
      var root = world.cache.inode(InodeKey.of(world.root()), Patience.FOREVER);
      assertThat(root).isNotNull();
      assertThatThrownBy(() -> world.importer.ensureListed(root, Patience.NONE))
          .isInstanceOf(WouldBlock.class);
      assertThat(world.bucket.counts().all()).isZero();
    });
  }

  @Test
  void anOutageIsDelayOnceThePatienceIsUsedUpAndHeals() {
    play(world -> {
      world.foreignPut("a", "x");
      world.bucket.faults().always(Fault.UNREACHABLE);
      var patience = Patience.atMost(Duration.ofSeconds(2), world.execution.nanoTime());
      assertThatThrownBy(() -> world.files.lookup(World.ROOT, world.root(), "a", patience))
          .extracting("error")
          .isEqualTo(FsError.DELAY);
      world.bucket.faults().always(null);
      assertThat(world.read("a")).isEqualTo("x");
    });
  }

  @Test
  void deniedIsAccess() {
    play(world -> {
      world.foreignPut("a", "x");
      world.bucket.faults().always(Fault.DENIED);
      assertThatThrownBy(() -> world.at("a")).extracting("error").isEqualTo(FsError.ACCESS);
    });
  }

  @Test
  void foreignMetadataSurviveARewrite() {
    play(world -> {
      world.bucket.foreign().put("a", "x".getBytes(UTF_8), Map.of("colour", "blue"));
      world.write("a", "new");
      world.flush();
      assertThat(world.object("a")).isEqualTo("new");
      assertThat(world.metadata("a")).containsEntry("colour", "blue");
      world.rename("a", "b");
      world.flush();
      assertThat(world.metadata("b")).containsEntry("colour", "blue");
    });
  }

  @Test
  void aWipedStateFindsEverythingAgain() {
    var execution = new SimulatedExecution(5);
    execution.run(() -> {
      var bucket = new MemoryBucket(execution);
      var world =
          new World(
              execution, new MemoryKeyValueStore(execution, 1), new MemoryExtentStore(), bucket);
      world.mkdir("d");
      var id = world.write("d/a", "bytes");
      world.mkdir("e");
      world.files.setAttributes(
          World.ROOT, id, new SetAttributes(0600, 5, 6, null, null, null), false, Patience.FOREVER);
      var before = world.at("d/a");
      world.flush();
      var fresh =
          new World(
              execution, new MemoryKeyValueStore(execution, 2), new MemoryExtentStore(), bucket);
      assertThat(fresh.find("")).containsExactlyInAnyOrder("d", "d/a", "e");
      assertThat(fresh.read("d/a")).isEqualTo("bytes");
      var after = fresh.at("d/a");
      assertThat(after.mode()).isEqualTo(0600);
      assertThat(after.uid()).isEqualTo(5);
      assertThat(after.modifyNanos()).isEqualTo(before.modifyNanos());
    });
  }

  @Test
  void aLocalFileThatIsDirtySurvivesTheListingOfItsDirectory() {
    play(world -> {
      world.foreignPut("d/b", "x");
      var written = new AtomicBoolean();
      world
          .bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == RequestKind.LIST && written.compareAndSet(false, true)) {
              world.foreignPut("d/c", "y");
            }
          });
      assertThat(world.find("")).containsExactlyInAnyOrder("d", "d/b", "d/c");
    });
  }
}
