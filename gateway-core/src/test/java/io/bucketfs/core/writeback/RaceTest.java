package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Chances;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import java.time.Duration;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Local changes against those of others in the bucket, lost replies and crashes. */
@Timeout(120)
final class RaceTest {
  private static final String LOST = ".bucketfs-lost+found";

  private static void play(WriteBackTest.Scene scene) {
    WriteBackTest.play(scene);
  }

  /** Rules 13, 19 and promise 7. */
  @Test
  void aForeignPutUnderADirtyFileWinsAndTheLocalVersionIsKept() {
    play(world -> {
      world.write("a", "first");
      world.flush();
      world.write("a", "local");
      world.foreignPut("a", "foreign");
      world.flush();
      assertThat(world.object("a")).isEqualTo("foreign");
      assertThat(world.read("a")).isEqualTo("foreign");
      var kept = world.list(LOST);
      assertThat(kept).hasSize(1);
      assertThat(kept.getFirst()).endsWith("_a");
      assertThat(world.read(LOST + "/" + kept.getFirst())).isEqualTo("local");
      assertThat(world.operations.conflicts(null, 10)).hasSize(1);
      assertThat(world.operations.mount("data").conflicts()).isEqualTo(1);
      assertThat(world.backlog().files()).isZero();
    });
  }

  @Test
  void aForeignObjectUnderANewFileWins() {
    play(world -> {
      world.list("");
      world.write("a", "local");
      world.foreignPut("a", "foreign");
      world.flush();
      assertThat(world.object("a")).isEqualTo("foreign");
      assertThat(world.read("a")).isEqualTo("foreign");
      assertThat(world.list(LOST)).hasSize(1);
    });
  }

  @Test
  void aForeignDeleteOfADirtyFileIsAConflict() {
    play(world -> {
      world.write("a", "first");
      world.flush();
      world.write("a", "local");
      world.bucket.foreign().delete("a");
      world.flush();
      assertThat(world.exists("a")).isFalse();
      assertThat(world.list(LOST)).hasSize(1);
      assertThat(world.bucket.foreign().keys()).isEmpty();
    });
  }

  @Test
  void deletedHereWhileChangedInTheBucketKeepsTheObject() {
    play(world -> {
      world.write("a", "first");
      world.flush();
      world.remove("a");
      world.foreignPut("a", "foreign");
      world.flush();
      assertThat(world.object("a")).isEqualTo("foreign");
      assertThat(world.read("a")).isEqualTo("foreign");
      assertThat(world.operations.conflicts(null, 10)).hasSize(1);
    });
  }

  @Test
  void deletedOnBothSidesIsNoConflict() {
    play(world -> {
      world.write("a", "first");
      world.flush();
      world.remove("a");
      world.bucket.foreign().delete("a");
      world.flush();
      assertThat(world.operations.conflicts(null, 10)).isEmpty();
      assertThat(world.backlog().files()).isZero();
    });
  }

  /** Rule 13. */
  @ParameterizedTest
  @ValueSource(strings = {"PUT", "COPY", "DELETE"})
  void rule13ALostReplyIsNoConflict(String kind) {
    play(world -> {
      world.write("a", "first");
      world.write("gone", "x");
      world.flush();
      world.write("new", "new");
      world.files.setAttributes(
          World.ROOT, world.at("a").id(), SetAttributes.ofMode(0600), false, Patience.FOREVER);
      world.remove("gone");
      world.bucket.faults().next(RequestKind.valueOf(kind), Fault.LOST_REPLY);
      world.flush();
      assertThat(world.bucket.foreign().keys()).containsExactly("a", "new");
      assertThat(world.metadata("a")).containsEntry("file-permissions", "0100600");
      assertThat(world.operations.conflicts(null, 10)).isEmpty();
      assertThat(world.bucket.counts().of(RequestKind.valueOf(kind)))
          .isEqualTo(kind.equals("PUT") ? 3 : 1);
    });
  }

  /** Rule 13: the request landed, the process died before the reply. */
  @Test
  void rule13AJobOfAKilledProcessIsSettledAfterTheRestart() {
    var execution = new SimulatedExecution(3);
    var metadata = new MemoryKeyValueStore(execution, 3);
    var extents = new MemoryExtentStore();
    var bucket = new MemoryBucket(execution);
    execution.run(() -> {
      var world = new World(execution, metadata, extents, bucket);
      world.write("a", "bytes");
      // The reply takes so long that the process is gone by then.
      bucket.faults().delay(RequestKind.PUT, Duration.ofMinutes(2), Duration.ofMinutes(2));
      execution.sleep(World.IDLE.plusSeconds(80));
      assertThat(bucket.foreign().keys()).containsExactly("a");
    });
    execution.abandonAll();
    bucket.faults().delay(Duration.ZERO, Duration.ZERO);
    var after = metadata.crash(Crash.KILL, new SplittableRandom(3));
    execution.run(() -> {
      var world = new World(execution, after, extents, bucket);
      execution.sleep(World.IDLE);
      assertThat(world.backlog().files()).isZero();
      assertThat(bucket.counts().of(RequestKind.PUT)).isEqualTo(1);
      assertThat(world.operations.conflicts(null, 10)).isEmpty();
      assertThat(world.read("a")).isEqualTo("bytes");
    });
  }

  /** The rest of the file is in an object that the store does not have under its ETag any more. */
  @Test
  void aReaderWaitsForWhatAKilledProcessSentToBeSettled() {
    var execution = new SimulatedExecution(3);
    var metadata = new MemoryKeyValueStore(execution, 3);
    var extents = new MemoryExtentStore();
    var bucket = new MemoryBucket(execution);
    execution.run(() -> {
      bucket.foreign().put("a", "0123456789".getBytes(UTF_8));
      var world = new World(execution, metadata, extents, bucket);
      world.overwrite(world.at("a").id(), 0, "AB");
      bucket.faults().delay(RequestKind.PUT, Duration.ofSeconds(20), Duration.ofSeconds(20));
      execution.fork("flush", () -> flushed(world));
      execution.sleep(Duration.ofSeconds(12));
      assertThat(world.object("a")).isEqualTo("AB23456789");
    });
    execution.abandonAll();
    bucket.faults().delay(Duration.ZERO, Duration.ZERO);
    var after = metadata.crash(Crash.KILL, new SplittableRandom(3));
    execution.run(() -> {
      // The copy of the rest is gone, as after a loss of power.
      var world = new World(execution, after, new MemoryExtentStore(), bucket);
      world.overwrite(world.at("a").id(), 0, "CD"); // so that the file itself is not due soon
      var began = execution.nanoTime();
      var rest = world.files.read(world.at("a").id(), 2, 8, Patience.FOREVER).data();
      assertThat(rest.toString(UTF_8)).isEqualTo("23456789");
      rest.release();
      assertThat(world.read("a")).isEqualTo("CD23456789");
      assertThat(Duration.ofNanos(execution.nanoTime() - began))
          .isLessThan(World.IDLE.dividedBy(4));
    });
  }

  private static void flushed(World world) {
    try {
      world.flush();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Rule 15: what changed while the request was on its way stays dirty. */
  @Test
  void rule15AWriteDuringAnExportIsExportedLater() {
    play(world -> {
      var file = world.write("a", "one");
      var once = new AtomicBoolean();
      world
          .bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == RequestKind.PUT && once.compareAndSet(false, true)) {
              try {
                world.overwrite(file, 0, "two");
              } catch (FileSystemException e) {
                throw new AssertionError(e);
              }
            }
          });
      world.flush();
      assertThat(world.object("a")).isEqualTo("one");
      assertThat(world.backlog().files()).isEqualTo(1);
      world.flush();
      assertThat(world.object("a")).isEqualTo("two");
    });
  }

  /**
   * Rule 15: a file is cut off while an export is settled whose reply was lost, and for the next
   * one a snapshot was taken before. What was cut off does not come back from either object.
   */
  @Test
  void rule15WhatIsCutOffBetweenTwoExportsStaysCutOff() {
    play(world -> {
      var file = world.write("a", "x".repeat(9_000));
      world.bucket.faults().next(RequestKind.PUT, Fault.LOST_REPLY);
      world.bucket.faults().next(RequestKind.HEAD, Fault.UNREACHABLE);
      world.writeBack.flush(world.mount, "", false);
      while (world.bucket.counts().of(RequestKind.HEAD) == 0) {
        world.execution.sleep(Duration.ofMillis(1));
      }
      world.overwrite(file, 0, "y");
      var once = new AtomicBoolean();
      world
          .bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == RequestKind.HEAD && once.compareAndSet(false, true)) {
              cutAndExtend(world, file);
            }
          });
      world.flush();
      world.flush();
      assertThat(once).isTrue();
      var expected = "y" + "x".repeat(2_999) + "\0".repeat(5_000) + "z";
      assertThat(world.read("a")).isEqualTo(expected);
      assertThat(world.object("a")).isEqualTo(expected);
    });
  }

  private static void cutAndExtend(World world, FileId file) {
    try {
      world.files.setAttributes(
          World.ROOT, file, SetAttributes.ofSize(3_000), false, Patience.FOREVER);
      world.overwrite(file, 8_000, "z");
    } catch (FileSystemException e) {
      throw new AssertionError(e);
    }
  }

  /** Rule 16: a store that ignores conditions is asked before. */
  @Test
  void rule16WithoutConditionsAHeadFindsTheForeignVersion() {
    var execution = new SimulatedExecution(1);
    execution.run(() -> {
      var bucket =
          new MemoryBucket(execution, new MemoryBucket.Options(false, StoreTraits.NONE, false));
      var world =
          new World(
              execution,
              new MemoryKeyValueStore(execution, 1),
              new MemoryExtentStore(),
              bucket,
              StoreTraits.NONE);
      world.write("a", "first");
      world.write("b", "first");
      world.write("c", "first");
      world.flush();
      world.write("a", "local");
      world.remove("b");
      world.files.setAttributes(
          World.ROOT, world.at("c").id(), SetAttributes.ofMode(0600), false, Patience.FOREVER);
      world.foreignPut("a", "foreign a");
      world.foreignPut("b", "foreign b");
      world.foreignPut("c", "foreign c");
      world.flush();
      assertThat(world.object("a")).isEqualTo("foreign a");
      assertThat(world.object("b")).isEqualTo("foreign b");
      assertThat(world.object("c")).isEqualTo("foreign c");
      assertThat(world.operations.conflicts(null, 10)).hasSize(3);
    });
  }

  /** Rule 17: keys that appear under the old name after the cut stay there. */
  @Test
  void rule17AForeignObjectUnderTheOldNameStays() {
    play(world -> {
      world.foreignPut("d/a", "a");
      world.list("");
      world.rename("d", "e");
      world.foreignPut("d/late", "late");
      world.flush();
      assertThat(world.bucket.foreign().keys()).containsExactly("d/late", "e/a");
      assertThat(world.object("e/a")).isEqualTo("a");
    });
  }

  /** Rule 19: the base is replaced under a file that has unread parts. */
  @Test
  void rule19AForeignChangeOfACleanFileIsReadUnderTheSameInode() {
    play(world -> {
      world.foreignPut("a", "one");
      var before = world.at("a");
      world.foreignPut("a", "second");
      assertThat(world.read("a")).isEqualTo("second");
      var after = world.at("a");
      assertThat(after.id()).isEqualTo(before.id());
      assertThat(after.change()).isGreaterThan(before.change());
      assertThat(after.sizeBytes()).isEqualTo(6);
    });
  }

  @Test
  void rule19AnObjectThatIsGoneTakesItsCleanNameWithIt() {
    play(world -> {
      world.foreignPut("a", "one");
      var id = world.at("a").id();
      world.bucket.foreign().delete("a");
      try {
        world.read(id);
      } catch (FileSystemException e) {
        assertThat(e.error()).isIn(FsError.STALE, FsError.IO);
      }
      assertThat(world.exists("a")).isFalse();
    });
  }

  /** Rule 20: a foreign change of one name leaves the other alone. */
  @Test
  void rule20AForeignChangeOfOneNameGivesThatNameANewInode() {
    play(world -> {
      world.write("a", "bytes");
      world.link("a", "b");
      world.flush();
      world.foreignPut("b", "foreign");
      world.files.setAttributes(
          World.ROOT, world.at("a").id(), SetAttributes.ofMode(0600), false, Patience.FOREVER);
      world.flush();
      assertThat(world.object("a")).isEqualTo("bytes");
      assertThat(world.object("b")).isEqualTo("foreign");
      assertThat(world.read("a")).isEqualTo("bytes");
      assertThat(world.read("b")).isEqualTo("foreign");
      assertThat(world.at("b").id()).isNotEqualTo(world.at("a").id());
    });
  }

  @Test
  void deniedIsReportedAndTriedAgainByAFlush() {
    play(world -> {
      world.write("a", "x");
      world.bucket.faults().always(Fault.DENIED);
      var flushed = world.flush();
      assertThat(flushed.failing()).hasSize(1);
      assertThat(flushed.failing().getFirst().reason()).contains("access denied");
      assertThat(world.operations.failing("data", 10)).hasSize(1);
      world.bucket.faults().always(null);
      assertThat(world.flush().failing()).isEmpty();
      assertThat(world.object("a")).isEqualTo("x");
      assertThat(world.operations.failing("data", 10)).isEmpty();
    });
  }

  /** Promise 6: an outage is a pause. */
  @Test
  void everythingHealsAfterAnOutage() {
    play(world -> {
      world.write("a", "x");
      world.bucket.faults().always(Fault.UNREACHABLE);
      world.execution.sleep(Duration.ofMinutes(10));
      assertThat(world.backlog().files()).isEqualTo(1);
      world.bucket.faults().always(null);
      world.execution.sleep(Duration.ofMinutes(1));
      assertThat(world.object("a")).isEqualTo("x");
      assertThat(world.backlog().files()).isZero();
    });
  }

  /**
   * Random work of one gateway under faults and restarts: in the end the bucket is the namespace.
   */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
  void whatTheNamespaceHoldsIsInTheBucketInTheEnd(int tens) {
    for (var seed = tens * 10L + 1; seed <= tens * 10L + 10; seed++) {
      everythingEndsInTheBucket(seed);
    }
  }

  private static void everythingEndsInTheBucket(long seed) {
    var random = new SplittableRandom(seed);
    var execution = new SimulatedExecution(seed);
    var extents = new MemoryExtentStore();
    var bucket = new MemoryBucket(execution);
    var metadata = new MemoryKeyValueStore(execution, seed);
    var model = new TreeMap<String, String>();
    bucket.faults().delay(Duration.ofMillis(1), Duration.ofMillis(200));
    for (var life = 0; life < 3; life++) {
      bucket.faults().chances(new Chances(0.05, 0.05, 0.1, 0.05));
      var store = metadata;
      execution.run(() -> work(new World(execution, store, extents, bucket), random, model));
      execution.abandonAll();
      metadata = metadata.crash(Crash.KILL, random);
    }
    bucket.faults().chances(Chances.NONE);
    var store = metadata;
    execution.run(() -> {
      var world = new World(execution, store, extents, bucket);
      execution.sleep(Duration.ofMinutes(20));
      assertThat(world.backlog().files())
          .as("seed %d: %s", seed, world.operations.dirty(null, 10))
          .isZero();
      assertThat(world.operations.conflicts(null, 10)).as("seed %d", seed).isEmpty();
      var objects = new TreeMap<String, String>();
      for (var key : bucket.foreign().keys()) {
        if (!key.endsWith("/")) {
          objects.put(key, String.valueOf(world.object(key)));
        }
      }
      assertThat(objects).as("seed %d", seed).isEqualTo(model);
      for (var path : model.keySet()) {
        assertThat(world.read(path)).as("seed %d: %s", seed, path).isEqualTo(model.get(path));
      }
    });
  }

  private static void work(World world, SplittableRandom random, Map<String, String> model)
      throws Exception {
    for (var directory = 0; directory < 3; directory++) {
      if (!world.exists("d" + directory)) {
        world.mkdir("d" + directory);
      }
    }
    for (var step = 0; step < 60; step++) {
      var path = path(random);
      var other = path(random);
      switch (random.nextInt(7)) {
        case 0, 1 -> {
          var text = "text " + random.nextInt(1_000);
          world.write(path, text);
          model.put(path, text);
        }
        case 2 -> {
          if (model.remove(path) != null) {
            world.remove(path);
          }
        }
        case 3, 4 -> {
          var moved = model.get(path);
          if (moved != null && !path.equals(other)) {
            world.rename(path, other);
            model.remove(path);
            model.put(other, moved);
          }
        }
        case 5 -> swapDirectories(world, random, model);
        default -> world.execution.sleep(Duration.ofSeconds(random.nextInt(100)));
      }
    }
  }

  /** Gives two directories each other's names. */
  private static void swapDirectories(
      World world, SplittableRandom random, Map<String, String> model) throws Exception {
    var one = "d" + random.nextInt(3) + "/";
    var other = "d" + random.nextInt(3) + "/";
    if (one.equals(other)) {
      return;
    }
    var moved = new TreeMap<String, String>();
    model.forEach((path, text) -> {
      var to = path.startsWith(one) ? other : path.startsWith(other) ? one : path.substring(0, 3);
      moved.put(to + path.substring(3), text);
    });
    world.rename(one.substring(0, 2), "t");
    world.rename(other.substring(0, 2), one.substring(0, 2));
    world.rename("t", other.substring(0, 2));
    model.clear();
    model.putAll(moved);
  }

  private static String path(SplittableRandom random) {
    return "d" + random.nextInt(3) + "/f" + random.nextInt(4);
  }
}
