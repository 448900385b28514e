package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A directory of many files is renamed: at once for clients, and in the bucket by as few requests
 * as S3 allows. {@code -Drename.files=100000} is the size that is promised; builds take a tenth.
 */
final class LargeRenameTest {
  private static final int FILES = Integer.getInteger("rename.files", 10_000);
  private static final Duration INSTANT = Duration.ofSeconds(1);

  @Test
  @Timeout(1_200)
  void isAtOnceForClientsAndTakesOneCopyAKeyInTheBucket() {
    var execution = new SimulatedExecution(1);
    var bucket = new MemoryBucket(execution);
    execution.run(() -> {
      for (var i = 0; i < FILES; i++) {
        bucket.foreign().put("d/%02d/f%06d".formatted(i % 100, i), new byte[] {(byte) i});
      }
      var world =
          new World(
              execution,
              new MemoryKeyValueStore(execution, 1),
              new MemoryExtentStore(),
              bucket,
              StoreTraits.FULL,
              RefreshPolicy.DEFAULT);
      assertThat(world.find("")).hasSize(FILES + 101);
      var requests = bucket.counts().all();
      bucket.faults().delay(Duration.ofMillis(30), Duration.ofMillis(30));
      var wall = System.nanoTime();
      var start = execution.nanoTime();
      world.rename("d", "e");
      // On the clock of the simulation no request is waited for, and none is sent.
      assertThat(execution.nanoTime() - start).isLessThan(Duration.ofMillis(10).toNanos());
      var took = Duration.ofNanos(System.nanoTime() - wall);
      assertThat(took).isLessThan(INSTANT);
      assertThat(bucket.counts().all()).isEqualTo(requests);
      assertThat(world.exists("d")).isFalse();
      assertThat(world.list("e")).hasSize(100);
      var begun = execution.nanoTime();
      world.flush();
      var exported = Duration.ofNanos(execution.nanoTime() - begun);
      System.out.printf(
          "%d files: renamed in %d ms, exported in %d s of the simulation's time, in %d copies and"
              + " %d deletes%n",
          FILES,
          took.toMillis(),
          exported.toSeconds(),
          bucket.counts().of(RequestKind.COPY),
          bucket.counts().of(RequestKind.DELETE_MANY));
      assertThat(bucket.foreign().keys()).hasSize(FILES).allMatch(key -> key.startsWith("e/"));
      assertThat(bucket.counts().of(RequestKind.COPY)).isEqualTo(FILES);
      assertThat(bucket.counts().of(RequestKind.DELETE_MANY)).isLessThan(FILES / 20);
      assertThat(world.writeBack.jobs(world.mount)).isEmpty();
      assertThat(world.backlog().files()).isZero();
      assertThat(world.files.attributes(world.root(), Patience.FOREVER).type()).isNotNull();
    });
  }
}
