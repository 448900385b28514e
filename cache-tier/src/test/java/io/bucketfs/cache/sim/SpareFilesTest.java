package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.object.PatternBytes;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Extent files that are written over. */
@Timeout(120)
final class SpareFilesTest {
  private static final int UNIT = 100_000;
  private static final int UNITS = 4;

  private static void write(SimulatedWorld world, FileId file, int unit, int version)
      throws Exception {
    var data = Unpooled.wrappedBuffer(PatternBytes.of(version, 0, UNIT));
    world.files().write(file, (long) unit * UNIT, data, Stability.UNSTABLE, Patience.FOREVER);
    world.execution.sleep(Duration.ofMillis(1));
  }

  private static byte[] read(SimulatedWorld world, FileId file, int unit) throws Exception {
    var read = world.files().read(file, (long) unit * UNIT, UNIT, Patience.FOREVER).data();
    var bytes = ByteBufUtil.getBytes(read);
    read.release();
    return bytes;
  }

  private static long diskBytes(SimulatedWorld world) throws Exception {
    return world.gateway().administration().status().diskBytes();
  }

  /** 200 MB, all of it unstable and within the time after which unstable writes are committed. */
  @Test
  void whatIsWrittenOverAndOverTakesAFewFilesOnly() throws Exception {
    var world = new SimulatedWorld(1, 1L << 30);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      var file = world.create("f");
      var most = 0L;
      for (var version = 0; version < 2_000; version++) {
        write(world, file, version % UNITS, version);
        most = Math.max(most, diskBytes(world));
      }
      assertThat(most).isLessThan(20 * SimulatedWorld.EXTENT_FILE_BYTES_MAX);
      for (var unit = 0; unit < UNITS; unit++) {
        assertThat(read(world, file, unit))
            .isEqualTo(PatternBytes.of(2_000 - UNITS + unit, 0, UNIT));
      }
    });
    world.execution.abandonAll();
  }

  /** What was removed leaves spare files, and then the cap is lowered. */
  @Test
  void spareFilesGoBeforeAnyDataGoes() throws Exception {
    var objects = 10;
    var world = new SimulatedWorld(1, 32L << 20);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      for (var i = 0; i < objects; i++) {
        world.bucket.foreign().put("o" + i, PatternBytes.of(i, 0, 1 << 20));
      }
      readAll(world, objects);
      var file = world.create("f");
      for (var unit = 0; unit < 140; unit++) {
        write(world, file, unit, unit);
      }
      world.files().remove(Caller.ROOT, world.root(), "f", Patience.FOREVER);
      world.execution.sleep(Duration.ofMinutes(1));
      assertThat(diskBytes(world)).as("spare files, too").isGreaterThan(20L << 20);
      world.gateway().administration().setDiskBytesMax(16L << 20);
      world.execution.sleep(Duration.ofSeconds(30));
      assertThat(diskBytes(world)).isLessThan(16L << 20);
      var before = world.bucket.counts().of(RequestKind.GET);
      readAll(world, objects);
      assertThat(world.bucket.counts().of(RequestKind.GET)).isEqualTo(before);
    });
    world.execution.abandonAll();
  }

  private static void readAll(SimulatedWorld world, int objects) throws Exception {
    for (var i = 0; i < objects; i++) {
      var id = world.files().lookup(Caller.ROOT, world.root(), "o" + i, Patience.FOREVER).id();
      assertThat(SimulatedClient.contents(world.files(), id))
          .isEqualTo(PatternBytes.of(i, 0, 1 << 20));
    }
  }

  /** Committed now and then, so that a loss of power must find the last committed version. */
  @ParameterizedTest
  @EnumSource(Crash.class)
  void aCrashFindsTheRightVersionAmongThoseThatWereWrittenOver(Crash kind) throws Exception {
    for (var seed = 1; seed <= 20; seed++) {
      var last = seed;
      var world = new SimulatedWorld(seed, 1L << 30);
      world.execution.run(() -> {
        world.start();
        world.createMount();
        var file = world.create("f");
        for (var version = 0; version <= 200 + last; version++) {
          write(world, file, version % UNITS, version);
          if (version % 50 == 49) {
            world.files().commit(file, Patience.FOREVER);
          }
        }
      });
      world.crash(kind);
      world.execution.run(() -> {
        world.start();
        var file = world.create("f");
        for (var unit = 0; unit < UNITS; unit++) {
          var found = version(read(world, file, unit), unit, 200 + last);
          var acknowledged = newest(unit, 200 + last);
          var committed = newest(unit, (200 + last + 1) / 50 * 50 - 1);
          assertThat(found)
              .as("seed %d", last)
              .isBetween(kind == Crash.KILL ? acknowledged : committed, acknowledged);
        }
      });
      world.execution.abandonAll();
    }
  }

  /** The last version up to one that was written to a unit. */
  private static int newest(int unit, int upTo) {
    return upTo - Math.floorMod(upTo - unit, UNITS);
  }

  private static int version(byte[] bytes, int unit, int last) {
    for (var version = newest(unit, last); version >= 0; version -= UNITS) {
      if (Arrays.equals(bytes, PatternBytes.of(version, 0, UNIT))) {
        return version;
      }
    }
    throw new AssertionError("no version that was ever written");
  }
}
