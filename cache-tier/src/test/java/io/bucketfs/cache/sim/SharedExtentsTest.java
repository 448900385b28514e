package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.KeepOrders.Place;
import io.bucketfs.core.local.Crash;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem.FileRange;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Records that several files map: what one of them lets go of, the others keep. */
@Timeout(60)
final class SharedExtentsTest {
  private static final int MIB = 1 << 20;
  private static final int DISK_BYTES = 24 * MIB;
  private static final int SHARED_BYTES = 256 << 10;

  /** Together more than the disk, and more of one record than a transaction takes. */
  private static final int CLONES = 300;

  private static void refuseClones(RequestKind kind, String key) throws ObjectStoreException {
    if (key.startsWith("clone")) {
      throw new ObjectStoreException(new BackendFailure.Unreachable("not now"));
    }
  }

  private static void assertHold(SimulatedWorld world, FileId[] files, byte[] bytes)
      throws FileSystemException {
    for (var file : files) {
      assertThat(read(world, file)).isEqualTo(bytes);
    }
  }

  private static void fill(SimulatedWorld world, FileId file, int bytes, long seed)
      throws FileSystemException {
    var random = new SplittableRandom(seed);
    var all = new byte[bytes];
    random.nextBytes(all);
    for (var at = 0; at < bytes; at += 65_536) {
      world
          .files()
          .write(
              file,
              at,
              Unpooled.wrappedBuffer(all, at, 65_536),
              Stability.UNSTABLE,
              Patience.FOREVER);
    }
    world.files().commit(file, Patience.FOREVER);
  }

  private static void cloneAll(SimulatedWorld world, FileId from, FileId to, int bytes)
      throws FileSystemException {
    world.files().clone(Rider.NONE, new FileRange(from, 0, bytes), to, 0, Patience.FOREVER);
  }

  private static void cloneAll(
      SimulatedWorld world, FileId from, FileId to, byte[] bytes, AtomicBoolean done) {
    try {
      cloneAll(world, from, to, bytes.length);
      done.set(true);
    } catch (FileSystemException e) {
      throw new AssertionError(e);
    }
  }

  /** Drops the copy of the object, after so many turns of the scheduler. */
  private static void evictAfter(SimulatedWorld world, int turns) {
    try {
      for (var i = 0; i < turns; i++) {
        world.execution.offload(() -> true);
      }
      world.gateway().administration().keep().evict(List.of(new Place("sim", "object")), _ -> true);
    } catch (AdminException | ExecutionException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void flush(SimulatedWorld world, String name) throws Exception {
    world.gateway().administration().flush("sim", name, true);
  }

  private static byte[] read(SimulatedWorld world, FileId file) throws FileSystemException {
    return SimulatedClient.contents(world.files(), file);
  }

  /** The disk is full of clean data, so that every file in the log is worth evicting. */
  private static void makeRoom(SimulatedWorld world) throws Exception {
    for (var i = 0; i < 6; i++) {
      var name = "other-" + i;
      fill(world, world.create(name), 4 * MIB, 100 + i);
      flush(world, name);
      world.execution.sleep(Duration.ofSeconds(15));
    }
  }

  /**
   * The source is in S3 and its extents go; the clones are dirty and stay, in one copy. Were they
   * copied once for each clone, they would not fit the disk.
   */
  @Test
  void evictionKeepsOneCopyOfWhatClonesHaveDirty() {
    var world = new SimulatedWorld(1, DISK_BYTES);
    var clones = new FileId[CLONES];
    var bytes = new byte[SHARED_BYTES];
    new SplittableRandom(1).nextBytes(bytes);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      var source = world.create("source");
      fill(world, source, SHARED_BYTES, 1);
      flush(world, "source");
      // What is not exported stays dirty.
      world.bucket.faults().hook(SharedExtentsTest::refuseClones);
      for (var i = 0; i < clones.length; i++) {
        clones[i] = world.create("clone-" + i);
        cloneAll(world, source, clones[i], SHARED_BYTES);
      }
      makeRoom(world);
      assertThat(read(world, source)).isEqualTo(bytes);
      assertHold(world, clones, bytes);
    });
    world.crash(Crash.POWER);
    world.execution.run(() -> {
      world.start();
      assertHold(world, clones, bytes);
      world.files().remove(Caller.ROOT, world.root(), "source", Patience.FOREVER);
      makeRoom(world);
      assertHold(world, clones, bytes);
      world.bucket.faults().hook((_, _) -> {});
      flush(world, "");
      for (var i = 0; i < clones.length; i++) {
        assertThat(world.bucket.foreign().get("clone-" + i)).isEqualTo(bytes);
      }
      assertThat(world.bucket.foreign().get("source")).isNull();
    });
    world.execution.abandonAll();
  }

  /** What was fetched before a power loss may be gone; a clone of it takes what S3 has. */
  @Test
  void rule4ACloneDoesNotDependOnWhatAPowerLossTook() {
    for (var seed = 1; seed <= 10; seed++) {
      var world = new SimulatedWorld(seed, 1L << 40);
      var bytes = new byte[MIB + 4_321];
      new SplittableRandom(seed).nextBytes(bytes);
      world.execution.run(() -> {
        world.start();
        world.createMount();
        world.bucket.foreign().put("object", bytes);
        var source =
            world.files().lookup(Caller.ROOT, world.root(), "object", Patience.FOREVER).id();
        assertThat(read(world, source)).isEqualTo(bytes);
        // Makes what is known of it durable, but not the bytes.
        world.create("clone");
      });
      world.crash(Crash.POWER);
      world.execution.run(() -> {
        world.start();
        var source =
            world.files().lookup(Caller.ROOT, world.root(), "object", Patience.FOREVER).id();
        var clone = world.create("clone");
        cloneAll(world, source, clone, bytes.length);
        assertThat(read(world, clone)).isEqualTo(bytes);
      });
      world.execution.abandonAll();
    }
  }

  /** Bytes that were only fetched are not durable; what was cloned of them is. */
  @Test
  void aCloneOfFetchedBytesSurvivesAPowerLoss() {
    for (var seed = 1; seed <= 10; seed++) {
      var world = new SimulatedWorld(seed, 1L << 40);
      var bytes = new byte[MIB + 4_321];
      new SplittableRandom(seed).nextBytes(bytes);
      world.execution.run(() -> {
        world.start();
        world.createMount();
        world.bucket.foreign().put("object", bytes);
        var source =
            world.files().lookup(Caller.ROOT, world.root(), "object", Patience.FOREVER).id();
        cloneAll(world, source, world.create("clone"), bytes.length);
      });
      world.crash(Crash.POWER);
      world.execution.run(() -> {
        world.bucket.foreign().delete("object");
        world.start();
        var clone = world.files().lookup(Caller.ROOT, world.root(), "clone", Patience.FOREVER).id();
        assertThat(read(world, clone)).isEqualTo(bytes);
      });
      world.execution.abandonAll();
    }
  }

  /**
   * Copies of the source are dropped all the time; who reads meanwhile sees all of it or nothing.
   */
  @Test
  void aCloneIsSeenAsAWholeOrNotAtAll() {
    for (var seed = 1; seed <= 10; seed++) {
      var world = new SimulatedWorld(seed, 1L << 40);
      var random = new SplittableRandom(seed);
      var bytes = new byte[2 * MIB];
      random.nextBytes(bytes);
      world.execution.run(() -> {
        world.start();
        world.createMount();
        world.bucket.foreign().put("object", bytes);
        var source =
            world.files().lookup(Caller.ROOT, world.root(), "object", Patience.FOREVER).id();
        world.bucket.faults().delay(Duration.ofMillis(1), Duration.ofMillis(3));
        for (var i = 0; i < 20; i++) {
          // The start is dirty, and stays; the clone has to wait until it is durable.
          var start = Unpooled.wrappedBuffer(bytes, 0, 1_000);
          world.files().write(source, 0, start, Stability.UNSTABLE, Patience.FOREVER);
          var clone = world.create("clone-" + i);
          var done = new AtomicBoolean();
          world.execution.fork("evict", () -> evictAfter(world, random.nextInt(40)));
          world.execution.fork("clone", () -> cloneAll(world, source, clone, bytes, done));
          while (!done.get()) {
            var seen = read(world, clone);
            if (seen.length > 0) {
              assertThat(seen).isEqualTo(bytes);
            }
            world.execution.sleep(Duration.ofNanos(100_000));
          }
          assertThat(read(world, clone)).isEqualTo(bytes);
          world.execution.sleep(Duration.ofMillis(1));
        }
      });
      world.execution.abandonAll();
    }
  }
}
