package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.Quota;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem.FileRange;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.core.vfs.Stability;
import io.bucketfs.core.vfs.WouldBlock;
import io.netty.buffer.Unpooled;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Writes that may wait for the disk and for nothing else: {@link Patience#DISK}. */
@Timeout(120)
final class WriteInPlaceTest {
  private static Stability write(
      World world, FileId file, long offset, String text, Stability stability, Patience patience)
      throws FileSystemException {
    var data = Unpooled.copiedBuffer(text, UTF_8);
    return world.files.write(file, offset, data, stability, patience);
  }

  private static Stability inPlace(World world, FileId file, long offset, String text)
      throws FileSystemException {
    return write(world, file, offset, text, Stability.UNSTABLE, Patience.DISK);
  }

  private static void needsMore(ThrowingCallable write) {
    assertThatThrownBy(write).isSameAs(WouldBlock.INSTANCE);
  }

  @Test
  void anUnstableWriteNeedsTheDiskAlone() {
    WriteBackTest.play(world -> {
      var file = world.write("a", "before");
      assertThatThrownBy(() -> write(world, file, 0, "after", Stability.UNSTABLE, Patience.NONE))
          .isSameAs(WouldBlock.ON_DISK);
      assertThat(world.read("a")).isEqualTo("before");
      assertThat(inPlace(world, file, 3, "after")).isEqualTo(Stability.UNSTABLE);
      assertThat(world.read("a")).isEqualTo("befafter");
      world.files.commit(file, Patience.FOREVER);
      assertThat(world.read("a")).isEqualTo("befafter");
      world.execution.sleep(World.MAX_AGE);
      assertThat(world.bucket.foreign().get("a")).asString(UTF_8).isEqualTo("befafter");
    });
  }

  @ParameterizedTest
  @EnumSource(names = {"DATA_SYNC", "FILE_SYNC"})
  void aSmallStableWriteNeedsTheDiskAloneForOneAtATime(Stability stability) {
    WriteBackTest.play(world -> {
      var file = world.write("a", "before");
      assertThatThrownBy(() -> write(world, file, 0, "after", stability, Patience.NONE))
          .isSameAs(WouldBlock.ON_DISK);
      needsMore(() -> write(world, file, 0, "after", stability, Patience.NONE));
      assertThat(world.read("a")).isEqualTo("before");
      assertThat(write(world, file, 3, "after", stability, Patience.DISK))
          .isEqualTo(Stability.FILE_SYNC);
      assertThat(world.read("a")).isEqualTo("befafter");
      assertThat(world.metadata.unsyncedBatches()).isZero();
    });
  }

  @Test
  void aLargeStableWriteAndOneOfSeveralRecordsNeedMore() {
    WriteBackTest.play(world -> {
      var file = world.write("a", "before");
      var large = "x".repeat(ExtentRecord.LENGTH_MAX + 1);
      var fairlyLarge = "x".repeat((64 << 10) + 1);
      for (var patience : new Patience[] {Patience.NONE, Patience.DISK}) {
        needsMore(() -> write(world, file, 0, fairlyLarge, Stability.FILE_SYNC, patience));
        needsMore(() -> write(world, file, 0, large, Stability.UNSTABLE, patience));
      }
      assertThat(world.read("a")).isEqualTo("before");
    });
  }

  /** What is to be committed with it is too much for the metadata. */
  @Test
  void aStableWriteAfterLargeUnstableOnesIsSeenAndToBeCommitted() {
    WriteBackTest.play(world -> {
      var file = world.write("a", "before");
      var large = "x".repeat((64 << 10) + 1);
      assertThat(inPlace(world, file, 0, large)).isEqualTo(Stability.UNSTABLE);
      assertThat(write(world, file, 1, "after", Stability.FILE_SYNC, Patience.DISK))
          .isEqualTo(Stability.UNSTABLE);
      var now = "xafter" + large.substring(6);
      assertThat(world.read("a")).isEqualTo(now);
      needsMore(() -> world.files.commit(file, Patience.DISK));
      world.files.commit(file, Patience.FOREVER);
      assertThat(world.read("a")).isEqualTo(now);
      world.execution.sleep(World.MAX_AGE);
      assertThat(world.bucket.foreign().get("a")).asString(UTF_8).isEqualTo(now);
    });
  }

  @Test
  void aWriteBeyondTheQuotaNeedsMoreAndTakesNothing() {
    WriteBackTest.play(world -> {
      var file = world.write("a", "before");
      world.operations.setQuota("data", new Quota(10, Long.MAX_VALUE));
      needsMore(() -> inPlace(world, file, 6, "after"));
      assertThatThrownBy(() -> write(world, file, 6, "after", Stability.UNSTABLE, Patience.FOREVER))
          .isInstanceOfSatisfying(
              FileSystemException.class, e -> assertThat(e.error()).isEqualTo(FsError.QUOTA));
      assertThat(world.read("a")).isEqualTo("before");
      assertThat(inPlace(world, file, 6, "tale")).isEqualTo(Stability.UNSTABLE);
      assertThat(world.read("a")).isEqualTo("beforetale");
    });
  }

  @Test
  void aWriteThatFindsTheDiskBusyNeedsMoreAndTakesNothing() {
    var execution = new SimulatedExecution(1);
    execution.run(() -> {
      var extents = new MemoryExtentStore();
      var world =
          new World(
              execution,
              new MemoryKeyValueStore(execution, 1),
              extents,
              new MemoryBucket(execution));
      var file = world.write("a", "before");
      var other = world.write("b", "b");
      world.operations.setQuota("data", new Quota(11, Long.MAX_VALUE));
      extents.setBusy(true);
      needsMore(() -> inPlace(world, file, 6, "tail"));
      assertThat(world.read("a")).isEqualTo("before");
      extents.setBusy(false);
      assertThat(inPlace(world, other, 1, "all")).isEqualTo(Stability.UNSTABLE);
      assertThat(world.read("b")).isEqualTo("ball");
    });
  }

  @Test
  void aFirstWriteNeedsMore() {
    WriteBackTest.play(world -> {
      var file = world.write("a", "");
      for (var patience : new Patience[] {Patience.NONE, Patience.DISK}) {
        needsMore(() -> write(world, file, 0, "first", Stability.UNSTABLE, patience));
      }
      assertThat(world.read("a")).isEmpty();
      write(world, file, 0, "first", Stability.UNSTABLE, Patience.FOREVER);
      assertThat(inPlace(world, file, 5, " and next")).isEqualTo(Stability.UNSTABLE);
      assertThat(world.read("a")).isEqualTo("first and next");
    });
  }

  /** A clone takes the file for itself, over commits. */
  @Test
  void aWriteBesideWhatTakesTheFileForItselfNeedsMore() {
    WriteBackTest.play(world -> {
      var source = world.write("source", "s".repeat(100));
      var file = world.write("a", "a".repeat(100));
      var cloned = new AtomicBoolean();
      world.execution.fork(
          "clone",
          () -> {
            try {
              world.files.clone(
                  Rider.NONE, new FileRange(source, 0, 100), file, 0, Patience.FOREVER);
            } catch (FileSystemException e) {
              throw new AssertionError(e);
            } finally {
              cloned.set(true);
            }
          });
      var refused = 0;
      while (!cloned.get()) {
        try {
          inPlace(world, file, 100, "+");
        } catch (WouldBlock e) {
          assertThat(e).isSameAs(WouldBlock.INSTANCE);
          refused++;
        }
        world.execution.offload(() -> true);
      }
      assertThat(refused).isPositive();
      write(world, file, 100, "+", Stability.UNSTABLE, Patience.FOREVER);
      assertThat(inPlace(world, file, 101, "-")).isEqualTo(Stability.UNSTABLE);
      assertThat(world.read("a")).isEqualTo("s".repeat(100) + "+-");
    });
  }
}
