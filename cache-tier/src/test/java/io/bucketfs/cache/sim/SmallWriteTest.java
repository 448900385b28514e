package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A small write is durable with the metadata alone, whatever becomes of its extent file. */
class SmallWriteTest {
  private static final int SEEDS = 20;
  private static final int FILES = 10;
  private static final int BYTES = 5_000;
  private static final Duration BEFORE_THE_EXTENT_FILE_IS_SYNCED = Duration.ofMillis(100);
  private static final Duration AFTER_THAT = Duration.ofSeconds(10);

  @Test
  void survivesPowerLossBeforeItsExtentFileIsSynced() {
    for (var seed = 0; seed < SEEDS; seed++) {
      var world = new SimulatedWorld(seed, 1L << 40);
      var files = write(world, BEFORE_THE_EXTENT_FILE_IS_SYNCED);
      world.crash(Crash.POWER);
      check(world, files);
      world.crash(Crash.POWER);
      check(world, files);
    }
  }

  @Test
  void survivesPowerLossAfterItsExtentFileIsSynced() {
    for (var seed = 0; seed < SEEDS; seed++) {
      var world = new SimulatedWorld(seed, 1L << 40);
      var files = write(world, AFTER_THAT);
      world.crash(Crash.POWER);
      check(world, files);
    }
  }

  @Test
  void isWrittenAgainWhereItsExtentFileFails() {
    for (var seed = 0; seed < SEEDS; seed++) {
      var world = new SimulatedWorld(seed, 1L << 40);
      world.failNextSync();
      var files = write(world, AFTER_THAT);
      world.crash(Crash.POWER);
      check(world, files);
    }
  }

  private static List<FileId> write(SimulatedWorld world, Duration then) {
    var files = new ArrayList<FileId>();
    world.execution.run(() -> {
      world.start();
      world.createMount();
      for (var i = 0; i < FILES; i++) {
        var file = world.create("f" + i);
        var reached =
            world
                .files()
                .write(
                    file,
                    0,
                    Unpooled.wrappedBuffer(bytes(i)),
                    Stability.FILE_SYNC,
                    Patience.FOREVER);
        assertThat(reached).isEqualTo(Stability.FILE_SYNC);
        files.add(file);
      }
    });
    world.execution.runFor(then);
    return files;
  }

  private static void check(SimulatedWorld world, List<FileId> files) {
    world.execution.run(() -> {
      world.start();
      for (var i = 0; i < files.size(); i++) {
        var result = world.files().read(files.get(i), 0, 2 * BYTES, Patience.FOREVER);
        var actual = new byte[result.data().readableBytes()];
        result.data().readBytes(actual);
        result.data().release();
        assertThat(actual).as("file %d, seed %d", i, world.seed).isEqualTo(bytes(i));
      }
    });
  }

  private static byte[] bytes(int file) {
    var bytes = new byte[BYTES];
    Arrays.fill(bytes, (byte) (file + 1));
    return bytes;
  }
}
