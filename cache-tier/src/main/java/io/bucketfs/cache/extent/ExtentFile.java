package io.bucketfs.cache.extent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.cache.NativeWait;
import io.bucketfs.core.local.Disk;
import io.bucketfs.core.local.Disk.DiskFile;
import io.bucketfs.core.local.ExtentStore.FileInfo;
import io.bucketfs.core.local.ExtentStore.Stream;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One extent file: its name, its users and its end.
 *
 * <p>A file is growing, then sealed, then deleted, then gone. It is removed from the disk by
 * whoever turns out to be its last user.
 */
final class ExtentFile {
  private static final String SUFFIX_WRITE = ".w";
  private static final String SUFFIX_FILL = ".f";

  /** Added to the name of a poisoned file, for a file that says so. */
  private static final String SUFFIX_POISONED = ".poisoned";

  private static final int NAME_DIGITS = 12;

  private final long number;
  private final Stream stream;
  private final Disk disk;
  private final boolean createdHere;
  private final RecordSync records;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private @Nullable DiskFile handle;

  @GuardedBy("lock")
  private boolean growing;

  /** Length of what it was made of, until it is sealed; 0 where it was made of nothing. */
  @GuardedBy("lock")
  private long spareBytes;

  private final AtomicInteger pins = new AtomicInteger();

  /** Who must find the file readable: reads, writes, syncs and pins. */
  @GuardedBy("lock")
  private int users;

  @GuardedBy("lock")
  private boolean deleted;

  /** Whether one thread has taken the removal upon itself, or has done it. */
  @GuardedBy("lock")
  private boolean removing;

  @GuardedBy("lock")
  private boolean closed;

  /** A new file, that takes records. */
  ExtentFile(Disk disk, long number, Stream stream) throws IOException {
    this.number = number;
    this.stream = stream;
    this.disk = disk;
    createdHere = true;
    records = new RecordSync(name(number, stream), 0, false);
    handle = disk.create(name(number, stream));
    growing = true;
  }

  /**
   * A new file, that takes records over those of a deleted one. What is left of these has another
   * number in its header, and so nobody takes it for a record.
   */
  ExtentFile(Disk disk, long number, Stream stream, Spare spare) throws IOException {
    this.number = number;
    this.stream = stream;
    this.disk = disk;
    createdHere = true;
    records = new RecordSync(name(number, stream), 0, false);
    disk.rename(spare.name(), name(number, stream));
    spareBytes = spare.bytes();
    growing = true;
  }

  /** A deleted file that is still on the disk, under its old name. */
  record Spare(String name, long bytes) {}

  private ExtentFile(
      Disk disk, String name, long number, Stream stream, long end, boolean poisoned) {
    this.number = number;
    this.stream = stream;
    this.disk = disk;
    createdHere = false;
    records = new RecordSync(name, end, poisoned);
  }

  /**
   * A file of an earlier run, or null where the name is not one.
   *
   * @param names all names on the disk
   */
  static @Nullable ExtentFile find(Disk disk, String name, Set<String> names) throws IOException {
    if (!isName(name)) {
      return null;
    }
    var digits = name.substring(0, NAME_DIGITS);
    var stream = name.endsWith(SUFFIX_WRITE) ? Stream.WRITE : Stream.FILL;
    var poisoned = names.contains(name + SUFFIX_POISONED);
    var number = Long.parseLong(digits);
    return new ExtentFile(disk, name, number, stream, disk.size(name), poisoned);
  }

  /** Whether a name is one of an extent file. */
  static boolean isName(String name) {
    var suffix = name.substring(Math.min(name.length(), NAME_DIGITS));
    return (suffix.equals(SUFFIX_WRITE) || suffix.equals(SUFFIX_FILL))
        && name.substring(0, NAME_DIGITS).chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static String name(long number, Stream stream) {
    var suffix =
        switch (stream) {
          case WRITE -> SUFFIX_WRITE;
          case FILL -> SUFFIX_FILL;
        };
    return String.format(Locale.ROOT, "%0" + NAME_DIGITS + "d", number) + suffix;
  }

  long number() {
    return number;
  }

  Stream stream() {
    return stream;
  }

  String name() {
    return name(number, stream);
  }

  /** The name of the file that says that a sync of this one failed. */
  String noteName() {
    return name() + SUFFIX_POISONED;
  }

  RecordSync records() {
    return records;
  }

  FileInfo info() {
    return new FileInfo(number, stream, records.end(), open(), pins.get() > 0);
  }

  /** Keeps the file readable until {@link #unpin}. */
  void pin() throws IOException {
    acquire();
    pins.incrementAndGet();
  }

  /** As {@link #release}. */
  boolean unpin() {
    pins.decrementAndGet();
    return release();
  }

  /** Whether it is, or will be, removed from the disk. */
  boolean isDeleted() {
    lock.lock();
    try {
      return deleted;
    } finally {
      lock.unlock();
    }
  }

  /** Whether records may be added, or are being written. */
  boolean open() {
    return growing() || records.busy();
  }

  /** Whether records may be added. */
  boolean growing() {
    lock.lock();
    try {
      return growing && !records.poisoned();
    } finally {
      lock.unlock();
    }
  }

  /** Takes no more records from now on. */
  void seal() {
    lock.lock();
    try {
      growing = false;
    } finally {
      lock.unlock();
    }
  }

  /** What it takes of the disk. */
  long diskBytes() {
    lock.lock();
    try {
      return Math.max(records.end(), spareBytes);
    } finally {
      lock.unlock();
    }
  }

  /** Cuts off what no record has taken. The file is sealed, and nobody writes it. */
  void cut() throws IOException {
    var end = records.end();
    if (end < diskBytes()) {
      handle().truncate(end);
      lock.lock();
      try {
        spareBytes = 0;
      } finally {
        lock.unlock();
      }
    }
  }

  /** Keeps the file readable until {@link #release}. */
  void acquire() throws IOException {
    lock.lock();
    try {
      if (removing) {
        throw new NoSuchFileException(name());
      }
      users++;
    } finally {
      lock.unlock();
    }
  }

  /** The open file. Only between {@link #acquire} and {@link #release}. */
  DiskFile handle() throws IOException {
    lock.lock();
    try {
      if (closed) {
        throw new IOException("closed: " + name());
      }
      var open = handle;
      if (open == null) {
        open = disk.open(name());
        handle = open;
      }
      return open;
    } finally {
      lock.unlock();
    }
  }

  /**
   * As {@link #acquire} and {@link #handle} for one that does not wait.
   *
   * @return null where the file is gone, or not open now, or just being opened: nothing is acquired
   */
  @Nullable DiskFile acquireOpen() {
    if (!lock.tryLock()) {
      return null;
    }
    try {
      var open = removing || closed ? null : handle;
      if (open != null) {
        users++;
      }
      return open;
    } finally {
      lock.unlock();
    }
  }

  /** Ends one {@link #acquire}. Returns true where the caller must now {@link #remove} the file. */
  boolean release() {
    lock.lock();
    try {
      users--;
      if (users == 0 && deleted && !removing) {
        removing = true;
        return true;
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Marks the file as deleted. Returns true where the caller must {@link #remove} it now. */
  boolean delete() {
    lock.lock();
    try {
      deleted = true;
      if (users > 0 || removing) {
        return false;
      }
      removing = true;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Leaves the file on the disk for another one to be made of it. As {@link #remove}, but of a file
   * whose syncs all succeeded.
   */
  Spare retire() throws IOException {
    var spare = new Spare(name(), diskBytes());
    close();
    return spare;
  }

  /** Removes the file from the disk. Only after a true from {@link #release} or {@link #delete}. */
  void remove() throws IOException {
    try {
      disk.delete(name());
      if (records.poisoned()) {
        deleteNote();
      }
    } catch (IOException e) {
      lock.lock();
      try {
        removing = false;
      } finally {
        lock.unlock();
      }
      throw e;
    }
    close();
  }

  private void deleteNote() throws IOException {
    try {
      disk.delete(noteName());
    } catch (NoSuchFileException e) {
      // It could not be made when the sync failed.
    }
  }

  /**
   * Leaves word of a failed sync for the next process, which would find all bytes in the page cache
   * and, by a sync that succeeds, take them for durable. Word that is lost with the machine is not
   * needed any more, and so it is not synced.
   */
  void noteFailedSync(IOException failure) {
    try {
      disk.create(noteName()).close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Makes the record at the position durable. */
  void sync(long position, NativeWait.Action sync) throws IOException {
    records.require(position, sync);
  }

  /** Makes everything durable that was appended in this run; fails where a sync failed before. */
  void syncAll(NativeWait.Action sync) throws IOException {
    if (records.poisoned() || (createdHere && !records.durable())) {
      records.require(records.end() - 1, sync);
    }
  }

  /**
   * Closes the handle unless someone needs it; the next user opens the file again. A handle with
   * unsynced records stays, because the kernel reports a failed write-back to handles that were
   * open at the time.
   *
   * @return whether the file has no handle now
   */
  boolean closeIfIdle() throws IOException {
    lock.lock();
    try {
      if (handle == null) {
        return true;
      }
      if (users > 0 || growing || (createdHere && !records.durable())) {
        return false;
      }
      handle.close();
      handle = null;
      return true;
    } finally {
      lock.unlock();
    }
  }

  void close() throws IOException {
    lock.lock();
    try {
      growing = false;
      closed = true;
      if (handle != null) {
        handle.close();
        handle = null;
      }
    } finally {
      lock.unlock();
    }
  }
}
