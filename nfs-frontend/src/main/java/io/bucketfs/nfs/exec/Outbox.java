package io.bucketfs.nfs.exec;

import io.bucketfs.nfs.op.ReplyBuffer;
import io.netty.channel.Channel;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The sending side of a connection. Replies from other threads are gathered and written from the
 * event loop in one go with one flush. It also stops reading while the client does not take its
 * replies or has too much pending.
 */
final class Outbox {
  /** Swallows everything. */
  static final Outbox CLOSED = new Outbox(null, Long.MAX_VALUE);

  private final @Nullable Channel channel;
  private final long pendingBytesMax;
  private final ConcurrentLinkedQueue<ReplyBuffer> queue = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean drainScheduled = new AtomicBoolean();
  private final AtomicLong pendingBytes = new AtomicLong();

  /** Only on the event loop. */
  private boolean written;

  /** Only on the event loop. */
  private boolean held;

  private volatile boolean closed;

  Outbox(@Nullable Channel channel, long pendingBytesMax) {
    this.channel = channel;
    this.pendingBytesMax = pendingBytesMax;
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
    queue.add(reply);
    if (drainScheduled.compareAndSet(false, true)) {
      onEventLoop(channel, this::drain);
    }
  }

  private void onEventLoop(Channel of, Runnable task) {
    try {
      of.eventLoop().execute(task);
    } catch (RejectedExecutionException _) {
      close(); // the server stops
    }
  }

  private void drain() {
    drainScheduled.set(false);
    if (channel == null) {
      return;
    }
    for (var reply = queue.poll(); reply != null; reply = queue.poll()) {
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
    written = true;
  }

  /** Flushes what was written since the last flush. On the event loop. */
  void flush() {
    if (written && channel != null) {
      written = false;
      channel.flush();
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

  /** Reads on, or not. On the event loop. */
  void adjustReading() {
    if (channel != null) {
      channel
          .config()
          .setAutoRead(!held && channel.isWritable() && pendingBytes.get() <= pendingBytesMax);
    }
  }

  /** Stops reading while requests that were read wait for their turn. On the event loop. */
  void hold(boolean nowHeld) {
    if (held != nowHeld) {
      held = nowHeld;
      adjustReading();
    }
  }

  /** Whether the client takes its replies. On the event loop. */
  boolean isWritable() {
    return channel != null && channel.isWritable();
  }

  /** Releases what is not sent yet, and all that is sent later. */
  void close() {
    closed = true;
    for (var reply = queue.poll(); reply != null; reply = queue.poll()) {
      reply.release();
    }
  }
}
