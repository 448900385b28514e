package io.bucketfs.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.util.ArrayList;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CommitterTest {
  private final ThreadExecution execution = new ThreadExecution(2, Meters.NONE);
  private final MemoryKeyValueStore store = new MemoryKeyValueStore(execution, 1);
  private final MetadataCache cache = new MetadataCache(store, 1_000);
  private final Committer committer = new Committer(store, cache, execution, Meters.NONE);

  @AfterEach
  void close() {
    committer.close();
    execution.close();
  }

  private static Inode file(long number, int mode) {
    var edit = new Inode.Edit(new InodeKey(1, number), FileType.FILE);
    edit.mode = mode;
    edit.content = Content.empty(7);
    return edit.freeze();
  }

  @Test
  void publishesAnInodeOnceItIsDurable() throws Exception {
    var inode = file(5, 0640);
    committer.commit(tx -> {
      tx.put(inode);
      return null;
    });
    assertThat(cache.inode(inode.key(), Patience.NONE)).isEqualTo(inode);
    var reopened = new MetadataCache(store, 10);
    var stored = reopened.inode(inode.key(), Patience.FOREVER);
    assertThat(stored).isNotNull().usingRecursiveComparison().isEqualTo(inode);
  }

  @Test
  void undoesOnlyTheTransactionThatFails() throws Exception {
    var kept = committer.submit(put("a", 1), true);
    var failed =
        committer.<Boolean>submit(
            tx -> {
              tx.put(Family.GATEWAY, Keys.text(0, "a"), Keys.number(2));
              tx.put(Family.GATEWAY, Keys.text(0, "b"), Keys.number(2));
              tx.put(file(9, 0600));
              throw new FileSystemException(FsError.EXISTS);
            },
            true);
    kept.get();
    assertThatThrownBy(failed::get).hasCauseInstanceOf(FileSystemException.class);
    assertThat(store.get(Family.GATEWAY, Keys.text(0, "a"))).isEqualTo(Keys.number(1));
    assertThat(store.get(Family.GATEWAY, Keys.text(0, "b"))).isNull();
    assertThat(cache.inode(new InodeKey(1, 9), Patience.FOREVER)).isNull();
  }

  private static Transaction<Boolean> put(String name, long value) {
    return tx -> {
      tx.put(Family.GATEWAY, Keys.text(0, name), Keys.number(value));
      return true;
    };
  }

  @Test
  void seesWhatEarlierTransactionsOfItsBatchWrote() throws Exception {
    var counts = new ArrayList<CompletableFuture<Long>>();
    for (var i = 0; i < 500; i++) {
      counts.add(
          committer.submit(
              tx -> {
                var key = Keys.text(0, "count");
                var stored = tx.get(Family.GATEWAY, key);
                var next = (stored == null ? 0 : new RecordReader(stored).i64()) + 1;
                tx.put(Family.GATEWAY, key, Keys.number(next));
                return next;
              },
              true));
    }
    for (var i = 0; i < counts.size(); i++) {
      assertThat(counts.get(i).get()).isEqualTo(i + 1);
    }
  }

  @Test
  void scansAndFloorsLikeASortedMapWhileABatchIsPending() throws Exception {
    var random = new Random(42);
    var model = new TreeMap<Long, Long>();
    for (var round = 0; round < 30; round++) {
      committer.commit(tx -> {
        for (var i = 0; i < 20; i++) {
          var number = (long) random.nextInt(60);
          var key = Keys.extent(1, 1, number);
          if (random.nextBoolean()) {
            tx.put(Family.EXTENTS, key, Keys.number(i));
            model.put(number, (long) i);
          } else {
            tx.delete(Family.EXTENTS, key);
            model.remove(number);
          }
          var at = (long) random.nextInt(60);
          var floor = tx.floor(Family.EXTENTS, Keys.extent(1, 1, 0), Keys.extent(1, 1, at));
          var expected = model.floorEntry(at);
          assertThat(floor == null ? null : floor.key())
              .isEqualTo(expected == null ? null : Keys.extent(1, 1, expected.getKey()));
          var scanned =
              tx.scan(Family.EXTENTS, Keys.extent(1, 1, at), Keys.extent(1, 1, at + 20), 5);
          assertThat(scanned.stream().map(entry -> new RecordReader(entry.value()).i64()).toList())
              .isEqualTo(model.subMap(at, at + 20).values().stream().limit(5).toList());
        }
        return null;
      });
    }
  }

  @Test
  void answersIoOnceTheStoreCannotWrite() throws Exception {
    committer.commit(put("a", 1));
    store.failWrites(1);
    assertThatThrownBy(() -> committer.commit(put("a", 2)))
        .isInstanceOfSatisfying(
            FileSystemException.class, e -> assertThat(e.error()).isEqualTo(FsError.IO));
    assertThat(store.get(Family.GATEWAY, Keys.text(0, "a"))).isEqualTo(Keys.number(1));
  }
}
