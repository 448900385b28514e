package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.mount.ExportPolicy.Trigger;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.Quota;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How fast exports go, in virtual time. */
@Timeout(60)
final class BandwidthTest {
  private static final int MIB = 1 << 20;

  private final SimulatedExecution execution = new SimulatedExecution(1);
  private final MemoryBucket bucket = new MemoryBucket(execution);
  private final MemoryBucket otherBucket = new MemoryBucket(execution);

  private void play(long gatewayRate, WriteBackTest.Scene scene) {
    execution.run(() ->
        scene.play(
            new World(
                execution,
                new MemoryKeyValueStore(execution, 1),
                new MemoryExtentStore(),
                bucket,
                StoreTraits.FULL,
                RefreshPolicy.DEFAULT,
                WritebackLimits.DEFAULT.withBandwidth(gatewayRate),
                ImportRules.ON_FILE_ACCESS)));
  }

  private static void limit(World world, String mount, long rate) throws Exception {
    world.operations.setExports(mount, new ExportPolicy(Trigger.ON_IDLE, rate));
  }

  /** Adds a mount of another bucket; its number. */
  private int other(World world) throws Exception {
    var location =
        new BucketLocation(
            "other", "us-east-1", null, true, new BucketLocation.Credentials.DefaultChain());
    return world
        .registry
        .add(
            "other",
            location,
            "",
            World.policy().with(ImportRules.ON_FILE_ACCESS, World.policy().retention()),
            Access.OPEN,
            Quota.NONE,
            StoreTraits.FULL,
            otherBucket.connect())
        .mount()
        .number();
  }

  private static void write(World world, int mount, String name, int bytes) throws Exception {
    var file =
        world
            .files
            .create(
                World.ROOT,
                FileId.root(mount),
                name,
                new CreateMode.Unchecked(),
                SetAttributes.NONE,
                Patience.FOREVER)
            .attributes()
            .id();
    for (var at = 0; at < bytes; at += MIB) {
      var length = Math.min(MIB, bytes - at);
      var data = Unpooled.buffer(length).writeZero(length).setByte(0, at / MIB + 1);
      try {
        world.files.write(file, at, data, Stability.FILE_SYNC, Patience.FOREVER);
      } finally {
        data.release();
      }
    }
  }

  private static Duration flush(World world, int mount) throws Exception {
    var start = world.execution.nanoTime();
    assertThat(world.writeBack.flush(mount, "", true).failing()).isEmpty();
    return Duration.ofNanos(world.execution.nanoTime() - start);
  }

  private static void about(Duration time, double seconds) {
    assertThat(time.toMillis() / 1000.0).isBetween(seconds * 0.9, seconds * 1.1 + 0.1);
  }

  @Test
  void nothingIsBoundedByDefault() {
    play(
        ExportPolicy.NO_LIMIT,
        world -> {
          write(world, world.mount, "f", 40 * MIB);
          assertThat(flush(world, world.mount)).isLessThan(Duration.ofMillis(100));
        });
  }

  @Test
  void smallFilesGoAsFastAsTheMountMay() {
    play(
        ExportPolicy.NO_LIMIT,
        world -> {
          limit(world, "data", MIB);
          for (var i = 0; i < 80; i++) {
            write(world, world.mount, "f" + i, MIB / 8);
          }
          about(flush(world, world.mount), 10);
        });
  }

  /** Small files do not wait for each other's replies: the bound is of bytes, not of requests. */
  @Test
  void smallFilesGoBesideEachOther() {
    bucket.faults().delay(Duration.ofMillis(100), Duration.ofMillis(100));
    play(
        ExportPolicy.NO_LIMIT,
        world -> {
          limit(world, "data", MIB);
          for (var i = 0; i < 640; i++) {
            write(world, world.mount, "f" + i, 100);
          }
          assertThat(flush(world, world.mount)).isLessThan(Duration.ofSeconds(2));
        });
  }

  @Test
  void partsOfALargeFileGoAsFastAsTheMountMay() {
    play(
        ExportPolicy.NO_LIMIT,
        world -> {
          limit(world, "data", 4 * MIB);
          write(world, world.mount, "f", 64 * MIB);
          about(flush(world, world.mount), 16);
          assertThat(bucket.counts().of(RequestKind.UPLOAD_PART)).isGreaterThan(3);
        });
  }

  /** A request whose body stands still would be given up by a store. */
  @Test
  void noMoreBodiesAreBegunThanCanBeSent() {
    play(
        ExportPolicy.NO_LIMIT,
        world -> {
          limit(world, "data", 2 * MIB);
          for (var i = 0; i < 20; i++) {
            write(world, world.mount, "f" + i, 2 * MIB);
          }
          about(flush(world, world.mount), 20);
          assertThat(bucket.counts().runningMax()).isLessThanOrEqualTo(4);
        });
  }

  @Test
  void whatTheStoreCopiesIsNotCounted() {
    play(
        ExportPolicy.NO_LIMIT,
        world -> {
          limit(world, "data", MIB);
          write(world, world.mount, "f", 15 * MIB);
          about(flush(world, world.mount), 14);
          world.rename("f", "g");
          assertThat(flush(world, world.mount)).isLessThan(Duration.ofSeconds(1));
        });
  }

  @Test
  void anotherBoundHoldsFromTheNextBytesOn() {
    play(
        ExportPolicy.NO_LIMIT,
        world -> {
          limit(world, "data", ExportPolicy.BYTES_PER_SECOND_MIN);
          write(world, world.mount, "f", 64 * MIB);
          var start = execution.nanoTime();
          world.writeBack.flush(world.mount, "", false);
          execution.sleep(Duration.ofSeconds(60));
          assertThat(world.backlog().files()).isOne();
          limit(world, "data", ExportPolicy.NO_LIMIT);
          flush(world, world.mount);
          assertThat(Duration.ofNanos(execution.nanoTime() - start))
              .isLessThan(Duration.ofSeconds(95));
        });
  }

  @Test
  void allMountsTogetherAreBounded() {
    play(
        4 * MIB,
        world -> {
          var other = other(world);
          for (var i = 0; i < 20; i++) {
            write(world, world.mount, "f" + i, MIB);
            write(world, other, "f" + i, MIB);
          }
          world.writeBack.flush(other, "", false);
          var first = flush(world, world.mount);
          about(first.plus(flush(world, other)), 10);
        });
  }

  /** One that has much to send leaves its share to another, which is through with little soon. */
  @Test
  void mountsTakeTurns() {
    play(
        4 * MIB,
        world -> {
          var other = other(world);
          for (var i = 0; i < 64; i++) {
            write(world, world.mount, "f" + i, 4 * MIB);
          }
          world.writeBack.flush(world.mount, "", false);
          execution.sleep(Duration.ofSeconds(1));
          write(world, other, "f", 2 * MIB);
          assertThat(flush(world, other)).isLessThan(Duration.ofSeconds(2));
          assertThat(world.backlog().files()).isGreaterThan(50);
        });
  }

  @Test
  void aMountWhoseStoreIsGoneTakesNothingFromAnother() {
    play(
        4 * MIB,
        world -> {
          var other = other(world);
          for (var i = 0; i < 20; i++) {
            write(world, other, "f" + i, 4 * MIB);
            write(world, world.mount, "f" + i, MIB);
          }
          otherBucket.faults().always(Fault.UNREACHABLE);
          otherBucket.faults().delay(Duration.ofMinutes(1), Duration.ofMinutes(1));
          world.writeBack.flush(other, "", false);
          execution.sleep(Duration.ofSeconds(30));
          about(flush(world, world.mount), 5);
          otherBucket.faults().always(null);
          otherBucket.faults().delay(Duration.ZERO, Duration.ZERO);
          flush(world, other);
        });
  }

  /** Lanes are served in turn, whatever waits in each, and the order in a lane is kept. */
  @Test
  void lanesAreServedInTurn() {
    execution.run(() -> {
      var bandwidth = new Bandwidth(execution, MIB);
      bandwidth.take(1, MIB);
      var order = new StringBuilder();
      for (var i = 0; i < 4; i++) {
        var name = i;
        bandwidth.take(1, MIB).thenAccept(_ -> order.append('a').append(name));
      }
      bandwidth.take(2, MIB).thenAccept(_ -> order.append("b0"));
      execution.sleep(Duration.ofSeconds(10));
      assertThat(order.toString()).isEqualTo("a0b0a1a2a3");
    });
  }

  /** What is given up while it waits takes no room. */
  @Test
  void turnsEndWhateverBecomesOfThem() {
    execution.run(() -> {
      var limited = new AtomicInteger();
      var uploads =
          new UploadBandwidth(
              execution, ExportPolicy.NO_LIMIT, _ -> MIB, bytes -> limited.addAndGet((int) bytes));
      var first = uploads.begin(1, 2 * MIB);
      var second = uploads.begin(1, 2 * MIB);
      var begun = new AtomicInteger();
      for (var i = 0; i < 3; i++) {
        execution.fork(
            "turn",
            () -> {
              try (var _ = uploads.begin(1, MIB)) {
                begun.incrementAndGet();
                execution.sleep(Duration.ofSeconds(1));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
      }
      execution.sleep(Duration.ofSeconds(5));
      assertThat(begun.get()).isZero();
      first.close();
      execution.sleep(Duration.ofMillis(500));
      assertThat(begun.get()).isOne();
      second.close();
      execution.sleep(Duration.ofMillis(100));
      assertThat(begun.get()).isEqualTo(2);
      execution.sleep(Duration.ofSeconds(2));
      assertThat(begun.get()).isEqualTo(3);
      assertThat(limited.get()).isZero();
    });
  }
}
