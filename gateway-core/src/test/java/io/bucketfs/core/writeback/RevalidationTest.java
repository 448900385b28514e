package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.importer.BucketEvents.Event;
import io.bucketfs.core.importer.BucketEvents.Taken;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When a mount looks for what others changed, what it costs, and what stores tell of it. */
@Timeout(240)
final class RevalidationTest {
  private static final Duration TTL = Duration.ofSeconds(30);
  private static final Duration AFTER = TTL.plusSeconds(1);
  private static final Duration MOMENT = Duration.ofMillis(100);

  private static void play(boolean strict, Duration interval, WriteBackTest.Scene scene) {
    var execution = new SimulatedExecution(1);
    var refresh = new RefreshPolicy(interval, strict, Imported.ALL);
    execution.run(() -> scene.play(RelistingTest.newWorld(execution, refresh)));
  }

  private static void stale(WriteBackTest.Scene scene) {
    play(false, TTL, scene);
  }

  private static void strict(WriteBackTest.Scene scene) {
    play(true, TTL, scene);
  }

  private static long lists(World world) {
    return world.bucket.counts().of(RequestKind.LIST);
  }

  private static long all(World world) {
    return world.bucket.counts().all();
  }

  @Test
  void theUseAfterTheIntervalGetsWhatIsKnownAndTheNextOneWhatIsThere() {
    stale(world -> {
      world.foreignPut("a", "old");
      assertThat(world.read("a")).isEqualTo("old");
      world.execution.sleep(AFTER);
      world.foreignPut("a", "new");
      world.foreignPut("b", "new");
      assertThat(world.list("")).containsExactly("a");
      world.execution.sleep(MOMENT);
      assertThat(world.list("")).containsExactly("a", "b");
      assertThat(world.read("a")).isEqualTo("new");
    });
  }

  @Test
  void withinTheIntervalNothingIsSent() {
    stale(world -> {
      world.foreignPut("d/a", "x");
      world.find("");
      var before = all(world);
      for (var second = 0; second < 29; second++) {
        world.execution.sleep(Duration.ofSeconds(1));
        world.find("");
      }
      assertThat(all(world)).isEqualTo(before);
    });
  }

  @Test
  void aStrictMountWaits() {
    strict(world -> {
      world.foreignPut("a", "old");
      assertThat(world.read("a")).isEqualTo("old");
      world.bucket.faults().delay(Duration.ofMillis(50), Duration.ofMillis(50));
      world.execution.sleep(AFTER);
      world.foreignPut("a", "new");
      world.foreignPut("b", "new");
      assertThat(world.read("a")).isEqualTo("new");
      assertThat(world.list("")).containsExactly("a", "b");
    });
  }

  /** Rule 9. */
  @Test
  void rule09AStrictMountDoesNotBlockAnEventLoop() {
    strict(world -> {
      world.foreignPut("a", "old");
      var a = world.at("a").id();
      world.execution.sleep(AFTER);
      var before = all(world);
      assertThatThrownBy(() -> world.files.lookup(World.ROOT, world.root(), "a", Patience.NONE))
          .isInstanceOf(WouldBlock.class);
      assertThatThrownBy(() -> world.files.attributes(a, Patience.NONE))
          .isInstanceOf(WouldBlock.class);
      world.execution.sleep(MOMENT);
      assertThat(all(world)).isEqualTo(before);
    });
  }

  @Test
  void aMountThatIsNotStrictNeverBlocks() {
    stale(world -> {
      world.foreignPut("a", "old");
      world.at("a");
      world.execution.sleep(AFTER);
      world.foreignPut("a", "longer");
      var old = world.files.lookup(World.ROOT, world.root(), "a", Patience.NONE);
      assertThat(old.sizeBytes()).isEqualTo(3);
      world.execution.sleep(MOMENT);
      assertThat(world.at("a").sizeBytes()).isEqualTo(6);
    });
  }

  @Test
  void zeroIsAtEveryLookup() {
    play(
        true,
        Duration.ZERO,
        world -> {
          world.foreignPut("a", "0");
          for (var i = 1; i < 10; i++) {
            assertThat(world.read("a")).isEqualTo(Integer.toString(i - 1));
            world.execution.sleep(Duration.ofSeconds(2));
            world.foreignPut("a", Integer.toString(i));
          }
        });
  }

  @Test
  void offIsNever() {
    var execution = new SimulatedExecution(1);
    var off = new RefreshPolicy(null, true, Imported.ALL);
    execution.run(() -> {
      var world = RelistingTest.newWorld(execution, off);
      world.foreignPut("a", "old");
      world.find("");
      world.foreignPut("b", "new");
      var before = all(world);
      world.execution.sleep(Duration.ofDays(1));
      assertThat(world.find("")).containsExactly("a");
      assertThat(all(world)).isEqualTo(before);
    });
  }

  @Test
  void aMountThatNobodyUsesSendsNothing() {
    stale(world -> {
      for (var i = 0; i < 50; i++) {
        world.foreignPut("d" + i + "/a", "x");
      }
      world.find("");
      var before = all(world);
      world.execution.sleep(Duration.ofDays(1));
      assertThat(all(world)).isEqualTo(before);
    });
  }

  @Test
  void aSecondFindOverManyKeysCostsListsOnly() {
    stale(world -> {
      for (var i = 0; i < 20; i++) {
        for (var j = 0; j < 1_500; j++) {
          world.foreignPut("d" + i + "/f" + j, "x");
        }
      }
      world.find("");
      world.execution.sleep(AFTER);
      var lists = lists(world);
      var before = all(world);
      world.find("");
      world.execution.sleep(AFTER);
      assertThat(all(world) - before).isEqualTo(lists(world) - lists);
      assertThat(lists(world) - lists).isEqualTo(1 + 20 * 2);
    });
  }

  /** A client that keeps a file open asks for its attributes only. */
  @Test
  void aFileThatIsUsedByItsHandleCostsAHeadAndNotAListing() {
    stale(world -> {
      for (var i = 0; i < 5_000; i++) {
        world.foreignPut("d/f" + i, "old");
      }
      var id = world.at("d/f7").id();
      world.execution.sleep(AFTER);
      world.foreignPut("d/f7", "longer");
      var lists = lists(world);
      var heads = world.bucket.counts().of(RequestKind.HEAD);
      assertThat(world.files.attributes(id, Patience.FOREVER).sizeBytes()).isEqualTo(3);
      world.execution.sleep(MOMENT);
      assertThat(world.files.attributes(id, Patience.FOREVER).sizeBytes()).isEqualTo(6);
      assertThat(world.bucket.counts().of(RequestKind.HEAD)).isEqualTo(heads + 1);
      assertThat(lists(world)).isEqualTo(lists);
    });
  }

  @Test
  void manyFilesThatAreUsedByTheirHandlesCostOneListing() {
    stale(world -> {
      for (var i = 0; i < 500; i++) {
        world.foreignPut("d/f" + i, "x");
      }
      world.find("");
      var ids = new ArrayList<FileId>();
      for (var i = 0; i < 500; i++) {
        ids.add(world.at("d/f" + i).id());
      }
      for (var round = 0; round < 3; round++) {
        world.execution.sleep(AFTER);
        var lists = lists(world);
        var before = all(world);
        for (var id : ids) {
          world.files.attributes(id, Patience.FOREVER);
          world.execution.sleep(Duration.ofMillis(1));
        }
        assertThat(lists(world) - lists).isEqualTo(1);
        assertThat(all(world) - before).isLessThan(20);
      }
    });
  }

  @Test
  void oneDirectoryIsComparedOnceAtATime() {
    stale(world -> {
      world.foreignPut("a", "x");
      world.at("a");
      world.bucket.faults().delay(Duration.ofSeconds(2), Duration.ofSeconds(2));
      world.execution.sleep(AFTER);
      var lists = lists(world);
      for (var i = 0; i < 100; i++) {
        world.execution.fork(
            "lookup",
            () -> {
              try {
                world.at("a");
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            });
        world.execution.sleep(Duration.ofMillis(10));
      }
      world.execution.sleep(Duration.ofSeconds(5));
      assertThat(lists(world)).isEqualTo(lists + 1);
    });
  }

  @Test
  void comparisonsAreBoundedInAll() {
    stale(world -> {
      for (var i = 0; i < 100; i++) {
        world.foreignPut("d%02d/a".formatted(i), "x");
      }
      world.find("");
      world.execution.sleep(AFTER);
      world.bucket.faults().delay(Duration.ofSeconds(1), Duration.ofSeconds(1));
      var before = lists(world);
      world.find("");
      for (var i = 0; i < 100; i++) {
        assertThat(world.bucket.counts().running()).isLessThanOrEqualTo(16);
        world.execution.sleep(Duration.ofMillis(100));
      }
      assertThat(lists(world) - before).isEqualTo(101);
    });
  }

  @Test
  void aMountWhoseBucketIsAwayAnswersFromWhatItKnows() {
    stale(world -> {
      for (var i = 0; i < 20; i++) {
        world.foreignPut("d" + i + "/a", "x");
      }
      world.find("");
      world.read("d0/a");
      world.bucket.faults().always(Fault.UNREACHABLE);
      world.execution.sleep(AFTER);
      var before = all(world);
      for (var second = 0; second < 600; second++) {
        world.execution.sleep(Duration.ofSeconds(1));
        assertThat(world.find("")).hasSize(40);
      }
      assertThat(world.read("d0/a")).isEqualTo("x");
      // Without a pause for the mount it would be some thousands.
      assertThat(all(world) - before).isLessThan(600);
      world.bucket.faults().always(null);
      world.foreignPut("d1/b", "new");
      world.execution.sleep(Duration.ofSeconds(40));
      world.find("");
      world.execution.sleep(AFTER);
      world.find("");
      world.execution.sleep(MOMENT);
      assertThat(world.list("d1")).containsExactly("a", "b");
    });
  }

  @Test
  void aStrictMountWhoseBucketIsAwayDelays() {
    strict(world -> {
      world.foreignPut("a", "x");
      world.at("a");
      world.bucket.faults().always(Fault.UNREACHABLE);
      world.execution.sleep(AFTER);
      for (var i = 0; i < 3; i++) {
        var patience = Patience.atMost(Duration.ofSeconds(15), world.execution.nanoTime());
        assertThatThrownBy(() -> world.files.lookup(World.ROOT, world.root(), "a", patience))
            .extracting("error")
            .isEqualTo(FsError.DELAY);
      }
      world.bucket.faults().always(null);
      world.execution.sleep(Duration.ofMinutes(1));
      assertThat(world.read("a")).isEqualTo("x");
    });
  }

  /** The reply to a PUT has no time: the first listing tells it. */
  @Test
  void ownExportsCostNoRequestsInLaterListings() {
    stale(world -> {
      for (var i = 0; i < 50; i++) {
        world.write("f" + i, "mine");
      }
      world.flush();
      world.execution.sleep(AFTER);
      world.find("");
      world.execution.sleep(AFTER);
      var lists = lists(world);
      var before = all(world);
      world.find("");
      world.execution.sleep(MOMENT);
      assertThat(all(world) - before).isEqualTo(1);
      assertThat(lists(world) - lists).isEqualTo(1);
      assertThat(world.operations.conflicts(null, 10)).isEmpty();
    });
  }

  // Events.

  private static Taken tell(World world, String key, String etag) {
    return world.importer.events().take(List.of(new Event("bucket", key, etag)));
  }

  @Test
  void anEventShowsAnOverwriteAtOnce() {
    stale(world -> {
      world.foreignPut("d/a", "old");
      world.find("");
      world.read("d/a");
      var before = world.at("d/a");
      world
          .bucket
          .foreign()
          .put("d/a", "second".getBytes(UTF_8), Map.of("file-permissions", "0100600"));
      var requests = all(world);
      assertThat(tell(world, "d/a", "anything")).isEqualTo(new Taken(1, 0));
      world.execution.sleep(MOMENT);
      var after = world.at("d/a");
      assertThat(after.id()).isEqualTo(before.id());
      assertThat(after.change()).isGreaterThan(before.change());
      assertThat(after.mode()).isEqualTo(0600);
      assertThat(all(world)).isEqualTo(requests + 1);
      assertThat(world.read("d/a")).isEqualTo("second");
    });
  }

  @Test
  void eventsShowNewAndDeletedObjects() {
    stale(world -> {
      world.foreignPut("d/a", "x");
      world.find("");
      world.foreignPut("d/e/f/b", "new");
      tell(world, "d/e/f/b", "t");
      world.bucket.foreign().delete("d/a");
      tell(world, "d/a", "t");
      world.execution.sleep(MOMENT);
      assertThat(world.find("")).containsExactlyInAnyOrder("d", "d/e", "d/e/f", "d/e/f/b");
      world.bucket.foreign().delete("d/e/f/b");
      tell(world, "d/e/f/b", "t");
      world.execution.sleep(MOMENT);
      assertThat(world.find("")).isEmpty();
    });
  }

  @Test
  void eventsOfWhatNobodyLooksAtCostNothing() {
    stale(world -> {
      world.foreignPut("d/a", "x");
      world.list("");
      world.foreignPut("never/used/b", "x");
      var before = all(world);
      assertThat(tell(world, "never/used/b", "t")).isEqualTo(new Taken(1, 0));
      var others = new Event("another", "d/a", null);
      assertThat(world.importer.events().take(List.of(others))).isEqualTo(new Taken(0, 1));
      world.execution.sleep(MOMENT);
      // "never" is a new name in a directory that is known.
      assertThat(all(world)).isEqualTo(before + 1);
    });
  }

  @Test
  void eventsOfOwnExportsCostNothing() {
    stale(world -> {
      world.write("a", "mine");
      world.flush();
      var head = world.bucket.foreign().head("a");
      assertThat(head).isNotNull();
      var before = all(world);
      tell(world, "a", head == null ? "" : head.version().etag().replace("\"", ""));
      world.execution.sleep(MOMENT);
      assertThat(all(world)).isEqualTo(before);
      assertThat(world.read("a")).isEqualTo("mine");
      world.remove("a");
      world.flush();
      var deleted = all(world);
      world.importer.events().take(List.of(new Event("bucket", "a", null)));
      world.execution.sleep(MOMENT);
      assertThat(all(world)).isEqualTo(deleted);
    });
  }

  @Test
  void eventsThatLieChangeNothing() {
    stale(world -> {
      world.foreignPut("a", "x");
      world.find("");
      var before = world.at("a");
      tell(world, "a", "other");
      tell(world, "no/such", "other");
      tell(world, "a//b", "other");
      tell(world, "../x", "other");
      tell(world, "", "other");
      world.execution.sleep(MOMENT);
      assertThat(world.at("a")).isEqualTo(before);
      assertThat(world.find("")).containsExactly("a");
    });
  }
}
