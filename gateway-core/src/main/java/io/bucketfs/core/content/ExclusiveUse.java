package io.bucketfs.core.content;

import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.vfs.FileSystemException;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs work on files that nobody writes to meanwhile, and whose writes so far are durable. Several
 * files are locked in the order of their numbers.
 */
final class ExclusiveUse {
  private static final Comparator<InodeKey> ORDER =
      Comparator.comparingInt(InodeKey::mount).thenComparingLong(InodeKey::number);

  private final ContentTable table;
  private final Persistence persistence;

  /** Makes what a file has unstable durable, its locks being held. */
  @FunctionalInterface
  interface Persistence {
    void persist(FileContent file, FileContent.Capture capture) throws FileSystemException;
  }

  /** What is done. It forgets the extents of the files that it changes. */
  @FunctionalInterface
  interface Work<T extends @Nullable Object> {
    T run() throws FileSystemException;
  }

  ExclusiveUse(ContentTable table, Persistence persistence) {
    this.table = table;
    this.persistence = persistence;
  }

  /** Runs with one file. */
  <T extends @Nullable Object> T of(InodeKey file, Work<T> work) throws FileSystemException {
    return of(List.of(file), 0, work);
  }

  /** Runs with two files, which may be the same. */
  <T extends @Nullable Object> T of(InodeKey one, InodeKey other, Work<T> work)
      throws FileSystemException {
    var files =
        one.equals(other) ? List.of(one) : List.of(one, other).stream().sorted(ORDER).toList();
    return of(files, 0, work);
  }

  private <T extends @Nullable Object> T of(List<InodeKey> files, int next, Work<T> work)
      throws FileSystemException {
    if (next == files.size()) {
      return work.run();
    }
    var file = table.acquire(files.get(next));
    try {
      file.commits.lock();
      try {
        file.gate.writeLock().lock();
        try {
          var capture = file.capture();
          if (capture != null) {
            persistence.persist(file, capture);
          }
          return of(files, next + 1, work);
        } finally {
          file.gate.writeLock().unlock();
        }
      } finally {
        file.commits.unlock();
      }
    } finally {
      table.release(file);
    }
  }
}
