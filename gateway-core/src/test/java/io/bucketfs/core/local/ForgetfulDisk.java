package io.bucketfs.core.local;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that holds to nothing that was not synced.
 *
 * <p>It keeps two states of everything, what programs see and what is on the medium. A {@link
 * Crash#POWER} shows what the medium had, plus a random part of the rest: any subset of the
 * unsynced pages, some of them torn between sectors; any length between the synced and the last
 * one; unsynced creations gone, unsynced deletions undone, a file with an unsynced new name under
 * either name or under none. As kernels do, it also writes a page back now and then without being
 * asked.
 *
 * <p>Thread-safe. {@link #crash} ends this disk, whose every call then fails, and returns the one
 * that the next start finds.
 */
public final class ForgetfulDisk implements Disk {
  private static final double WRITE_BACK_CHANCE = 0.1;

  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final SplittableRandom random;

  @GuardedBy("lock")
  private final Map<String, ForgetfulFile> seen = new TreeMap<>();

  @GuardedBy("lock")
  private final Map<String, ForgetfulFile> durable = new TreeMap<>();

  @GuardedBy("lock")
  private long capacityBytes = Long.MAX_VALUE;

  @GuardedBy("lock")
  private int syncsToFail;

  @GuardedBy("lock")
  private int directorySyncsToFail;

  /** Names of files. */
  @GuardedBy("lock")
  private Predicate<String> unreadable = _ -> false;

  private volatile @Nullable Executor reader;
  private volatile Runnable beforeReads = () -> {};
  private volatile Runnable beforeWrites = () -> {};

  @GuardedBy("lock")
  private long syncs;

  @GuardedBy("lock")
  private boolean crashed;

  /**
   * @param seed decides what is written back early and what a failed sync loses
   */
  public ForgetfulDisk(long seed) {
    random = new SplittableRandom(seed);
  }

  /** Has reads that nobody waits for done there; before that none can be begun. */
  public void setReader(Executor reader) {
    this.reader = reader;
  }

  /** Ends this disk and returns what the next start finds. */
  public ForgetfulDisk crash(Crash kind, SplittableRandom chance) {
    lock.lock();
    try {
      requireRunning();
      crashed = true;
      var next = new ForgetfulDisk(chance.nextLong());
      next.inherit(this, kind, chance);
      return next;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } finally {
      lock.unlock();
    }
  }

  @SuppressWarnings("GuardedBy") // only this thread knows the new disk; the old one is locked
  private void inherit(ForgetfulDisk old, Crash kind, SplittableRandom chance) {
    capacityBytes = old.capacityBytes;
    if (kind == Crash.KILL) {
      seen.putAll(old.seen);
      durable.putAll(old.durable);
      return;
    }
    var names = new HashSet<>(old.durable.keySet());
    names.addAll(old.seen.keySet());
    var ordered = names.stream().sorted().toList();
    var survivors = new HashMap<ForgetfulFile, ForgetfulFile>();
    for (var name : ordered) {
      var file = chance.nextBoolean() ? old.seen.get(name) : old.durable.get(name);
      // One name each: a rename is not half done.
      if (file != null && !survivors.containsKey(file)) {
        var survivor = file.afterPowerLoss(chance);
        survivors.put(file, survivor);
        seen.put(name, survivor);
        durable.put(name, survivor);
      }
    }
  }

  /** From now on writes fail that need more bytes than this in all. */
  public void limitTo(long bytes) {
    lock.lock();
    try {
      capacityBytes = bytes;
    } finally {
      lock.unlock();
    }
  }

  /** The next so many syncs of files fail, and lose some of what they should have kept. */
  public void failSyncs(int count) {
    lock.lock();
    try {
      syncsToFail = count;
    } finally {
      lock.unlock();
    }
  }

  /** The next so many syncs of the directory fail. */
  public void failDirectorySyncs(int count) {
    lock.lock();
    try {
      directorySyncsToFail = count;
    } finally {
      lock.unlock();
    }
  }

  /** Whether reads fail with an I/O error. */
  public void failReads(boolean fail) {
    failReads(_ -> fail);
  }

  /**
   * Whether reads of files that are there now fail with an I/O error, and those of others do not.
   */
  public void failReadsOfPresentFiles() {
    lock.lock();
    try {
      var present = Set.copyOf(seen.keySet());
      failReads(present::contains);
    } finally {
      lock.unlock();
    }
  }

  /** What each read does first, in its thread. */
  public void beforeReads(Runnable hook) {
    beforeReads = hook;
  }

  /** What each write does first, in its thread. */
  public void beforeWrites(Runnable hook) {
    beforeWrites = hook;
  }

  private void failReads(Predicate<String> names) {
    lock.lock();
    try {
      unreadable = names;
    } finally {
      lock.unlock();
    }
  }

  /** Turns one bit of a file over, on the medium and in every cache. */
  public void flipBit(String name, long position, int bit) {
    lock.lock();
    try {
      var file = seen.get(name);
      if (file == null) {
        throw new IllegalArgumentException("no file " + name);
      }
      file.flipBit(position, bit);
    } finally {
      lock.unlock();
    }
  }

  /** Cuts a file short, on the medium and in every cache. */
  public void truncate(String name, long size) {
    lock.lock();
    try {
      var file = seen.get(name);
      if (file == null) {
        throw new IllegalArgumentException("no file " + name);
      }
      file.truncate(size);
    } finally {
      lock.unlock();
    }
  }

  /** Successful syncs of files and of the directory. */
  public long syncs() {
    lock.lock();
    try {
      return syncs;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void requireRunning() throws IOException {
    if (crashed) {
      throw new IOException("this machine has crashed");
    }
  }

  @Override
  public List<String> list() throws IOException {
    lock.lock();
    try {
      requireRunning();
      return List.copyOf(seen.keySet());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public DiskFile create(String name) throws IOException {
    lock.lock();
    try {
      requireRunning();
      if (seen.containsKey(name)) {
        throw new FileAlreadyExistsException(name);
      }
      var file = new ForgetfulFile();
      seen.put(name, file);
      return new Handle(name, file);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public DiskFile open(String name) throws IOException {
    lock.lock();
    try {
      requireRunning();
      var file = seen.get(name);
      if (file == null) {
        throw new NoSuchFileException(name);
      }
      return new Handle(name, file);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void delete(String name) throws IOException {
    lock.lock();
    try {
      requireRunning();
      if (seen.remove(name) == null) {
        throw new NoSuchFileException(name);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void rename(String from, String to) throws IOException {
    lock.lock();
    try {
      requireRunning();
      if (seen.containsKey(to)) {
        throw new FileAlreadyExistsException(to);
      }
      var file = seen.remove(from);
      if (file == null) {
        throw new NoSuchFileException(from);
      }
      seen.put(to, file);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void syncDirectory() throws IOException {
    lock.lock();
    try {
      requireRunning();
      if (directorySyncsToFail > 0) {
        directorySyncsToFail--;
        throw new IOException("Input/output error");
      }
      durable.clear();
      durable.putAll(seen);
      syncs++;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long usableBytes() {
    lock.lock();
    try {
      return Math.max(0, capacityBytes - usedBytes());
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private long usedBytes() {
    return seen.values().stream().mapToLong(ForgetfulFile::size).sum();
  }

  private final class Handle implements DiskFile {
    private final String name;
    private final ForgetfulFile file;

    private volatile boolean closed;
    private volatile boolean prepared;

    Handle(String name, ForgetfulFile file) {
      this.name = name;
      this.file = file;
    }

    @GuardedBy("lock")
    private void requireOpen() throws IOException {
      requireRunning();
      if (closed) {
        throw new IOException("closed: " + name);
      }
    }

    @Override
    public void write(long position, ByteBuffer... parts) throws IOException {
      beforeWrites.run();
      lock.lock();
      try {
        requireOpen();
        var at = position;
        for (var part : parts) {
          var bytes = new byte[part.remaining()];
          part.get(bytes);
          var room = capacityBytes - usedBytes() + file.size() - at;
          var fitting = Math.clamp(room, 0, bytes.length);
          file.write(at, bytes, fitting, this::isWrittenBack);
          if (fitting < bytes.length) {
            throw new IOException("No space left on device");
          }
          at += bytes.length;
        }
      } finally {
        lock.unlock();
      }
    }

    @SuppressWarnings("GuardedBy") // called back within write, under the lock
    private boolean isWrittenBack() {
      return random.nextDouble() < WRITE_BACK_CHANCE;
    }

    @Override
    public int read(long position, ByteBuffer target) throws IOException {
      beforeReads.run();
      lock.lock();
      try {
        requireOpen();
        if (unreadable.test(name)) {
          throw new IOException("Input/output error");
        }
        return file.read(position, target);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void prepareReads() {
      prepared = true;
    }

    @Override
    public boolean beginRead(long position, ByteBuffer target, ReadEnd end) {
      var there = reader;
      if (there == null || !prepared || closed) {
        return false;
      }
      there.execute(() -> {
        long read;
        try {
          read = read(position, target);
        } catch (IOException e) {
          read = -1;
        }
        end.ended(read);
      });
      return true;
    }

    @Override
    public void truncate(long size) throws IOException {
      lock.lock();
      try {
        requireOpen();
        file.shorten(size);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void sync() throws IOException {
      lock.lock();
      try {
        requireOpen();
        if (syncsToFail > 0) {
          syncsToFail--;
          file.failSync(random);
          throw new IOException("Input/output error");
        }
        file.sync();
        syncs++;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long size() throws IOException {
      lock.lock();
      try {
        requireOpen();
        return file.size();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void close() {
      closed = true;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** The bytes of a file as programs see them, or null. For tests that look behind the store. */
  public byte @Nullable [] bytes(String name) {
    lock.lock();
    try {
      var file = seen.get(name);
      if (file == null) {
        return null;
      }
      var target = ByteBuffer.allocate((int) file.size());
      file.read(0, target);
      return target.array();
    } finally {
      lock.unlock();
    }
  }
}
