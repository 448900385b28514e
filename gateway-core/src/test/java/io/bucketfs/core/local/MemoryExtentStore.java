package io.bucketfs.core.local;

import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Extents in memory, all in one file that is never full. It survives the gateway that uses it, as
 * the page cache survives a process. Any thread.
 */
public final class MemoryExtentStore implements ExtentStore {
  private static final long FILE = 1;

  private final Map<Long, byte[]> records = new HashMap<>();
  private final AtomicLong end = new AtomicLong();
  private volatile boolean busy;

  /** Whether as many large records are being written as may be. */
  public void setBusy(boolean now) {
    busy = now;
  }

  @Override
  public synchronized ExtentRecord append(
      Stream stream,
      int mount,
      long inode,
      long content,
      long sequence,
      long offset,
      ByteBuf data) {
    var bytes = new byte[data.readableBytes()];
    data.getBytes(data.readerIndex(), bytes);
    var position = end.getAndAdd(bytes.length + 1L);
    records.put(position, bytes);
    var blocks = (bytes.length + ExtentRecord.BLOCK_BYTES - 1) / ExtentRecord.BLOCK_BYTES;
    return new ExtentRecord(
        FILE, position, bytes.length, mount, content, sequence, new int[blocks]);
  }

  @Override
  public @Nullable ExtentRecord appendInPlace(
      int mount, long inode, long content, long sequence, long offset, ByteBuf data) {
    return busy ? null : append(Stream.WRITE, mount, inode, content, sequence, offset, data);
  }

  @Override
  public void sync(List<ExtentRecord> written) {}

  @Override
  public synchronized ByteBuf read(ExtentRecord record, int skip, int length, Patience patience)
      throws IOException {
    var bytes = records.get(record.position());
    if (bytes == null) {
      throw new CorruptExtentException("no such record");
    }
    return Unpooled.copiedBuffer(bytes, skip, length);
  }

  @Override
  public ByteBuf readOnce(ExtentRecord record, int skip, int length) throws IOException {
    return read(record, skip, length, Patience.FOREVER);
  }

  @Override
  public synchronized void verify(ExtentRecord record) throws IOException {
    if (!records.containsKey(record.position())) {
      throw new CorruptExtentException("no such record");
    }
  }

  @Override
  public List<String> strays() {
    return List.of();
  }

  @Override
  public void replay(long file, long position, Consumer<Replayed> visitor) {}

  @Override
  public Tail tail(Stream stream) {
    return new Tail(FILE, end.get());
  }

  @Override
  public List<FileInfo> files() {
    return List.of(new FileInfo(FILE, Stream.WRITE, end.get(), true, false));
  }

  @Override
  public void delete(long file) {}

  @Override
  public Pin pin(long file) {
    return () -> {};
  }

  @Override
  public long usableBytes() {
    return Long.MAX_VALUE;
  }

  @Override
  public long diskBytes() {
    return end.get();
  }

  @Override
  public long spareBytes() {
    return 0;
  }

  @Override
  public void trim() {}

  @Override
  public void close() {}
}
