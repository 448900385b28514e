package io.bucketfs.cache.extent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.cache.NativeWait;
import io.bucketfs.cache.extent.ExtentFile.Spare;
import io.bucketfs.core.local.Disk;
import io.bucketfs.core.local.ExtentStore.FileInfo;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.runtime.Execution;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All extent files, by number. Numbers are never used again: the file with the highest one is never
 * deleted, and a file's directory entry is durable before anyone learns its number.
 *
 * <p>Some of the deleted files stay on the disk, under their old names, and new ones are made of
 * them: to write over blocks that a file has is up to twice as fast as to have new ones found, and
 * a sync of it has no journal to wait for. A start finds them as files in which nothing is live.
 */
final class Catalog {
  private static final Logger LOG = LoggerFactory.getLogger(Catalog.class);

  /** A GiB of files of the usual size: what dies at once while files are written over. */
  private static final int SPARES_MAX = 16;

  private final Disk disk;
  private final Execution execution;
  private final ConcurrentSkipListMap<Long, ExtentFile> files = new ConcurrentSkipListMap<>();
  private final AtomicLong lastNumber = new AtomicLong();
  private final AtomicLong diskBytes = new AtomicLong();
  private final long spareBytesMin;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Deque<Spare> spares = new ArrayDeque<>();

  /**
   * @param fileBytes size at which a file is full
   */
  Catalog(Disk disk, Execution execution, long fileBytes) throws IOException {
    this.disk = disk;
    this.execution = execution;
    spareBytesMin = fileBytes / 2;
    var names = Set.copyOf(disk.list());
    for (var name : names) {
      var file = ExtentFile.find(disk, name, names);
      if (file != null) {
        files.put(file.number(), file);
        diskBytes.addAndGet(file.records().end());
      }
    }
    if (!files.isEmpty()) {
      lastNumber.set(files.lastKey());
    }
  }

  /** Names in the directory that are neither extent files nor notes about them. */
  List<String> strays() throws IOException {
    var names = disk.list();
    // After the names: a file that is made meanwhile is known before it is looked for.
    var known = new HashSet<String>();
    for (var file : files.values()) {
      known.add(file.noteName());
    }
    return names.stream()
        .filter(name -> !known.contains(name) && !ExtentFile.isName(name))
        .sorted()
        .toList();
  }

  /** Creates the next file. Waits for the disk. */
  ExtentFile create(Stream stream) throws IOException {
    var number = lastNumber.incrementAndGet();
    var file = ofSpare(number, stream);
    if (file == null) {
      file = new ExtentFile(disk, number, stream);
    }
    try {
      disk.syncDirectory();
    } catch (IOException e) {
      discard(file, e);
      throw e;
    }
    files.put(number, file);
    return file;
  }

  private void discard(ExtentFile file, IOException reason) {
    try {
      file.delete();
      file.remove();
      diskBytes.addAndGet(-file.diskBytes());
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
  }

  private @Nullable ExtentFile ofSpare(long number, Stream stream) {
    var spare = takeSpare();
    if (spare == null) {
      return null;
    }
    try {
      return new ExtentFile(disk, number, stream, spare);
    } catch (IOException e) {
      leave(spare, e);
      return null;
    }
  }

  private void leave(Spare spare, IOException reason) {
    LOG.warn("{} is left for the next start to delete", spare.name(), reason);
    diskBytes.addAndGet(-spare.bytes());
  }

  private @Nullable Spare takeSpare() {
    lock.lock();
    try {
      return spares.poll();
    } finally {
      lock.unlock();
    }
  }

  long spareBytes() {
    lock.lock();
    try {
      return spares.stream().mapToLong(Spare::bytes).sum();
    } finally {
      lock.unlock();
    }
  }

  /** Deletes the spare files. Waits for the disk. */
  void trim() {
    for (var spare = takeSpare(); spare != null; spare = takeSpare()) {
      try {
        disk.delete(spare.name());
        diskBytes.addAndGet(-spare.bytes());
      } catch (IOException e) {
        leave(spare, e);
      }
    }
  }

  /** The lowest number that a file to come can have. */
  long nextNumber() {
    return lastNumber.get() + 1;
  }

  /** The file with a number, or null where it is gone. */
  @Nullable ExtentFile find(long number) {
    return files.get(number);
  }

  ExtentFile require(long number) throws IOException {
    var file = find(number);
    if (file == null) {
      throw new NoSuchFileException("extent file " + number);
    }
    return file;
  }

  boolean isLast(long number) {
    return files.lastKey() == number;
  }

  Collection<ExtentFile> all() {
    return files.values();
  }

  Collection<ExtentFile> from(long number) {
    return files.tailMap(number, true).values();
  }

  List<FileInfo> infos() {
    return files.values().stream().filter(file -> !file.isDeleted()).map(ExtentFile::info).toList();
  }

  /** Bytes that the disk could still take. */
  long usableBytes() throws IOException {
    return disk.usableBytes();
  }

  long diskBytes() {
    return diskBytes.get();
  }

  /** Counts bytes that a file grew by, or shrank by. */
  void grew(long bytes) {
    diskBytes.addAndGet(bytes);
  }

  /** Ends a use of the file; if it was the last of a deleted one, that is removed elsewhere. */
  void release(ExtentFile file) {
    if (file.release()) {
      forkRemoval(file);
    }
  }

  /** Ends a pin, as {@link #release} ends a use. */
  void unpin(ExtentFile file) {
    if (file.unpin()) {
      forkRemoval(file);
    }
  }

  private void forkRemoval(ExtentFile file) {
    execution.fork("remove " + file.name(), () -> removeLater(file));
  }

  private void removeLater(ExtentFile file) {
    try {
      remove(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes a file that has no users, or keeps it as a spare one. */
  void remove(ExtentFile file) throws IOException {
    if (isWanted(file)) {
      var spare = NativeWait.on(execution, file::retire);
      files.remove(file.number());
      lock.lock();
      try {
        spares.add(spare);
      } finally {
        lock.unlock();
      }
      return;
    }
    NativeWait.run(execution, file::remove);
    files.remove(file.number());
    diskBytes.addAndGet(-file.diskBytes());
  }

  private boolean isWanted(ExtentFile file) {
    lock.lock();
    try {
      return spares.size() < SPARES_MAX
          && file.diskBytes() >= spareBytesMin
          && !file.records().poisoned();
    } finally {
      lock.unlock();
    }
  }
}
