package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.object.PatternBytes;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBufUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is still on the disk when clients come back for it. */
@Timeout(120)
final class EvictionTest {
  private static final int UNIT = 128 << 10;
  private static final int FIT = 128;
  private static final long CAP = FIT * (long) UNIT * 10 / 9;

  private static void put(SimulatedWorld world, String name, int count) {
    for (var i = 0; i < count; i++) {
      world.bucket.foreign().put(name + i, PatternBytes.of(i, 0, UNIT));
    }
  }

  /** Reads so many files from end to end; how many of them were on the disk. */
  private static long readAll(SimulatedWorld world, String name, int from, int to)
      throws FileSystemException {
    var before = world.bucket.counts().of(RequestKind.GET);
    for (var i = from; i < to; i++) {
      var id = world.files().lookup(Caller.ROOT, world.root(), name + i, Patience.FOREVER).id();
      var read = world.files().read(id, 0, UNIT, Patience.FOREVER).data();
      assertThat(ByteBufUtil.getBytes(read)).isEqualTo(PatternBytes.of(i, 0, UNIT));
      read.release();
    }
    var status = world.gateway().administration().status();
    assertThat(status.diskBytes()).isLessThanOrEqualTo(CAP);
    return to - from - (world.bucket.counts().of(RequestKind.GET) - before);
  }

  /** The epochs of a training that reads a quarter more than fits, always in the same order. */
  @Test
  void ofFilesThatAreReadInTurnsAndAreMoreThanFitMostAreHit() {
    var count = FIT * 5 / 4;
    var world = new SimulatedWorld(1, CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      put(world, "shard", count);
      for (var turn = 0; turn < 5; turn++) {
        readAll(world, "shard", 0, count);
      }
      var hits = 0L;
      for (var turn = 0; turn < 4; turn++) {
        hits += readAll(world, "shard", 0, count);
      }
      assertThat(hits).isGreaterThan(4 * FIT / 2);
    });
    world.execution.abandonAll();
  }

  /** Another training takes over after the turn in which its files are new. */
  @Test
  void whatIsReadInTurnsGivesWayToOthersOnceItIsReadNoMore() {
    var count = FIT * 3 / 5;
    var world = new SimulatedWorld(2, CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      put(world, "first", count);
      put(world, "second", count);
      for (var turn = 0; turn < 8; turn++) {
        readAll(world, "first", 0, count);
      }
      for (var turn = 0; turn < 4; turn++) {
        readAll(world, "second", 0, count);
      }
      assertThat(readAll(world, "second", 0, count)).isGreaterThan(count * 9 / 10);
    });
    world.execution.abandonAll();
  }

  /** A third of the disk is read in turns while four times the disk passes through. */
  @Test
  void aScanPushesOutLittleOfWhatIsReadInTurns() {
    var count = FIT / 3;
    var world = new SimulatedWorld(3, CAP);
    world.execution.run(() -> {
      world.start();
      world.createMount();
      put(world, "hot", count);
      put(world, "scan", 8 * FIT);
      for (var turn = 0; turn < 3; turn++) {
        readAll(world, "hot", 0, count);
      }
      var hits = 0L;
      for (var turn = 0; turn < 8; turn++) {
        readAll(world, "scan", turn * FIT, (turn + 1) * FIT);
        hits += readAll(world, "hot", 0, count);
      }
      assertThat(hits).isGreaterThan(8L * count * 8 / 10);
    });
    world.execution.abandonAll();
  }
}
