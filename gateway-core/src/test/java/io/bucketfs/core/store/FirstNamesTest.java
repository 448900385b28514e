package io.bucketfs.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FirstNamesTest {
  private static final int MOUNT = 1;
  private static final InodeKey DIRECTORY = new InodeKey(MOUNT, 7);

  private final ThreadExecution execution = new ThreadExecution(2, Meters.NONE);
  private final MemoryKeyValueStore store = new MemoryKeyValueStore(execution, 1);
  private final Committer committer =
      new Committer(store, new MetadataCache(store, 1_000), execution, Meters.NONE);

  @AfterEach
  void close() {
    committer.close();
    execution.close();
  }

  private boolean isEmpty() throws FileSystemException {
    return committer.commit(tx -> tx.isEmptyDirectory(MOUNT, DIRECTORY.number()));
  }

  /** Adds a name; its cookie. */
  private static long add(Tx tx, long cookie) {
    var directory = new Inode.Edit(DIRECTORY, FileType.DIRECTORY);
    directory.nextCookie = cookie;
    tx.putDirent(directory, "n" + cookie, 100 + cookie);
    return cookie;
  }

  private static void remove(Tx tx, long cookie) {
    tx.deleteDirent(MOUNT, DIRECTORY.number(), "n" + cookie, new Dirent(100 + cookie, cookie));
  }

  @Test
  void agreesWithTheNamesWhateverComesAndGoesAndIsUndone() throws Exception {
    var random = new Random(3);
    var names = new TreeMap<Long, Boolean>();
    var next = 1L;
    for (var step = 0; step < 3_000; step++) {
      var undone = random.nextInt(4) == 0;
      var adds = names.isEmpty() || random.nextInt(5) < 2;
      var cookie = adds ? next : random.nextBoolean() ? names.firstKey() : names.floorKey(next);
      var left = names.size() + (adds ? 1 : -1);
      Transaction<Boolean> change =
          tx -> {
            if (adds) {
              add(tx, cookie);
            } else {
              remove(tx, cookie);
            }
            assertThat(tx.isEmptyDirectory(MOUNT, DIRECTORY.number())).isEqualTo(left == 0);
            if (undone) {
              throw new FileSystemException(FsError.EXISTS);
            }
            return true;
          };
      if (undone) {
        assertThatThrownBy(() -> committer.commit(change)).isInstanceOf(FileSystemException.class);
      } else {
        committer.commit(change);
        if (adds) {
          names.put(cookie, true);
          next++;
        } else {
          names.remove(cookie);
        }
      }
      assertThat(isEmpty()).isEqualTo(names.isEmpty());
    }
  }

  @Test
  void saysThatADirectoryIsEmptyOnlyAfterALookAtAllOfIt() throws Exception {
    committer.commit(tx -> add(tx, 1) + add(tx, 2));
    var undone =
        committer.<Boolean>submit(
            tx -> {
              remove(tx, 1);
              // Now the second name is the first one, for a moment.
              assertThat(tx.isEmptyDirectory(MOUNT, DIRECTORY.number())).isFalse();
              throw new FileSystemException(FsError.EXISTS);
            },
            true);
    assertThatThrownBy(undone::get).hasCauseInstanceOf(FileSystemException.class);
    committer.commit(tx -> {
      remove(tx, 2);
      return true;
    });
    assertThat(isEmpty()).isFalse();
    committer.commit(tx -> {
      remove(tx, 1);
      return true;
    });
    assertThat(isEmpty()).isTrue();
  }
}
