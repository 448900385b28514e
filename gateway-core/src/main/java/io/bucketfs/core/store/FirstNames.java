package io.bucketfs.core.store;

import io.bucketfs.core.local.Family;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Whether directories are empty, without stepping over all the names that went: the store steps
 * over each of them until it cleans up, which takes a millisecond where some thousands of files are
 * renamed or removed one after another.
 *
 * <p>Remembers the first name of directories that were looked at. Names only ever come behind those
 * that are there, so that the next look begins at that one. What is remembered is only where to
 * begin: that a directory is empty is said after a look at all of it. Used only on the committer's
 * thread.
 */
final class FirstNames {
  private static final int DIRECTORIES_MAX = 4_096;

  private final Map<InodeKey, byte[]> starts =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<InodeKey, byte[]> eldest) {
          return size() > DIRECTORIES_MAX;
        }
      };

  boolean isEmpty(Tx tx, InodeKey directory) throws IOException {
    var start = starts.get(directory);
    if (start != null && isAny(tx, directory, start)) {
      return false;
    }
    if (isAny(tx, directory, Keys.cookie(directory.mount(), directory.number(), 0))) {
      return false;
    }
    starts.remove(directory);
    return true;
  }

  private boolean isAny(Tx tx, InodeKey directory, byte[] from) throws IOException {
    var end = Keys.cookie(directory.mount(), directory.number() + 1, 0);
    var found = tx.scan(Family.COOKIES, from, end, 1);
    if (found.isEmpty()) {
      return false;
    }
    starts.put(directory, found.getFirst().key());
    return true;
  }
}
