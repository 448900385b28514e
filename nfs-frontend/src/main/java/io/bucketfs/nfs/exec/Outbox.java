package io.bucketfs.nfs.exec;

import io.bucketfs.core.runtime.Meters;
import io.bucketfs.nfs.op.ReplyBuffer;
import io.netty.channel.Channel;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The sending side of a connection. Replies from other threads are gathered and written from the
 * event loop in one go with one flush. It also knows what the connection holds in memory, and
 * whether it is full: then nothing more is read from it.
 */
final class Outbox {
  /** Swallows everything. */
  static final Outbox CLOSED =
      new Outbox(
          null,
          Long.MAX_VALUE,
          new Connections(1, Long.MAX_VALUE, Meters.NONE.counter("none")),
          () -> 0,
          () -> {});

  /** A client that takes less between two sweeps does not take its replies. */
  static final int PROGRESS_BYTES_MIN = 64 * 1024;

  private final @Nullable Channel channel;
  private final long pendingBytesMax;
  private final Connections connections;
  private final LongSupplier waitingBytes;
  private final Runnable goOn;
  private final ConcurrentLinkedQueue<ReplyBuffer> queue = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean drainScheduled = new AtomicBoolean();
  private final AtomicLong pendingBytes = new AtomicLong();

  /** Replies that wait for the event loop. */
  private final AtomicLong queuedBytes = new AtomicLong();

  /** Only on the event loop. */
  private boolean written;

  /** Only on the event loop: whether requests that were read wait for their turn. */
  private boolean held;

  /** Only on the event loop: whether a part of a reply is written, and another may follow. */
  private boolean writing;

  /** Only on the event loop: whether to adjust reading once the reply is written. */
  private boolean adjustLater;

  /** Only on the event loop: what was handed to the channel since it is there. */
  private long handedBytes;

  /** Only on the event loop: how much of that the client had taken at the last sweep. */
  private long takenBytes;

  /** Only on the event loop: when the client was last seen to take anything, or had nothing to. */
  private long takenNanos;

  /** What the budget was told. Written on the event loop only. */
  private volatile long accountedBytes;

  /** Sweeps in a row in which the client took next to nothing of what waits for it. */
  private volatile int sweepsWithoutProgress;

  private volatile boolean closed;

  /**
   * @param waitingBytes what of requests has come in and has not begun; on the event loop
   * @param goOn goes on with what has come in, if it may now; on the event loop
   */
  Outbox(
      @Nullable Channel channel,
      long pendingBytesMax,
      Connections connections,
      LongSupplier waitingBytes,
      Runnable goOn) {
    this.channel = channel;
    this.pendingBytesMax = pendingBytesMax;
    this.connections = connections;
    this.waitingBytes = waitingBytes;
    this.goOn = goOn;
    closed = channel == null;
  }

  /** Sends a reply and releases it. From the event loop it goes out with the next flush. */
  void send(ReplyBuffer reply) {
    if (channel == null || closed) {
      reply.release();
    } else if (channel.eventLoop().inEventLoop()) {
      write(channel, reply);
    } else {
      post(reply);
    }
  }

  /** Sends without the next flush, which may be long in coming: what was not asked for here. */
  void post(ReplyBuffer reply) {
    if (channel == null || closed) {
      reply.release();
      return;
    }
    queuedBytes.addAndGet(reply.bytes());
    queue.add(reply);
    if (drainScheduled.compareAndSet(false, true)) {
      onEventLoop(channel, this::drain);
    }
    if (closed) {
      releaseQueue(); // it may have been closed in between
    }
  }

  private void onEventLoop(Channel of, Runnable task) {
    try {
      of.eventLoop().execute(task);
    } catch (RejectedExecutionException _) {
      closed = true; // the server stops
      releaseQueue();
    }
  }

  private void drain() {
    drainScheduled.set(false);
    if (channel == null) {
      return;
    }
    for (var reply = queue.poll(); reply != null; reply = queue.poll()) {
      queuedBytes.addAndGet(-reply.bytes());
      if (closed) {
        reply.release();
      } else {
        write(channel, reply);
      }
    }
    flush();
    adjustReading();
  }

  private void write(Channel to, ReplyBuffer reply) {
    handedBytes += reply.bytes();
    writing = true;
    try {
      writeParts(to, reply);
    } finally {
      writing = false;
    }
    written = true;
    if (adjustLater) {
      adjustLater = false;
      adjustReading();
    }
  }

  private static void writeParts(Channel to, ReplyBuffer reply) {
    var out = reply.out();
    var at = 0;
    for (var i = 0; i < reply.parts().size(); i++) {
      var part = reply.parts().get(i);
      if (part.position() > at) {
        var _ = to.write(out.retainedSlice(at, part.position() - at), to.voidPromise());
      }
      var _ = to.write(part.data(), to.voidPromise());
      at = part.position();
    }
    if (at == 0) {
      var _ = to.write(out, to.voidPromise());
    } else {
      out.readerIndex(at);
      var _ = to.write(out, to.voidPromise());
    }
  }

  /** Flushes what was written since the last flush. On the event loop. */
  void flush() {
    if (written && channel != null) {
      written = false;
      channel.flush();
      account();
    }
  }

  /** Counts a request that was read. On the event loop. */
  void began(int bytes) {
    if (pendingBytes.addAndGet(bytes) > pendingBytesMax) {
      adjustReading();
    }
  }

  /** Counts a request that is answered. Any thread. */
  void ended(int bytes) {
    var left = pendingBytes.addAndGet(-bytes);
    if (left <= pendingBytesMax && left + bytes > pendingBytesMax && channel != null) {
      onEventLoop(channel, this::adjustReading);
    }
  }

  /** Whether no more requests are to come in for now. On the event loop. */
  boolean isFull() {
    if (channel == null || closed) {
      return false;
    }
    return held || !mayBegin() || isOverShare(heldBytes());
  }

  /** Whether a request that came in may begin, or has to wait. On the event loop. */
  boolean mayBegin() {
    if (channel == null || closed) {
      return false;
    }
    if (!isClogged(channel)) {
      return true;
    }
    flush(); // the kernel may well take what was not offered yet
    return !isClogged(channel);
  }

  /** What has not begun does not count here, or it would never begin. */
  private boolean isClogged(Channel to) {
    return !to.isWritable()
        || pendingBytes.get() > pendingBytesMax
        || isOverShare(heldBytes() - waitingBytes.getAsLong());
  }

  private boolean isOverShare(long bytes) {
    return connections.budget().isOver()
        && bytes > connections.budget().shareBytes(connections.count());
  }

  /** Replies that the kernel has not taken. */
  private long unsentBytes() {
    var buffer = channel == null ? null : channel.unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.totalPendingWriteBytes();
  }

  /** What this connection holds in memory. On the event loop. */
  private long heldBytes() {
    return pendingBytes.get() + queuedBytes.get() + unsentBytes() + waitingBytes.getAsLong();
  }

  /** What the budget knows that it holds. For people and for the choice of whom to cut. */
  long accountedBytes() {
    return accountedBytes;
  }

  private void account() {
    var now = closed ? 0 : heldBytes();
    var before = accountedBytes;
    accountedBytes = now;
    connections.budget().add(now - before);
  }

  /** Reads on, or not. On the event loop. */
  void adjustReading() {
    if (writing) {
      adjustLater = true; // what goes on now might answer in the middle of this reply
      return;
    }
    if (channel != null && !closed) {
      account();
      channel.config().setAutoRead(!isFull());
      goOn.run();
    }
  }

  /** As {@link #isFull}; then reading ends until it is adjusted. On the event loop. */
  boolean stopsReading() {
    var full = isFull();
    if (full && channel != null) {
      channel.config().setAutoRead(false);
    }
    return full;
  }

  /** Whether requests that were read wait for their turn: no more are read. On the event loop. */
  void hold(boolean nowHeld) {
    held = nowHeld;
    adjustReading();
  }

  /**
   * Notes whether the client takes its replies. On the event loop, about once a second.
   *
   * @return for how many nanoseconds it has taken nothing of what waits for it
   */
  long sweep(long nowNanos) {
    var unsent = unsentBytes();
    var taken = handedBytes - unsent;
    if (unsent == 0 || taken != takenBytes || takenNanos == 0) {
      takenNanos = nowNanos;
    }
    sweepsWithoutProgress =
        unsent == 0 || taken - takenBytes >= PROGRESS_BYTES_MIN ? 0 : sweepsWithoutProgress + 1;
    takenBytes = taken;
    adjustReading();
    return nowNanos - takenNanos;
  }

  /** For how many sweeps the client has left its replies where they are. */
  int sweepsWithoutProgress() {
    return sweepsWithoutProgress;
  }

  /** Releases what is not sent yet, and all that is sent later. On the event loop. */
  void close() {
    closed = true;
    releaseQueue();
    account();
  }

  private void releaseQueue() {
    for (var reply = queue.poll(); reply != null; reply = queue.poll()) {
      queuedBytes.addAndGet(-reply.bytes());
      reply.release();
    }
  }
}
