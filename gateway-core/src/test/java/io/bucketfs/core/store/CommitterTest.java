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
import io.bucketfs.core.vfs.WouldBlock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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

  /** Who runs transactions, and what the last one wrote. */
  private Transaction<Thread> put(long value) {
    return tx -> {
      tx.put(Family.GATEWAY, Keys.text(0, "a"), Keys.number(value));
      return Thread.currentThread();
    };
  }

  private long stored() throws Exception {
    var value = store.get(Family.GATEWAY, Keys.text(0, "a"));
    return value == null ? 0 : new RecordReader(value).i64();
  }

  /** Keeps the committer's thread at work until the latch is open. */
  private CompletableFuture<Boolean> busy(CountDownLatch until) throws Exception {
    var begun = new CountDownLatch(1);
    var result =
        committer.<Boolean>submit(
            _ -> {
              begun.countDown();
              return await(until);
            },
            false);
    assertThat(await(begun)).isTrue();
    return result;
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void commitsInPlaceWhereTheCallerMayUseTheDiskAndNobodyElseIsThere() throws Exception {
    assertThat(committer.commit(put(1), Patience.DISK)).isSameAs(Thread.currentThread());
    assertThat(store.unsyncedBatches()).isZero();
    assertThat(stored()).isEqualTo(1);
    assertThat(committer.commit(put(2), Patience.FOREVER).getName()).isEqualTo("committer");
    assertThatThrownBy(() ->
            committer.commit(
                tx -> {
                  tx.put(Family.GATEWAY, Keys.text(0, "a"), Keys.number(3));
                  throw new FileSystemException(FsError.EXISTS);
                },
                Patience.DISK))
        .isInstanceOfSatisfying(
            FileSystemException.class, e -> assertThat(e.error()).isEqualTo(FsError.EXISTS));
    assertThat(stored()).isEqualTo(2);
    store.failWrites(1);
    assertThatThrownBy(() -> committer.commit(put(4), Patience.DISK))
        .isInstanceOfSatisfying(
            FileSystemException.class, e -> assertThat(e.error()).isEqualTo(FsError.IO));
    assertThatThrownBy(() -> committer.commit(put(5), Patience.FOREVER))
        .isInstanceOf(FileSystemException.class);
    assertThat(stored()).isEqualTo(2);
  }

  @Test
  void sharesABatchWithOthersWhereTheyAreThere() throws Exception {
    var latch = new CountDownLatch(1);
    var first = busy(latch);
    var second = waiting(put(1));
    latch.countDown();
    assertThat(second.get().getName()).isEqualTo("committer");
    assertThat(first.get()).isTrue();
  }

  /** Commits on another thread, which waits for the committer's when this returns. */
  private <T> CompletableFuture<T> waiting(Transaction<T> transaction) throws Exception {
    var result = new CompletableFuture<T>();
    var thread =
        Thread.ofPlatform()
            .start(() -> {
              try {
                result.complete(committer.commit(transaction, Patience.DISK));
              } catch (FileSystemException e) {
                result.completeExceptionally(e);
              }
            });
    while (thread.getState() != Thread.State.WAITING) {
      assertThat(thread.isAlive()).isTrue();
      execution.sleep(Duration.ofMillis(1));
    }
    return result;
  }

  @Test
  void promisesABatchInPlaceToOneCallerUntilABatchHasEnded() throws Exception {
    for (var i = 0; i < 2; i++) {
      assertThatThrownBy(() -> committer.requireCommit(Patience.NONE)).isSameAs(WouldBlock.ON_DISK);
      for (var j = 0; j < 2; j++) {
        assertThatThrownBy(() -> committer.commit(put(1), Patience.NONE))
            .isSameAs(WouldBlock.INSTANCE);
      }
      committer.requireCommit(Patience.DISK);
      committer.requireCommit(Patience.FOREVER);
      // It need not be the one who was promised it.
      committer.commit(put(2), i == 0 ? Patience.DISK : Patience.FOREVER);
    }
    var latch = new CountDownLatch(1);
    var busy = busy(latch);
    assertThatThrownBy(() -> committer.requireCommit(Patience.NONE)).isSameAs(WouldBlock.INSTANCE);
    latch.countDown();
    assertThat(busy.get()).isTrue();
  }

  /** What comes later must not be undone by what came before, on whichever thread. */
  @Test
  void nobodyOvertakesWhatWaits() throws Exception {
    var latch = new CountDownLatch(1);
    var busy = busy(latch);
    var early = committer.submit(put(1), false);
    var late = waiting(put(2));
    latch.countDown();
    assertThat(late.get()).isSameAs(early.get());
    assertThat(busy.get()).isTrue();
    assertThat(stored()).isEqualTo(2);
  }

  @Test
  void takesNothingInPlaceOnceItIsClosed() {
    committer.close();
    assertThatThrownBy(() -> committer.commit(put(1), Patience.DISK))
        .isInstanceOfSatisfying(
            FileSystemException.class, e -> assertThat(e.error()).isEqualTo(FsError.DELAY));
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
