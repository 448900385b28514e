package io.bucketfs.cache.extent;

import io.bucketfs.cache.NativeWait;
import io.bucketfs.core.local.Disk;
import io.bucketfs.core.local.ExtentStore.FileInfo;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.runtime.Execution;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * All extent files, by number. Numbers are never used again: the file with the highest one is never
 * deleted, and a file's directory entry is durable before anyone learns its number.
 */
final class Catalog {
  private final Disk disk;
  private final Execution execution;
  private final ConcurrentSkipListMap<Long, ExtentFile> files = new ConcurrentSkipListMap<>();
  private final AtomicLong lastNumber = new AtomicLong();
  private final AtomicLong diskBytes = new AtomicLong();

  Catalog(Disk disk, Execution execution) throws IOException {
    this.disk = disk;
    this.execution = execution;
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
    var file = new ExtentFile(disk, lastNumber.incrementAndGet(), stream);
    try {
      disk.syncDirectory();
    } catch (IOException e) {
      discard(file, e);
      throw e;
    }
    files.put(file.number(), file);
    return file;
  }

  private static void discard(ExtentFile file, IOException reason) {
    try {
      file.delete();
      file.remove();
    } catch (IOException e) {
      reason.addSuppressed(e);
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

  /** Removes a file that has no users. */
  void remove(ExtentFile file) throws IOException {
    NativeWait.run(execution, file::remove);
    files.remove(file.number());
    diskBytes.addAndGet(-file.records().end());
  }
}
