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
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads past the page cache that no thread waits for. What an event loop begins in one pass goes to
 * the disk a few at a time, and one thread hears of the end of all: a read that a thread waits for
 * costs the processor more for falling asleep and waking up than for all the rest.
 *
 * <p>Thread-safe.
 */
public final class DirectReads implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DirectReads.class);

  /** As many as disks take at a time, and more than keep one busy. */
  private static final int READS_MAX = 256;

  /** With more the call is no cheaper for each, and the disk is idle meanwhile. */
  private static final int BATCH_MAX = 4;

  private static final Duration CLOSE_MAX = Duration.ofSeconds(10);

  private final LinuxAio aio;
  private final long context;
  private final Arena arena = Arena.ofShared();
  private final Slot[] slots = new Slot[READS_MAX];
  private final ConcurrentLinkedQueue<Slot> idle = new ConcurrentLinkedQueue<>();
  private final ConcurrentMap<Executor, Batch> batches = new ConcurrentHashMap<>();
  private final AtomicInteger pending = new AtomicInteger();
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
    reaper = execution.dedicate("disk reads", this::reap);
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

  /** Reads that one event loop has begun and not yet sent. Only on that loop. */
  private final class Batch {
    private final Executor loop;
    private final MemorySegment pointers = arena.allocate(ValueLayout.JAVA_LONG, BATCH_MAX);
    private final MemorySegment state = LinuxAio.state(arena);
    private final Slot[] begun = new Slot[BATCH_MAX];
    private int count;
    private boolean scheduled;

    Batch(Executor loop) {
      this.loop = loop;
    }

    void add(Slot slot) {
      begun[count] = slot;
      pointers.setAtIndex(ValueLayout.JAVA_LONG, count, slot.iocb.address());
      count++;
      if (count == BATCH_MAX) {
        send();
      } else if (!scheduled) {
        scheduled = true;
        try {
          loop.execute(this::sendRest);
        } catch (RejectedExecutionException _) {
          sendRest(); // the server stops
        }
      }
    }

    private void sendRest() {
      scheduled = false;
      if (count > 0) {
        send();
      }
    }

    private void send() {
      var sent = aio.submit(context, pointers, count, state);
      var first = Math.max(0, sent);
      var refused = Arrays.copyOfRange(begun, first, count);
      count = 0;
      for (var slot : refused) {
        ended(slot, sent < 0 ? sent : -LinuxAio.EAGAIN);
      }
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
   * @param loop runs tasks in order in the calling thread, once that has done what it is at
   * @return false where as many as may be are under way; nothing happens then
   */
  boolean begin(int file, long position, ByteBuffer target, Executor loop, ReadEnd end) {
    pending.incrementAndGet();
    var slot = closed ? null : idle.poll();
    if (slot == null) {
      pending.decrementAndGet();
      return false;
    }
    slot.end = end;
    var memory = MemorySegment.ofBuffer(target);
    LinuxAio.fill(slot.iocb, slot.number, file, memory, memory.byteSize(), position);
    var batch = batches.get(loop);
    if (batch == null) {
      batch = batches.computeIfAbsent(loop, Batch::new);
    }
    batch.add(slot);
    return true;
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
      aio.destroy(context);
      reaper.join();
      arena.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
