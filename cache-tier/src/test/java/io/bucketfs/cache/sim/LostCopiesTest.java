package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Copies of what S3 has are not synced: a power loss may take any of them, and any number. */
@Timeout(60)
final class LostCopiesTest {
  private static final int SEEDS = 10;
  private static final int PIECES = 8;
  private static final int PIECE_BYTES = 1 << 20;

  private static FileId object(SimulatedWorld world) throws FileSystemException {
    return world.files().lookup(Caller.ROOT, world.root(), "object", Patience.FOREVER).id();
  }

  private static byte[] read(SimulatedWorld world, long offset, int count)
      throws FileSystemException {
    var data = world.files().read(object(world), offset, count, Patience.FOREVER).data();
    try {
      var bytes = new byte[data.readableBytes()];
      data.readBytes(bytes);
      return bytes;
    } finally {
      data.release();
    }
  }

  /** One read of many records, each fetched by itself. */
  @Test
  void aReadIsRightHoweverManyCopiesAPowerLossTook() {
    for (var seed = 1; seed <= SEEDS; seed++) {
      var world = new SimulatedWorld(seed, 1L << 40);
      var bytes = new byte[PIECES * PIECE_BYTES];
      new SplittableRandom(seed).nextBytes(bytes);
      world.execution.run(() -> {
        world.start();
        world.createMount();
        world.bucket.foreign().put("object", bytes);
        for (var piece = PIECES - 1; piece >= 0; piece--) {
          read(world, (long) piece * PIECE_BYTES, 1);
        }
        // Makes what is known of it durable, but not the bytes.
        world.create("other");
      });
      world.crash(Crash.POWER);
      world.execution.run(() -> {
        world.start();
        assertThat(read(world, 0, bytes.length)).isEqualTo(bytes);
      });
      world.execution.abandonAll();
    }
  }
}
