package io.bucketfs.core.content;

import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot by an immutable list of extents. The files of those that only the local disk has are
 * pinned; the others are read from the base where they were evicted.
 */
final class PinnedSnapshot implements Snapshot {
  private static final int PART_BYTES = 1 << 20;

  private final Inode inode;
  private final List<Extent> mapped;
  private final Map<Long, ExtentStore.Pin> pins;
  private final ExtentStore extents;
  private final ObjectStore store;
  private final Execution execution;

  PinnedSnapshot(
      Inode inode,
      List<Extent> mapped,
      Map<Long, ExtentStore.Pin> pins,
      ExtentStore extents,
      ObjectStore store,
      Execution execution) {
    this.inode = inode;
    this.mapped = mapped;
    this.pins = pins;
    this.extents = extents;
    this.store = store;
    this.execution = execution;
  }

  @Override
  public Inode inode() {
    return inode;
  }

  @Override
  public void close() {
    pins.values().forEach(ExtentStore.Pin::close);
  }

  @Override
  public BodySource body() {
    return body(0, inode.sizeBytes());
  }

  @Override
  public BodySource body(long offset, long length) {
    return new BodySource() {
      @Override
      public long sizeBytes() {
        return length;
      }

      @Override
      public Reader open() {
        return new Parts(offset, offset + length);
      }
    };
  }

  @Override
  public List<ByteRun> unchanged() {
    var content = inode.requireContent();
    var base = content.base();
    var runs = new ArrayList<ByteRun>();
    if (base == null) {
      return runs;
    }
    var from = 0L;
    for (var extent : mapped) {
      if (!content.hasInBase(extent)) {
        add(runs, from, Math.min(extent.offset(), base.length()));
        from = extent.end();
      }
    }
    add(runs, from, Math.min(base.length(), inode.sizeBytes()));
    return runs;
  }

  @Override
  public List<ByteRun> unwrittenSince(long sequence, boolean withBase) {
    var base = inode.requireContent().base();
    var baseEnd = base == null || !withBase ? 0 : base.length();
    var runs = new ArrayList<ByteRun>();
    var from = 0L;
    for (var extent : mapped) {
      add(runs, from, Math.min(extent.offset(), baseEnd));
      if (extent.sequence() <= sequence) {
        add(runs, extent.offset(), extent.end());
      }
      from = extent.end();
    }
    add(runs, from, Math.min(baseEnd, inode.sizeBytes()));
    return runs;
  }

  private static void add(List<ByteRun> runs, long from, long to) {
    if (from < to) {
      runs.add(new ByteRun(from, to - from));
    }
  }

  /** The first extent that ends after an offset. */
  private int indexOf(long offset) {
    var low = 0;
    var high = mapped.size();
    while (low < high) {
      var middle = (low + high) >>> 1;
      if (mapped.get(middle).end() <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Reads part by part; one at a time. */
  private final class Parts implements BodySource.Reader {
    private final long to;
    private long at;
    private int next;

    Parts(long from, long to) {
      this.to = to;
      at = from;
      next = indexOf(from);
    }

    @Override
    public CompletionStage<@Nullable ByteBuf> next() {
      var result = new CompletableFuture<@Nullable ByteBuf>();
      execution.fork(
          "export-read",
          () -> {
            try {
              result.complete(read());
            } catch (Throwable e) {
              // Whatever it is, an export waits for this.
              result.completeExceptionally(e);
            }
          });
      return result;
    }

    private @Nullable ByteBuf read() throws IOException, ObjectStoreException {
      if (at >= to) {
        return null;
      }
      while (next < mapped.size() && mapped.get(next).end() <= at) {
        next++;
      }
      var extent = next < mapped.size() ? mapped.get(next) : null;
      var end = Math.min(to, at + PART_BYTES);
      ByteBuf part;
      if (extent != null && extent.offset() <= at) {
        end = Math.min(end, extent.end());
        var record = extent.record();
        part = record == null ? zeroes((int) (end - at)) : read(extent, record, at, end);
      } else {
        end = extent == null ? end : Math.min(end, extent.offset());
        var base = inode.requireContent().base();
        if (base == null || at >= base.length()) {
          part = zeroes((int) (end - at));
        } else {
          end = Math.min(end, base.length());
          part = fetch(base.key(), base.version(), at, (int) (end - at));
        }
      }
      at = end;
      return part;
    }

    private ByteBuf read(Extent extent, ExtentRecord record, long from, long to)
        throws IOException, ObjectStoreException {
      var length = (int) (to - from);
      try {
        var skip = extent.skip() + (int) (from - extent.offset());
        return extents.readOnce(record, skip, length);
      } catch (CorruptExtentException | NoSuchFileException e) {
        var content = inode.requireContent();
        var base = content.base();
        if (base == null || !content.hasInBase(extent)) {
          throw e;
        }
        return fetch(base.key(), base.version(), from, length);
      }
    }

    private ByteBuf fetch(String key, ObjectVersion version, long offset, int count)
        throws IOException, ObjectStoreException {
      var body = new FetchedBody(_ -> {});
      try {
        var reply = store.get(key, version, offset, count, body);
        var _ = reply.whenComplete((_, _) -> body.end());
        execution.await(reply, Patience.FOREVER);
        var data = body.take(count, count);
        if (data == null || data.readableBytes() != count) {
          if (data != null) {
            data.release();
          }
          throw new IOException("the object store sent too few bytes of " + key);
        }
        return data;
      } catch (ExecutionException e) {
        if (e.getCause() instanceof ObjectStoreException failure) {
          throw failure;
        }
        throw new IOException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      } catch (TimeoutException e) {
        throw new IllegalStateException("waiting for ever ended", e);
      } finally {
        body.release();
      }
    }

    private static ByteBuf zeroes(int length) {
      return length == 0
          ? Unpooled.EMPTY_BUFFER
          : PooledByteBufAllocator.DEFAULT.directBuffer(length).writeZero(length);
    }

    @Override
    public void close() {}
  }
}
