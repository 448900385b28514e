package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.Quota;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.object.MemoryBucket;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is on its way to S3 fits into the heap. */
@Timeout(60)
final class WritebackLimitsTest {
  private static final int FILE_BYTES = 10_000;
  private static final int FILES = 30;

  /** 100,000 bytes for all mounts, 50,000 of them for one. */
  private static final WritebackLimits LIMITS = WritebackLimits.DEFAULT.forHeap(300_000);

  private static void play(WriteBackTest.Scene scene) {
    var execution = new SimulatedExecution(1);
    execution.run(() -> {
      var world =
          new World(
              execution,
              new MemoryKeyValueStore(execution, 1),
              new MemoryExtentStore(),
              new MemoryBucket(execution),
              StoreTraits.FULL,
              RefreshPolicy.DEFAULT,
              LIMITS);
      world.bucket.faults().delay(RequestKind.PUT, Duration.ofSeconds(1), Duration.ofSeconds(1));
      scene.play(world);
    });
  }

  private static void add(World world, String mount) throws Exception {
    world.registry.add(
        mount,
        World.location(),
        mount + "/",
        World.policy(),
        Access.OPEN,
        Quota.NONE,
        StoreTraits.FULL,
        world.bucket.connect());
  }

  private static void write(World world, String mount, String name, int bytes) throws Exception {
    FileId root =
        world.files.exports().stream()
            .filter(export -> export.name().equals(mount))
            .findFirst()
            .orElseThrow()
            .root();
    var file =
        world
            .files
            .create(
                World.ROOT,
                root,
                name,
                new CreateMode.Guarded(),
                SetAttributes.NONE,
                Patience.FOREVER)
            .attributes()
            .id();
    world.files.write(
        file, 0, Unpooled.wrappedBuffer(new byte[bytes]), Stability.FILE_SYNC, Patience.FOREVER);
  }

  private static void writeMany(World world, String mount) throws Exception {
    for (var i = 0; i < FILES; i++) {
      write(world, mount, "f" + i, FILE_BYTES);
    }
  }

  @Test
  void oneMountHasHalfOfWhatTheHeapAllows() {
    play(world -> {
      writeMany(world, "data");
      world.execution.sleep(World.MAX_AGE.plusMinutes(1));
      assertThat(world.backlog().files()).isZero();
      assertThat(world.bucket.counts().runningMax()).isEqualTo(5);
    });
  }

  @Test
  void allMountsTogetherStayBelowIt() {
    play(world -> {
      for (var mount : new String[] {"one", "two", "three"}) {
        add(world, mount);
        writeMany(world, mount);
      }
      world.execution.sleep(World.MAX_AGE.plusMinutes(1));
      assertThat(world.bucket.foreign().keys()).hasSize(3 * FILES);
      // The third mount has one at a time that nobody takes from it.
      assertThat(world.bucket.counts().runningMax()).isBetween(10, 11);
    });
  }

  @Test
  void whatIsBiggerGoesAlone() {
    play(world -> {
      for (var i = 0; i < 4; i++) {
        write(world, "data", "big" + i, 200_000);
      }
      world.execution.sleep(World.MAX_AGE.plusMinutes(1));
      assertThat(world.backlog().files()).isZero();
      assertThat(world.bucket.counts().runningMax()).isEqualTo(1);
    });
  }

  @Test
  void aLargeHeapChangesNothing() {
    assertThat(WritebackLimits.DEFAULT.forHeap(8L << 30)).isEqualTo(WritebackLimits.DEFAULT);
    var small = WritebackLimits.DEFAULT.forHeap(192 << 20);
    assertThat(small.bytesPerMountMax()).isEqualTo(32 << 20);
    assertThat(small.multipart().partsPerExportMax()).isEqualTo(2);
  }
}
