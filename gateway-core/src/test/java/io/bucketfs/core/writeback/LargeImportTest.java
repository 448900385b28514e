package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.vfs.Patience;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Very many keys in one directory, and directories as deep as keys can say. {@code
 * -Dimport.keys=1000000} is the size that is promised; builds take a fiftieth.
 */
@Timeout(600)
final class LargeImportTest {
  private static final int KEYS = Integer.getInteger("import.keys", 20_000);
  private static final int PAGE = 1_000;

  /** A key has 1,024 bytes at most, and each level takes two of them. */
  private static final int LEVELS = 511;

  @Test
  void aDirectoryIsListedByOneRequestPerThousandKeys() {
    WriteBackTest.play(world -> {
      for (var i = 0; i < KEYS; i++) {
        world.bucket.foreign().put("d/f%07d".formatted(i), new byte[0]);
      }
      var listed = new AtomicLong();
      world.files.readDirectory(
          World.ROOT,
          world.at("d").id(),
          0,
          false,
          (_, _, _) -> {
            listed.incrementAndGet();
            return true;
          },
          Patience.FOREVER);
      assertThat(listed.get()).isEqualTo(KEYS);
      var lists = world.bucket.counts().of(RequestKind.LIST);
      assertThat(lists).isBetween((long) KEYS / PAGE, KEYS / PAGE + 3L);
      assertThat(world.bucket.counts().all() - lists).isZero();
      assertThat(
              world
                  .files
                  .attributes(world.at("d/f%07d".formatted(KEYS / 2)).id(), Patience.FOREVER)
                  .sizeBytes())
          .isZero();
      assertThat(world.bucket.counts().of(RequestKind.HEAD)).isOne();
    });
  }

  @Test
  void aTreeIsAsDeepAsKeysCanSay() {
    var path = "a/".repeat(LEVELS) + "f";
    WriteBackTest.play(world -> {
      world.foreignPut(path, "deep");
      assertThat(world.read(path)).isEqualTo("deep");
      world.overwrite(world.at(path).id(), 0, "DEEP");
      world.flush();
      assertThat(world.object(path)).isEqualTo("DEEP");
      world.rename("a", "b");
      world.flush();
      assertThat(world.object("b" + path.substring(1))).isEqualTo("DEEP");
      assertThat(world.object(path)).isNull();
      assertThat(world.backlog().failing()).isZero();
    });
  }
}
