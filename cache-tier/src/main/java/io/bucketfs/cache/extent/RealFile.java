package io.bucketfs.cache.extent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.local.Disk.DiskFile;
import io.bucketfs.core.local.Disk.ReadEnd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A file of {@link RealDisk}, through the page cache or past it. */
final class RealFile implements DiskFile {
  private static final Logger LOG = LoggerFactory.getLogger(RealFile.class);
  private static final Set<OpenOption> CACHED =
      Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
  private final Path path;
  private final Set<OpenOption> directOptions;
  private final SteadyChannel cached;
  private final ReentrantLock lock = new ReentrantLock();

  /** Channels of which nobody uses the position. */
  @GuardedBy("lock")
  private final Deque<SteadyChannel> gatherers = new ArrayDeque<>();

  @GuardedBy("lock")
  private @Nullable SteadyChannel direct;

  @GuardedBy("lock")
  private boolean closed;

  private final @Nullable DirectReads reads;

  /** The file as {@link #reads} know it, or negative. Written under the lock. */
  private volatile int begunThrough = -1;

  private volatile boolean prepared;

  /**
   * Opens a file.
   *
   * @param directOptions how to open it once more for what passes by the page cache; empty where
   *     nothing can
   * @param reads for reads that nobody waits for, where the system has them
   */
  RealFile(Path path, Set<OpenOption> directOptions, @Nullable DirectReads reads)
      throws IOException {
    this.path = path;
    this.directOptions = directOptions;
    this.reads = directOptions.isEmpty() ? null : reads;
    cached = new SteadyChannel(path, CACHED);
  }

  private SteadyChannel channelFor(long position, ByteBuffer... parts) throws IOException {
    var passesBy = !directOptions.isEmpty() && isAligned(position);
    var bytes = 0L;
    for (var part : parts) {
      bytes += part.remaining();
      passesBy &=
          part.isDirect()
              && isAligned(part.remaining())
              && part.alignmentOffset(part.position(), RecordHeader.ALIGNMENT) == 0;
    }
    if (!passesBy || bytes < RecordHeader.LARGE_BYTES_MIN) {
      return cached;
    }
    lock.lock();
    try {
      var open = direct;
      if (open == null && !closed) {
        open = new SteadyChannel(path, directOptions);
        direct = open;
      }
      return open == null ? cached : open;
    } catch (NoSuchFileException e) {
      return cached; // deleted, and still in use here
    } finally {
      lock.unlock();
    }
  }

  private static boolean isAligned(long number) {
    return number % RecordHeader.ALIGNMENT == 0;
  }

  @Override
  public void write(long position, ByteBuffer... parts) throws IOException {
    var channel = channelFor(position, parts);
    if (parts.length > 1 && !channel.equals(cached)) {
      gather(position, parts);
      return;
    }
    var at = position;
    for (var part : parts) {
      var from = at;
      at += part.remaining();
      channel.on(it -> writeAll(it, from, part.duplicate()));
      part.position(part.limit());
    }
  }

  /** Several parts in one write, which Java has only at a channel's own position. */
  private void gather(long position, ByteBuffer... parts) throws IOException {
    var channel = takeGatherer();
    try {
      channel.on(it -> {
        var rest = new ByteBuffer[parts.length];
        Arrays.setAll(rest, i -> parts[i].duplicate());
        it.position(position);
        while (rest[rest.length - 1].hasRemaining()) {
          it.write(rest);
        }
        return true;
      });
      for (var part : parts) {
        part.position(part.limit());
      }
    } finally {
      giveBack(channel);
    }
  }

  private SteadyChannel takeGatherer() throws IOException {
    lock.lock();
    try {
      var idle = gatherers.poll();
      return idle == null ? new SteadyChannel(path, directOptions) : idle;
    } finally {
      lock.unlock();
    }
  }

  private void giveBack(SteadyChannel channel) throws IOException {
    lock.lock();
    try {
      if (closed) {
        channel.close();
      } else {
        gatherers.add(channel);
      }
    } finally {
      lock.unlock();
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
    var channel = channelFor(position, target);
    if (!channel.equals(cached)) {
      var _ =
          channel.on(it -> {
            target.position(begin);
            return it.read(target, position);
          });
    }
    // All of it, or what is left where the file ends, which need not be aligned.
    var done = target.position();
    return cached.on(it -> {
      target.position(done);
      while (target.hasRemaining()) {
        var at = position + target.position() - begin;
        if (it.read(target, at) < 0) {
          break;
        }
      }
      return target.position() - begin;
    });
  }

  @Override
  public void prepareReads() {
    if (reads == null || prepared) {
      return;
    }
    lock.lock();
    try {
      if (!prepared && !closed) {
        prepared = true;
        begunThrough = reads.openFile(path);
      }
    } catch (IOException e) {
      LOG.debug("no reads are begun of {}", path, e); // deleted, and still in use here
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean beginRead(long position, ByteBuffer target, ReadEnd end) {
    var file = begunThrough;
    return reads != null
        && file >= 0
        && isAligned(position)
        && isAligned(target.remaining())
        && target.isDirect()
        && target.alignmentOffset(target.position(), RecordHeader.ALIGNMENT) == 0
        && reads.begin(file, position, target, end);
  }

  @Override
  public void truncate(long size) throws IOException {
    var _ = cached.on(it -> it.truncate(size));
  }

  /** What has passed by the page cache needs it as well, for the disk has a cache of its own. */
  @Override
  public void sync() throws IOException {
    cached.sync();
  }

  @Override
  public long size() throws IOException {
    return cached.on(FileChannel::size);
  }

  @Override
  public void close() throws IOException {
    lock.lock();
    try (var _ = cached) {
      closed = true;
      if (reads != null && begunThrough >= 0) {
        reads.closeFile(begunThrough);
        begunThrough = -1;
      }
      if (direct != null) {
        direct.close();
      }
      for (var gatherer : gatherers) {
        gatherer.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
