package io.bucketfs.core.content;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.object.BodySink;
import io.bucketfs.core.object.ObjectHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Hands the body of a GET from the store's thread to the virtual thread that lays it. */
final class FetchedBody implements BodySink {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final ArrayDeque<ByteBuf> parts = new ArrayDeque<>();

  @GuardedBy("lock")
  private int available;

  @GuardedBy("lock")
  private boolean ended;

  @GuardedBy("lock")
  private boolean released;

  private long consumed = -1;
  private final Consumer<ObjectHead> onHead;

  /**
   * A body.
   *
   * @param onHead is told of the head of the reply; must not wait
   */
  FetchedBody(Consumer<ObjectHead> onHead) {
    this.onHead = onHead;
  }

  @Override
  public void head(ObjectHead head) {
    onHead.accept(head);
  }

  @Override
  public void data(ByteBuf part) {
    lock.lock();
    try {
      if (released) {
        part.release();
        return;
      }
      parts.add(part);
      available += part.readableBytes();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** No more data comes, for whatever reason. */
  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for bytes.
   *
   * @param max no more than these
   * @param unit a multiple of this many, unless the body ends before or max does
   * @return a buffer that the caller releases, or null where the body ended
   */
  @Nullable ByteBuf take(int max, int unit) throws InterruptedException {
    lock.lock();
    try {
      while (!ended && available < Math.min(max, unit)) {
        changed.await();
      }
      var count = Math.min(max, available);
      if (count < max && count > unit) {
        count -= count % unit;
      }
      if (count == 0) {
        return null;
      }
      available -= count;
      return collect(count);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private ByteBuf collect(int count) {
    var collected = new CompositeByteBuf(Unpooled.EMPTY_BUFFER.alloc(), false, 1_024);
    var left = count;
    while (left > 0) {
      var part = parts.element();
      if (part.readableBytes() <= left) {
        left -= part.readableBytes();
        collected.addComponent(true, parts.remove());
      } else {
        collected.addComponent(true, part.readRetainedSlice(left));
        left = 0;
      }
    }
    return collected;
  }

  /** Notes up to where bytes were laid. */
  void consumed(long to) {
    consumed = to;
  }

  /** Up to where bytes were laid, or the given place where none were. */
  long consumedTo(long otherwise) {
    return consumed < 0 ? otherwise : consumed;
  }

  /** Releases what was not taken, and what still comes. */
  void release() {
    lock.lock();
    try {
      released = true;
      parts.forEach(ByteBuf::release);
      parts.clear();
    } finally {
      lock.unlock();
    }
  }
}
