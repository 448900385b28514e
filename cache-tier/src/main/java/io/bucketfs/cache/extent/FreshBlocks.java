package io.bucketfs.cache.extent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.netty.buffer.ByteBuf;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Blocks that were just fetched and that nobody has read yet, so that whoever waits for them need
 * not read them from the disk. Beside the {@link RamTier}, whose admission would prefer what was
 * read before, and bounded in bytes: the oldest go first.
 */
final class FreshBlocks implements AutoCloseable {
  private final long bytesMax;
  private final ReentrantLock lock = new ReentrantLock();

  /** The oldest first. */
  @GuardedBy("lock")
  private final Map<RamTier.Key, ByteBuf> blocks = new LinkedHashMap<>();

  @GuardedBy("lock")
  private long bytes;

  @GuardedBy("lock")
  private boolean closed;

  FreshBlocks(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  /** Puts in a block, and takes over the buffer. */
  void put(RamTier.Key key, ByteBuf buffer) {
    lock.lock();
    try {
      if (closed || buffer.capacity() > bytesMax) {
        buffer.release();
        return;
      }
      var before = blocks.put(key, buffer);
      bytes += buffer.capacity();
      drop(before);
      var oldest = blocks.values().iterator();
      while (bytes > bytesMax) {
        var next = oldest.next();
        oldest.remove();
        drop(next);
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void drop(@Nullable ByteBuf buffer) {
    if (buffer != null) {
      bytes -= buffer.capacity();
      buffer.release();
    }
  }

  /** Takes a block out, for the caller to release; null where it is not here. */
  @Nullable ByteBuf take(RamTier.Key key) {
    lock.lock();
    try {
      var buffer = blocks.remove(key);
      if (buffer != null) {
        bytes -= buffer.capacity();
      }
      return buffer;
    } finally {
      lock.unlock();
    }
  }

  /** Bytes of all blocks. */
  long bytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  /** Lets go of all blocks. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      blocks.values().forEach(ByteBuf::release);
      blocks.clear();
      bytes = 0;
    } finally {
      lock.unlock();
    }
  }
}
