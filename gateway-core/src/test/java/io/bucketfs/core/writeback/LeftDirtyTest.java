package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Change.Put;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an earlier run left dirty is known before anybody is told that nothing is. */
@Timeout(60)
final class LeftDirtyTest {
  private final SimulatedExecution execution = new SimulatedExecution(1);
  private final MemoryBucket bucket = new MemoryBucket(execution);
  private final MemoryExtentStore extents = new MemoryExtentStore();
  private MemoryKeyValueStore metadata = new MemoryKeyValueStore(execution, 1);

  /** Plays a scene, and kills the process at its end. */
  private void inALife(WriteBackTest.Scene scene) {
    execution.run(() -> scene.play(new World(execution, metadata, extents, bucket)));
    execution.abandonAll();
    metadata = metadata.crash(Crash.KILL, new SplittableRandom(1));
  }

  @Test
  void aFlushRightAfterTheStartBringsIt() {
    inALife(world -> world.write("f", "dirty"));
    inALife(world -> {
      var flushed = world.writeBack.flush(world.mount, "", true);
      assertThat(flushed.files()).isOne();
      assertThat(flushed.failing()).isEmpty();
      assertThat(bucket.foreign().get("f")).asString().isEqualTo("dirty");
    });
  }

  @Test
  void anFsyncThatIsToReachTheBucketBringsIt() {
    var file = new AtomicReference<FileId>();
    inALife(world -> file.set(world.write("f", "dirty")));
    inALife(world -> {
      world.writeBack.await(file.get(), Patience.FOREVER);
      assertThat(bucket.foreign().get("f")).asString().isEqualTo("dirty");
    });
  }

  @Test
  void itsMountIsNotDeleted() {
    inALife(world -> world.write("f", "dirty"));
    inALife(world ->
        assertThatThrownBy(() -> world.operations.deleteMount("data", false))
            .isInstanceOf(AdminException.class)
            .hasMessageContaining("1 changes of data are not in the bucket yet"));
  }

  private void damage(Family family, byte[] key) throws Exception {
    assertThat(metadata.get(family, key)).isNotNull();
    metadata.write(List.of(new Put(family, key, new byte[3])), true);
  }

  @Test
  void aDamagedMarkOfAFileIsMadeAgain() {
    inALife(world -> {
      world.write("f", "dirty");
      world.write("g", "dirty");
      damage(Family.DIRTY, key(InodeKey.of(world.at("f").id())));
    });
    inALife(world -> {
      execution.sleep(World.IDLE.plus(Duration.ofSeconds(10)));
      assertThat(bucket.foreign().keys()).containsExactly("f", "g");
      assertThat(world.writeBack.flush(world.mount, "", true).failing()).isEmpty();
      assertThat(world.operations.check("data", true).findings()).isEmpty();
    });
  }

  private static byte[] key(InodeKey inode) {
    return Keys.inode(inode.mount(), inode.number());
  }

  /** What is to go there is not known; all else is. */
  @Test
  void aDamagedMarkOfAKeyKeepsNothingElseFromTheBucket() {
    inALife(world -> {
      world.write("f", "exported");
      world.flush();
      world.remove("f");
      world.write("g", "dirty");
      damage(Family.STALE, Keys.text(world.mount, "f"));
    });
    inALife(world -> {
      var flushed = world.writeBack.flush(world.mount, "", true);
      assertThat(flushed.failing())
          .containsExactly(new WriteBack.Unexported("", WriteBack.NOT_ALL_KNOWN));
      assertThat(bucket.foreign().get("g")).asString().isEqualTo("dirty");
      assertThatThrownBy(() -> world.operations.deleteMount("data", false))
          .hasMessageContaining(WriteBack.NOT_ALL_KNOWN);
    });
  }
}
