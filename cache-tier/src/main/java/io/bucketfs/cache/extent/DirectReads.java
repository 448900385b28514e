package io.bucketfs.cache.extent;

import io.bucketfs.core.local.Disk.ReadEnd;
import io.bucketfs.core.runtime.Execution;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads past the page cache that no thread waits for. One thread hands them to the disk, with one
 * call what was begun during the last one, and another one hears of the end of all: a read that a
 * thread waits for costs the processor more for falling asleep and waking up than for all the rest.
 *
 * <p>Thread-safe.
 */
public final class DirectReads implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DirectReads.class);

  /** As many as disks take at a time, and more than keep one busy. */
  private static final int READS_MAX = 256;

  /** With more the call is no cheaper for each, and the disk is idle meanwhile. */
  private static final int BATCH_MAX = 8;

  private static final Duration CLOSE_MAX = Duration.ofSeconds(10);

  private final LinuxAio aio;
  private final long context;
  private final Arena arena = Arena.ofShared();
  private final Slot[] slots = new Slot[READS_MAX];
  private final ConcurrentLinkedQueue<Slot> idle = new ConcurrentLinkedQueue<>();

  /** Not sent yet; there is room for all, and for {@link #last}. */
  private final BlockingQueue<Slot> begun = new ArrayBlockingQueue<>(READS_MAX + 1);

  /** Tells the sender to end. */
  private final Slot last;

  private final AtomicInteger pending = new AtomicInteger();
  private final Execution.Task sender;
  private final Execution.Task reaper;
  private volatile boolean closed;

  private DirectReads(LinuxAio aio, long context, Execution execution) {
    this.aio = aio;
    this.context = context;
    var memory = arena.allocate(READS_MAX * LinuxAio.IOCB_BYTES_EACH, Long.BYTES);
    for (var i = 0; i < READS_MAX; i++) {
      var iocb = memory.asSlice(i * LinuxAio.IOCB_BYTES_EACH, LinuxAio.IOCB_BYTES_EACH);
      slots[i] = new Slot(i, iocb);
      idle.add(slots[i]);
    }
    last = new Slot(READS_MAX, MemorySegment.NULL);
    sender = execution.dedicate("disk reads begin", this::send);
    reaper = execution.dedicate("disk reads end", this::reap);
  }

  /** Returns null where the system has no such reads, or does not allow them. */
  public static @Nullable DirectReads open(Execution execution) {
    var aio = LinuxAio.find();
    if (aio == null) {
      return null;
    }
    try {
      return new DirectReads(aio, aio.setup(READS_MAX), execution);
    } catch (IOException e) {
      LOG.info("Small reads wait for the disk one by one: {}", e.getMessage());
      return null;
    }
  }

  /** Room for one read. */
  private static final class Slot {
    private final int number;
    private final MemorySegment iocb;
    private volatile @Nullable ReadEnd end;

    Slot(int number, MemorySegment iocb) {
      this.number = number;
      this.iocb = iocb;
    }
  }

  /** Opens a file for {@link #begin}. Ended by {@link #closeFile}. Waits for the disk. */
  int openFile(Path path) throws IOException {
    return aio.openDirect(path);
  }

  void closeFile(int file) {
    aio.close(file);
  }

  /**
   * Begins a read.
   *
   * @param position aligned, as are the remaining bytes and their place in memory, which stay where
   *     they are until the end
   * @return false where as many as may be are under way; nothing happens then
   */
  boolean begin(int file, long position, ByteBuffer target, ReadEnd end) {
    pending.incrementAndGet();
    var slot = closed ? null : idle.poll();
    if (slot == null) {
      pending.decrementAndGet();
      return false;
    }
    slot.end = end;
    var memory = MemorySegment.ofBuffer(target);
    LinuxAio.fill(slot.iocb, slot.number, file, memory, memory.byteSize(), position);
    begun.add(slot);
    return true;
  }

  private void send() {
    try (var own = Arena.ofConfined()) {
      var pointers = own.allocate(ValueLayout.JAVA_LONG, BATCH_MAX);
      var state = LinuxAio.state(own);
      var batch = new ArrayList<Slot>(BATCH_MAX);
      for (var slot = begun.take(); slot != last; slot = begun.take()) {
        batch.add(slot);
        begun.drainTo(batch, BATCH_MAX - 1);
        for (var i = 0; i < batch.size(); i++) {
          pointers.setAtIndex(ValueLayout.JAVA_LONG, i, batch.get(i).iocb.address());
        }
        var sent = aio.submit(context, pointers, batch.size(), state);
        for (var refused : batch.subList(Math.max(0, sent), batch.size())) {
          ended(refused, sent < 0 ? sent : -LinuxAio.EAGAIN);
        }
        batch.clear();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void reap() {
    try (var own = Arena.ofConfined()) {
      var events = own.allocate(READS_MAX * LinuxAio.EVENT_BYTES_EACH, Long.BYTES);
      var state = LinuxAio.state(own);
      while (true) {
        var count = aio.await(context, events, READS_MAX, state);
        if (count < 0 && count != -LinuxAio.EINTR) {
          if (!closed) {
            throw new IllegalStateException("cannot wait for reads: errno " + -count);
          }
          return;
        }
        for (var i = 0; i < count; i++) {
          ended(slots[(int) LinuxAio.data(events, i)], LinuxAio.result(events, i));
        }
      }
    }
  }

  private void ended(Slot slot, long result) {
    var end = slot.end;
    slot.end = null;
    idle.add(slot);
    try {
      if (end != null) {
        end.ended(result);
      }
    } catch (Throwable e) {
      LOG.error("what follows a read failed", e);
    } finally {
      pending.decrementAndGet();
    }
  }

  /** Begins no more reads, and waits for those that were begun, up to {@link #CLOSE_MAX}. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      for (var waited = 0; pending.get() > 0; waited++) {
        if (waited == CLOSE_MAX.toMillis()) {
          LOG.warn("{} reads of the disk do not end", pending);
          return; // they keep their memory until the end of the process
        }
        Thread.sleep(1);
      }
      begun.add(last);
      sender.join();
      aio.destroy(context);
      reaper.join();
      arena.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
