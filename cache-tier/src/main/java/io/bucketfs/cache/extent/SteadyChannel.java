package io.bucketfs.cache.extent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A channel that survives interrupts. Java closes a channel under an interrupted thread, and so
 * under all others that use it; here they open another one and repeat, since reads and writes at a
 * position can be repeated. Only a sync that is interrupted half-way has failed, because the
 * closing may have hidden its error.
 */
final class SteadyChannel implements AutoCloseable {
  private final Path path;
  private final Set<OpenOption> options;
  private final ReentrantLock reopening = new ReentrantLock();

  @GuardedBy("reopening")
  private boolean closed;

  private volatile FileChannel channel;

  SteadyChannel(Path path, Set<OpenOption> options) throws IOException {
    this.path = path;
    this.options = options;
    channel = FileChannel.open(path, options);
  }

  /** What can be repeated. */
  @FunctionalInterface
  interface Operation<T> {
    T on(FileChannel channel) throws IOException;
  }

  <T> T on(Operation<T> operation) throws IOException {
    var interrupted = Thread.interrupted();
    try {
      while (true) {
        var used = channel;
        try {
          return operation.on(used);
        } catch (ClosedChannelException e) {
          interrupted |= Thread.interrupted();
          reopen(used, e);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void reopen(FileChannel broken, ClosedChannelException reason) throws IOException {
    reopening.lock();
    try {
      if (closed) {
        throw reason;
      }
      if (channel.equals(broken)) {
        channel = FileChannel.open(path, options);
      }
    } finally {
      reopening.unlock();
    }
  }

  void sync() throws IOException {
    var interrupted = Thread.interrupted();
    try {
      var used = channel;
      if (!used.isOpen()) {
        reopen(used, new ClosedChannelException());
      }
      channel.force(false);
    } catch (ClosedByInterruptException e) {
      interrupted |= Thread.interrupted();
      throw new IOException("interrupted during a sync of " + path, e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() throws IOException {
    reopening.lock();
    try {
      closed = true;
      channel.close();
    } finally {
      reopening.unlock();
    }
  }
}
