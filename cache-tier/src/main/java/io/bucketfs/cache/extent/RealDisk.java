package io.bucketfs.cache.extent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.local.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** A directory of the operating system. */
public final class RealDisk implements Disk {
  private final Path directory;

  /**
   * @param directory exists
   */
  public RealDisk(Path directory) {
    this.directory = directory;
  }

  @Override
  public List<String> list() throws IOException {
    try (var paths = Files.list(directory)) {
      return paths.map(path -> String.valueOf(path.getFileName())).sorted().toList();
    }
  }

  @Override
  public DiskFile create(String name) throws IOException {
    var path = directory.resolve(name);
    return new RealFile(
        path,
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE));
  }

  @Override
  public DiskFile open(String name) throws IOException {
    var path = directory.resolve(name);
    return new RealFile(path, RealFile.channel(path));
  }

  @Override
  public void delete(String name) throws IOException {
    Files.delete(directory.resolve(name));
  }

  @Override
  public void syncDirectory() throws IOException {
    syncDirectory(directory);
  }

  /** Makes the entries of a directory durable. */
  public static void syncDirectory(Path directory) throws IOException {
    try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Override
  public long usableBytes() throws IOException {
    return Files.getFileStore(directory).getUsableSpace();
  }

  /**
   * A file whose channel survives interrupts. Java closes a channel under an interrupted thread,
   * and so under all others that use it; here they open another one and repeat, since reads and
   * writes at a position can be repeated. Only a sync that is interrupted half-way has failed,
   * because the closing may have hidden its error.
   */
  private static final class RealFile implements DiskFile {
    private final Path path;
    private final ReentrantLock reopening = new ReentrantLock();

    @GuardedBy("reopening")
    private boolean closed;

    private volatile FileChannel channel;

    RealFile(Path path, FileChannel channel) {
      this.path = path;
      this.channel = channel;
    }

    static FileChannel channel(Path path) throws IOException {
      return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    @FunctionalInterface
    private interface Operation<T> {
      T on(FileChannel channel) throws IOException;
    }

    private <T> T repeated(Operation<T> operation) throws IOException {
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
          channel = channel(path);
        }
      } finally {
        reopening.unlock();
      }
    }

    @Override
    public void write(long position, ByteBuffer... parts) throws IOException {
      var at = position;
      for (var part : parts) {
        var from = at;
        at += part.remaining();
        repeated(channel -> writeAll(channel, from, part.duplicate()));
        part.position(part.limit());
      }
    }

    private static boolean writeAll(FileChannel channel, long position, ByteBuffer part)
        throws IOException {
      var at = position;
      while (part.hasRemaining()) {
        at += channel.write(part, at);
      }
      return true;
    }

    @Override
    public int read(long position, ByteBuffer target) throws IOException {
      var begin = target.position();
      return repeated(channel -> {
        target.position(begin);
        while (target.hasRemaining()) {
          var at = position + target.position() - begin;
          if (channel.read(target, at) < 0) {
            break;
          }
        }
        return target.position() - begin;
      });
    }

    @Override
    public void sync() throws IOException {
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
    public long size() throws IOException {
      return repeated(FileChannel::size);
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
}
