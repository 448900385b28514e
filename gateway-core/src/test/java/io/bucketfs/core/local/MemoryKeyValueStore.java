package io.bucketfs.core.local;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A metadata store in memory that holds to no batch that was not synced: after a {@link
 * Crash#POWER} it has every synced batch and a random number of those that followed, in order.
 *
 * <p>Thread-safe. {@link #crash} ends this store, whose every call then fails, and returns the one
 * that the next start finds.
 */
public final class MemoryKeyValueStore implements KeyValueStore {
  private final Execution execution;
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong batches = new AtomicLong();
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final SplittableRandom random;

  @GuardedBy("lock")
  private final Contents seen = new Contents();

  @GuardedBy("lock")
  private final Contents durable = new Contents();

  @GuardedBy("lock")
  private final List<List<Change>> unsynced = new ArrayList<>();

  @GuardedBy("lock")
  private double memoryMissChance;

  @GuardedBy("lock")
  private int writesToFail;

  @GuardedBy("lock")
  private boolean gone;

  private volatile Runnable beforeWrite = () -> {};

  /**
   * @param seed decides which reads memory cannot answer
   */
  public MemoryKeyValueStore(Execution execution, long seed) {
    this.execution = execution;
    random = new SplittableRandom(seed);
  }

  /** Ends this store and returns what the next start finds. */
  public MemoryKeyValueStore crash(Crash kind, SplittableRandom chance) {
    return crash(kind, chance, execution);
  }

  /** Ends this store and returns what the next start finds, with another execution. */
  public MemoryKeyValueStore crash(Crash kind, SplittableRandom chance, Execution nextExecution) {
    lock.lock();
    try {
      gone = true;
      var next = new MemoryKeyValueStore(nextExecution, chance.nextLong());
      next.inherit(this, kind, chance);
      return next;
    } finally {
      lock.unlock();
    }
  }

  @SuppressWarnings("GuardedBy") // only this thread knows the new store; the old one is locked
  private void inherit(MemoryKeyValueStore old, Crash kind, SplittableRandom chance) {
    memoryMissChance = old.memoryMissChance;
    seen.copy(old.durable);
    durable.copy(old.durable);
    var surviving =
        kind == Crash.KILL ? old.unsynced.size() : chance.nextInt(old.unsynced.size() + 1);
    for (var batch : old.unsynced.subList(0, surviving)) {
      seen.apply(batch);
      if (kind == Crash.KILL) {
        unsynced.add(batch);
      } else {
        durable.apply(batch);
      }
    }
  }

  /** How often {@link #getFromMemory} has to give up, 0 to 1. */
  public void missMemory(double chance) {
    lock.lock();
    try {
      memoryMissChance = chance;
    } finally {
      lock.unlock();
    }
  }

  /** Runs before each batch is written. */
  public void beforeWrite(Runnable action) {
    beforeWrite = action;
  }

  /** The next so many writes fail without a trace. */
  public void failWrites(int count) {
    lock.lock();
    try {
      writesToFail = count;
    } finally {
      lock.unlock();
    }
  }

  /** Batches that a power loss could take. */
  public int unsyncedBatches() {
    lock.lock();
    try {
      return unsynced.size();
    } finally {
      lock.unlock();
    }
  }

  /** Batches written so far. */
  public long batches() {
    return batches.get();
  }

  /** Look-ups and scans so far, and the entries that scans returned. */
  public long reads() {
    return reads.get();
  }

  @Override
  public byte @Nullable [] get(Family family, byte[] key) throws IOException {
    reads.incrementAndGet();
    return waiting(() -> value(family, key));
  }

  @Override
  public byte @Nullable [] getFromMemory(Family family, byte[] key) {
    lock.lock();
    try {
      if (gone || (memoryMissChance > 0 && random.nextDouble() < memoryMissChance)) {
        throw WouldBlock.INSTANCE;
      }
      return seen.of(family).get(key);
    } finally {
      lock.unlock();
    }
  }

  private byte @Nullable [] value(Family family, byte[] key) throws IOException {
    lock.lock();
    try {
      requireHere();
      return seen.of(family).get(key);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<Entry> scan(Family family, byte[] from, byte @Nullable [] to, int max)
      throws IOException {
    var entries = waitingFor(() -> entries(family, from, to, max));
    reads.addAndGet(1 + entries.size());
    return entries;
  }

  private List<Entry> entries(Family family, byte[] from, byte @Nullable [] to, int max)
      throws IOException {
    lock.lock();
    try {
      requireHere();
      return seen.of(family).tailMap(from, true).entrySet().stream()
          .takeWhile(entry -> to == null || Arrays.compareUnsigned(entry.getKey(), to) < 0)
          .limit(max)
          .map(entry -> new Entry(entry.getKey(), entry.getValue()))
          .toList();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public @Nullable Entry floor(Family family, byte[] from, byte[] at) throws IOException {
    reads.incrementAndGet();
    return waiting(() -> lastEntry(family, from, at));
  }

  private @Nullable Entry lastEntry(Family family, byte[] from, byte[] at) throws IOException {
    lock.lock();
    try {
      requireHere();
      var entry = seen.of(family).floorEntry(at);
      return entry == null || Arrays.compareUnsigned(entry.getKey(), from) < 0
          ? null
          : new Entry(entry.getKey(), entry.getValue());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void write(List<Change> batch, boolean sync) throws IOException {
    beforeWrite.run();
    var copy = List.copyOf(batch);
    batches.incrementAndGet();
    waitingFor(() -> append(copy));
    if (sync) {
      // Between the log's write and its sync others may run, and a crash may come.
      waitingFor(this::sync);
    }
  }

  private boolean append(List<Change> batch) throws IOException {
    lock.lock();
    try {
      requireHere();
      if (writesToFail > 0) {
        writesToFail--;
        throw new IOException("Input/output error");
      }
      seen.apply(batch);
      unsynced.add(batch);
      return true;
    } finally {
      lock.unlock();
    }
  }

  private boolean sync() throws IOException {
    lock.lock();
    try {
      requireHere();
      for (var batch : unsynced) {
        durable.apply(batch);
      }
      unsynced.clear();
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long diskBytes() {
    lock.lock();
    try {
      return seen.bytes();
    } finally {
      lock.unlock();
    }
  }

  /** Makes all durable. {@link #crash} still tells what the next start finds. */
  @Override
  public void close() {
    lock.lock();
    try {
      for (var batch : unsynced) {
        durable.apply(batch);
      }
      unsynced.clear();
      gone = true;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void requireHere() throws IOException {
    if (gone) {
      throw new IOException("this store has crashed or is closed");
    }
  }

  private <T> @Nullable T waiting(Callable<@Nullable T> work) throws IOException {
    var result = new ArrayList<T>(1);
    waitingFor(() -> {
      var value = work.call();
      if (value != null) {
        result.add(value);
      }
      return true;
    });
    return result.isEmpty() ? null : result.getFirst();
  }

  private <T> T waitingFor(Callable<T> work) throws IOException {
    try {
      return execution.offload(work);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  /** Keys and values of all families. */
  private static final class Contents {
    private final Map<Family, NavigableMap<byte[], byte[]>> families = new EnumMap<>(Family.class);
    private long bytes;

    Contents() {
      for (var family : Family.values()) {
        families.put(family, new TreeMap<>(Arrays::compareUnsigned));
      }
    }

    @SuppressWarnings("NullAway") // the constructor puts every family
    NavigableMap<byte[], byte[]> of(Family family) {
      return families.get(family);
    }

    void copy(Contents other) {
      families.forEach((family, map) -> map.putAll(other.of(family)));
      bytes = other.bytes;
    }

    private void count(int sign, byte[] key, byte @Nullable [] value) {
      if (value != null) {
        bytes += sign * ((long) key.length + value.length);
      }
    }

    void apply(List<Change> batch) {
      for (var change : batch) {
        switch (change) {
          case Change.Put put -> {
            count(-1, put.key(), of(put.family()).put(put.key(), put.value()));
            count(1, put.key(), put.value());
          }
          case Change.Delete delete ->
              count(-1, delete.key(), of(delete.family()).remove(delete.key()));
          case Change.DeleteRange range -> {
            if (Arrays.compareUnsigned(range.from(), range.to()) < 0) {
              var gone = of(range.family()).subMap(range.from(), range.to());
              gone.forEach((key, value) -> count(-1, key, value));
              gone.clear();
            }
          }
        }
      }
    }

    long bytes() {
      return bytes;
    }
  }
}
