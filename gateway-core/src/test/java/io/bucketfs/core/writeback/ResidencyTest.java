package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.admin.KeepOrders.PinEntry;
import io.bucketfs.core.check.Finding;
import io.bucketfs.core.check.Finding.Kind;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.Retention;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.residency.Progress;
import io.bucketfs.core.residency.Residency;
import io.bucketfs.core.residency.Residency.RefusedException;
import io.bucketfs.core.residency.Residency.Target;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What operators order about local copies, and what expires by itself. */
@Timeout(120)
final class ResidencyTest {
  private static final Duration DAY = Duration.ofDays(1);

  private static void play(WriteBackTest.Scene scene) {
    WriteBackTest.play(scene);
  }

  private static Residency residency(World world) {
    return new Residency(world.cache, world.contents.copies(), world.importer, world.execution);
  }

  private static List<Target> at(World world, String... paths) {
    return List.of(paths).stream().map(path -> new Target(world.require("data"), path)).toList();
  }

  private static Progress unseen(World world) {
    return new Progress(world.execution, _ -> true);
  }

  private static List<PinEntry> pins(World world) throws Exception {
    return world.operations.keep().pins().pins();
  }

  private static long gets(World world) {
    return world.bucket.counts().of(RequestKind.GET);
  }

  private static long missing(World world, String path) throws Exception {
    var id = world.at(path).id();
    return world.contents.copies().missingBytes(InodeKey.of(id));
  }

  private static String text(int bytes) {
    return "y".repeat(bytes);
  }

  @Test
  void warmFetchesATreeThatNobodyHasUsedAndTellsHowFarItIs() {
    play(world -> {
      for (var i = 0; i < 50; i++) {
        world.foreignPut("d/e" + i % 5 + "/f" + i, text(100_000));
      }
      world.bucket.faults().delay(RequestKind.GET, Duration.ofSeconds(1), Duration.ofSeconds(1));
      var states = new ArrayList<Progress.State>();
      var progress =
          new Progress(
              world.execution,
              state -> {
                states.add(state);
                return true;
              });
      var outcome = residency(world).warm(at(world, "d"), progress);
      assertThat(outcome.files()).isEqualTo(50);
      assertThat(outcome.bytes()).isEqualTo(50 * 100_000);
      assertThat(outcome.failures()).isEmpty();
      assertThat(states).hasSizeGreaterThan(2);
      assertThat(states.getLast().bytesAll()).isEqualTo(50 * 100_000);
      assertThat(states.getLast().bytes()).isBetween(1L, 50L * 100_000);
      assertThat(states.getLast().filesAll()).isEqualTo(50);
      var before = gets(world);
      assertThat(world.read("d/e4/f49")).isEqualTo(text(100_000));
      assertThat(gets(world)).isEqualTo(before);
      assertThat(residency(world).warm(at(world, "d"), unseen(world)).bytes()).isZero();
      assertThat(gets(world)).isEqualTo(before);
    });
  }

  @Test
  void warmNamesWhatIsNotThereAndFetchesTheRest() {
    play(world -> {
      world.foreignPut("a", text(10));
      var outcome = residency(world).warm(at(world, "a", "b/c"), unseen(world));
      assertThat(outcome.bytes()).isEqualTo(10);
      assertThat(outcome.failed()).isEqualTo(1);
      assertThat(outcome.failures().getFirst().path()).isEqualTo("/data/b/c");
    });
  }

  @Test
  void warmOfMoreThanFitsIsRefusedAndFetchesNothing() {
    play(world -> {
      world.contents.setBytesMax(1 << 20);
      for (var i = 0; i < 20; i++) {
        world.foreignPut("f" + i, text(100_000));
      }
      var residency = residency(world);
      assertThatThrownBy(() -> residency.warm(at(world, ""), unseen(world)))
          .isInstanceOf(RefusedException.class)
          .hasMessageContaining("1.9 MiB")
          .hasMessageContaining("bucketfs cache --size");
      assertThat(gets(world)).isZero();
    });
  }

  @Test
  void warmEndsWhenNobodyWaitsForItAnyMore() {
    play(world -> {
      for (var i = 0; i < 200; i++) {
        world.foreignPut("f" + i, text(1_000));
      }
      world.bucket.faults().delay(RequestKind.GET, Duration.ofSeconds(1), Duration.ofSeconds(1));
      var outcome = residency(world).warm(at(world, ""), new Progress(world.execution, _ -> false));
      assertThat(outcome.files()).isLessThan(100);
    });
  }

  /** Who comes later waits for a fetch that had begun before the object was replaced by ours. */
  @Test
  void aReaderDoesNotFailByAFetchOfAnOlderBase() {
    play(world -> {
      var file = world.write("a", text(5_000));
      world.flush();
      residency(world).evict(at(world, "a"), unseen(world));
      world.bucket.faults().delay(RequestKind.GET, Duration.ofMinutes(2), Duration.ofMinutes(2));
      world.execution.fork(
          "early reader",
          () -> {
            try {
              world.read(file);
            } catch (FileSystemException e) {
              throw new AssertionError(e);
            }
          });
      world.execution.sleep(Duration.ofSeconds(1));
      world.files.setAttributes(World.ROOT, file, SetAttributes.ofSize(0), true, Patience.FOREVER);
      world.overwrite(file, 0, "second");
      world.flush();
      residency(world).evict(at(world, "a"), unseen(world));
      assertThat(world.read(file)).isEqualTo("second");
    });
  }

  @Test
  void evictDropsWhatS3HasAndNothingElse() {
    play(world -> {
      world.write("d", "");
      world.remove("d");
      world.mkdir("t");
      world.write("t/clean", text(5_000));
      world.flush();
      world.write("t/dirty", text(7_000));
      var outcome = residency(world).evict(at(world, "t"), unseen(world));
      assertThat(outcome.files()).isEqualTo(2);
      assertThat(outcome.bytes()).isEqualTo(5_000);
      assertThat(outcome.dirtyFiles()).isEqualTo(1);
      assertThat(missing(world, "t/clean")).isEqualTo(5_000);
      assertThat(gets(world)).isZero();
      assertThat(world.read("t/clean")).isEqualTo(text(5_000));
      assertThat(gets(world)).isEqualTo(1);
      assertThat(world.read("t/dirty")).isEqualTo(text(7_000));
      assertThat(gets(world)).isEqualTo(1);
      assertThat(world.operations.check(null, true).findings()).isEmpty();
    });
  }

  @Test
  void whatIsPinnedIsNotEvictedAlsoWhatComesLaterAndIsRenamed() {
    play(world -> {
      world.mkdir("p");
      world.mkdir("p/q");
      world.write("p/q/old", text(1_000));
      var residency = residency(world);
      assertThat(residency.pin(at(world, "p"), unseen(world)).failed()).isZero();
      world.write("p/new", text(2_000));
      world.write("other", text(3_000));
      world.rename("p", "r");
      world.flush();
      var outcome = residency.evict(at(world, ""), unseen(world));
      assertThat(outcome.pinnedFiles()).isEqualTo(2);
      assertThat(outcome.bytes()).isEqualTo(3_000);
      assertThat(residency.pins()).extracting(pinned -> pinned.path()).containsExactly("r");
      assertThat(residency.unpin(at(world, "r/q")).failures().getFirst().reason())
          .contains("/data/r");
      assertThat(residency.unpin(at(world, "r")).failed()).isZero();
      assertThat(residency.evict(at(world, ""), unseen(world)).bytes()).isEqualTo(3_000);
    });
  }

  @Test
  void pinsNeverExceedTheirShareAndSayWhatToDo() {
    play(world -> {
      world.contents.setBytesMax(10 << 20);
      world.foreignPut("a", text(2_000_000));
      world.foreignPut("b", text(2_000_000));
      var residency = residency(world);
      residency.pin(at(world, "a"), unseen(world));
      assertThatThrownBy(() -> residency.pin(at(world, "b"), unseen(world)))
          .isInstanceOf(RefusedException.class)
          .hasMessageContaining("unpin some")
          .hasMessageContaining("bucketfs cache --size");
      residency.unpin(at(world, "a"));
      residency.pin(at(world, "b"), unseen(world));
      assertThat(residency.pins()).hasSize(1);
      // A pin of the root takes the place of those inside it.
      world.contents.setBytesMax(100 << 20);
      residency.pin(at(world, ""), unseen(world));
      assertThat(residency.pins()).extracting(pinned -> pinned.path()).containsExactly("");
      assertThatThrownBy(() -> residency.pin(at(world, "a"), unseen(world)))
          .hasMessageContaining("is pinned already, with /data");
    });
  }

  @Test
  void pinsAreKeptOverAKill() {
    var execution = new SimulatedExecution(1);
    var metadata = new MemoryKeyValueStore(execution, 1);
    var extents = new MemoryExtentStore();
    var bucket = new MemoryBucket(execution);
    execution.run(() -> {
      var world = new World(execution, metadata, extents, bucket);
      world.foreignPut("a", text(100));
      residency(world).pin(at(world, "a"), unseen(world));
    });
    execution.abandonAll();
    execution.run(() -> {
      var world = new World(execution, metadata, extents, bucket);
      assertThat(residency(world).pins()).extracting(pinned -> pinned.path()).containsExactly("a");
    });
  }

  /** It stopped every start from then on. */
  @Test
  void aPinThatCannotBeReadKeepsItsFilesAndDoesNotStopTheStart() {
    var execution = new SimulatedExecution(1);
    var metadata = new MemoryKeyValueStore(execution, 1);
    var extents = new MemoryExtentStore();
    var bucket = new MemoryBucket(execution);
    var torn = new byte[] {1, 0, 0};
    execution.run(() -> {
      var world = new World(execution, metadata, extents, bucket);
      world.mkdir("kept");
      world.write("kept/file", text(1_000));
      world.write("pinned", text(2_000));
      world.write("other", text(3_000));
      world.flush();
      residency(world).pin(at(world, "pinned"), unseen(world));
      var key = InodeKey.of(world.at("kept").id());
      metadata.write(
          List.of(
              new Change.Put(Family.PINS, Keys.inode(key.mount(), key.number()), torn),
              new Change.Put(Family.PINS, Keys.mount(key.mount()), torn)),
          true);
    });
    execution.abandonAll();
    execution.run(() -> {
      var world = new World(execution, metadata, extents, bucket);
      var residency = residency(world);
      assertThat(residency.evict(at(world, ""), unseen(world)).pinnedFiles()).isEqualTo(2);
      assertThat(world.operations.check("data", true).findings())
          .extracting(Finding::kind)
          .containsExactly(Kind.PIN, Kind.PIN);
      assertThat(pins(world)).extracting(PinEntry::path).containsExactly("/kept", "/pinned");
      assertThat(pins(world)).first().extracting(PinEntry::since).isNull();

      residency.pin(at(world, "kept"), unseen(world));
      assertThat(world.operations.check("data", true).findings())
          .extracting(Finding::subject)
          .containsExactly("key 00000001");
      assertThat(pins(world)).first().matches(pin -> pin.since() != null && pin.bytes() == 1_000);
      residency.unpin(at(world, "kept"));
      assertThat(residency.evict(at(world, "kept"), unseen(world)).bytes()).isEqualTo(1_000);
    });
  }

  /** It ended the task that drops what is old, of all mounts, until the next start. */
  @Test
  void aLastUseThatCannotBeReadKeepsItsFileAndNoOther() {
    play(world -> {
      world.registry.setImports(
          world.require("data"), ImportRules.ON_FILE_ACCESS, new Retention(3));
      world.write("a", text(1_000));
      world.write("b", text(2_000));
      world.flush();
      var key = InodeKey.of(world.at("a").id());
      world.metadata.write(
          List.of(
              new Change.Put(Family.READS, Keys.mount(key.mount()), new byte[4]),
              new Change.Put(Family.READS, Keys.inode(key.mount(), key.number()), new byte[3])),
          true);
      world.execution.sleep(Duration.ofDays(10));
      var residency = residency(world);
      assertThat(residency.evict(at(world, "b"), unseen(world)).bytes()).isZero();
      assertThat(world.operations.check("data", true).findings())
          .extracting(Finding::kind)
          .containsExactly(Kind.LAST_USE, Kind.LAST_USE);
      // Whoever uses it gives it a day again.
      assertThat(world.read("a")).hasSize(1_000);
      world.execution.sleep(Duration.ofDays(10));
      assertThat(residency.evict(at(world, "a"), unseen(world)).bytes()).isZero();
    });
  }

  @Test
  void whatNobodyReadForAsManyDaysIsDropped() {
    play(world -> {
      world.registry.setImports(
          world.require("data"), ImportRules.ON_FILE_ACCESS, new Retention(3));
      world.foreignPut("read", text(1_000));
      world.foreignPut("unread", text(2_000));
      world.foreignPut("pinned", text(3_000));
      world.write("written", text(4_000));
      world.write("dirty", text(5_000));
      world.flush();
      var residency = residency(world);
      residency.pin(at(world, "pinned"), unseen(world));
      residency.warm(at(world, ""), unseen(world));
      for (var day = 0; day < 6; day++) {
        world.execution.sleep(DAY);
        assertThat(world.read("read")).hasSize(1_000);
      }
      assertThat(missing(world, "unread")).isEqualTo(2_000);
      assertThat(missing(world, "written")).isEqualTo(4_000);
      assertThat(missing(world, "pinned")).isZero();
      assertThat(missing(world, "read")).isZero();
      assertThat(world.at("unread").sizeBytes()).isEqualTo(2_000);
      assertThat(world.operations.check(null, true).findings()).isEmpty();
    });
  }

  @Test
  void readsAreNotWritesAndAreKnownAfterARestart() {
    var execution = new SimulatedExecution(1);
    var metadata = new MemoryKeyValueStore(execution, 1);
    var extents = new MemoryExtentStore();
    var bucket = new MemoryBucket(execution);
    execution.run(() -> {
      var world = new World(execution, metadata, extents, bucket);
      world.foreignPut("a", text(1_000));
      world.read("a");
      // Day 29: read once more, with the last day's note on the disk by then.
      world.execution.sleep(DAY.multipliedBy(29));
      world.read("a");
      world.execution.sleep(Duration.ofMinutes(30));
      var before = metadata.batches();
      for (var i = 0; i < 1_000; i++) {
        world.read("a");
      }
      assertThat(metadata.batches()).isEqualTo(before);
    });
    execution.abandonAll();
    execution.run(() -> {
      var world = new World(execution, metadata, extents, bucket);
      world.execution.sleep(DAY.multipliedBy(20));
      assertThat(missing(world, "a")).isZero();
      world.execution.sleep(DAY.multipliedBy(13));
      assertThat(missing(world, "a")).isEqualTo(1_000);
    });
  }
}
