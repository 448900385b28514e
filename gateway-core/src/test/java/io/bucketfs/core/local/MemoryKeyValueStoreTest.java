package io.bucketfs.core.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MemoryKeyValueStoreTest extends KeyValueStoreContract {
  private final ThreadExecution execution = new ThreadExecution(1, Meters.NONE);
  private @Nullable MemoryKeyValueStore last;

  @Override
  protected KeyValueStore open() {
    last =
        last == null
            ? new MemoryKeyValueStore(execution, 1)
            : last.crash(Crash.POWER, new SplittableRandom(1));
    return last;
  }

  private static List<Change> batch(int number) {
    return List.of(new Change.Put(Family.INODES, new byte[] {(byte) number}, new byte[] {1}));
  }

  private MemoryKeyValueStore fiveSyncedFiveNot() throws IOException {
    var store = new MemoryKeyValueStore(execution, 1);
    for (var i = 0; i < 10; i++) {
      store.write(batch(i), i == 4);
    }
    return store;
  }

  @Test
  void losesUnsyncedBatchesOnlyFromTheTail() throws Exception {
    var counts = new HashSet<Integer>();
    for (var seed = 0; seed < 100; seed++) {
      var after = fiveSyncedFiveNot().crash(Crash.POWER, new SplittableRandom(seed));
      var left = after.scan(Family.INODES, new byte[0], null, 100);
      for (var i = 0; i < left.size(); i++) {
        assertThat(left.get(i).key()).containsExactly(i);
      }
      counts.add(left.size());
    }
    assertThat(counts).containsExactlyInAnyOrder(5, 6, 7, 8, 9, 10);
  }

  @Test
  void keepsAllWhenKilledButStillNotOnTheMedium() throws Exception {
    var killed = fiveSyncedFiveNot().crash(Crash.KILL, new SplittableRandom(1));
    assertThat(killed.scan(Family.INODES, new byte[0], null, 100)).hasSize(10);
    assertThat(killed.unsyncedBatches()).isEqualTo(5);
  }

  @Test
  void endsWithTheCrash() throws Exception {
    var store = fiveSyncedFiveNot();
    store.crash(Crash.KILL, new SplittableRandom(1));
    assertThatThrownBy(() -> store.write(batch(1), true)).isInstanceOf(IOException.class);
  }

  @Test
  void failsAWriteWithoutATrace() throws Exception {
    var store = fiveSyncedFiveNot();
    store.failWrites(1);
    assertThatThrownBy(() -> store.write(batch(11), true)).isInstanceOf(IOException.class);
    assertThat(store.get(Family.INODES, new byte[] {11})).isNull();
    store.write(batch(11), true);
    assertThat(store.get(Family.INODES, new byte[] {11})).isNotNull();
  }

  @Test
  void missesMemoryWhenAsked() throws Exception {
    var store = fiveSyncedFiveNot();
    store.missMemory(1);
    assertThatThrownBy(() -> store.getFromMemory(Family.INODES, new byte[] {1}))
        .isSameAs(WouldBlock.INSTANCE);
  }
}
