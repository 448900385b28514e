package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A file that was removed while it is open is there until it is closed, over restarts too. */
@Timeout(60)
class UnlinkedFileTest {
  private static final int BYTES = 100_000;

  /** Longer than clients have to reclaim what they had open. */
  private static final Duration RECLAIM_TIME = Duration.ofMinutes(4);

  /** What a test does after the restart. */
  @FunctionalInterface
  private interface Play {
    void run(SimulatedWorld world, FileId file) throws Exception;
  }

  private static byte[] bytes(int fill) {
    var bytes = new byte[BYTES];
    Arrays.fill(bytes, (byte) fill);
    return bytes;
  }

  private static void write(SimulatedWorld world, FileId file, int fill)
      throws FileSystemException {
    var data = Unpooled.wrappedBuffer(bytes(fill));
    world.files().write(file, 0, data, Stability.FILE_SYNC, Patience.FOREVER);
  }

  private static void play(Crash crash, Play after) {
    for (var seed = 1; seed <= 5; seed++) {
      var world = new SimulatedWorld(seed, 1L << 40);
      var removed = new AtomicReference<FileId>();
      world.execution.run(() -> {
        world.start();
        world.createMount();
        var file = world.create("f");
        world.files().opened(file, true);
        write(world, file, 1);
        world.files().remove(Caller.ROOT, world.root(), "f", Patience.FOREVER);
        // So that it was not removed at the very time of the start.
        world.execution.sleep(Duration.ofSeconds(1));
        removed.set(file);
      });
      world.crash(crash);
      world.execution.run(() -> {
        world.start();
        after.run(world, removed.get());
      });
      world.execution.abandonAll();
    }
  }

  private static void requireGone(SimulatedWorld world, FileId file) throws Exception {
    assertThatThrownBy(() -> world.files().attributes(file, Patience.FOREVER))
        .isInstanceOfSatisfying(
            FileSystemException.class, e -> assertThat(e.error()).isEqualTo(FsError.STALE));
    assertThat(world.metadata().scan(Family.EXTENTS, new byte[0], null, 1)).isEmpty();
    assertThat(world.metadata().scan(Family.ORPHANS, new byte[0], null, 1)).isEmpty();
    var report = world.gateway().administration().check(null, true);
    assertThat(report.findings()).isEmpty();
    assertThat(world.gateway().administration().mount("sim").usedInodes()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Crash.class)
  void isThereForWhoTakesItsOpenBack(Crash crash) {
    play(
        crash,
        (world, file) -> {
          assertThat(SimulatedClient.contents(world.files(), file)).isEqualTo(bytes(1));
          world.files().opened(file, true);
          world.execution.sleep(RECLAIM_TIME);
          write(world, file, 2);
          assertThat(SimulatedClient.contents(world.files(), file)).isEqualTo(bytes(2));
          world.files().closed(file, true);
          world.execution.sleep(Duration.ofSeconds(1));
          requireGone(world, file);
        });
  }

  @ParameterizedTest
  @EnumSource(Crash.class)
  void isFreedWhereNobodyTakesItsOpenBack(Crash crash) {
    play(
        crash,
        (world, file) -> {
          world.execution.sleep(Duration.ofMinutes(2));
          assertThat(SimulatedClient.contents(world.files(), file)).isEqualTo(bytes(1));
          world.execution.sleep(RECLAIM_TIME);
          requireGone(world, file);
        });
  }
}
