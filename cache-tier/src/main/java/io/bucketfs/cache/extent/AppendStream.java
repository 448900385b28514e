package io.bucketfs.cache.extent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.local.ExtentStore.Tail;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Appends the records of one stream, to one file after the other.
 *
 * <p>A place is given out and its header written under one lock, so that headers reach the page
 * cache in order and without gaps; payloads follow side by side outside it.
 */
final class AppendStream {
  private final Stream stream;
  private final Catalog catalog;
  private final long fileBytes;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private @Nullable ExtentFile current;

  /** Sealed files in which a record may still be being written, oldest first. */
  @GuardedBy("lock")
  private final Deque<ExtentFile> unsettled = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean closed;

  AppendStream(Stream stream, Catalog catalog, long fileBytes) {
    this.stream = stream;
    this.catalog = catalog;
    this.fileBytes = fileBytes;
  }

  /** What the caller of an append says of its record. */
  record Identity(int mount, long inode, long content, long sequence, long offset) {}

  /** Appends a record. Waits for the disk. */
  ExtentRecord append(Identity identity, ByteBuf data, int... checksums) throws IOException {
    ExtentFile file;
    ExtentRecord record;
    lock.lock();
    try {
      file = fileFor(RecordHeader.recordBytes(data.readableBytes()));
      file.acquire();
      record = writeHeader(file, identity, data.readableBytes(), checksums);
    } finally {
      lock.unlock();
    }
    try {
      file.handle().write(RecordHeader.payloadPosition(record), data.nioBuffers());
    } finally {
      file.records().finish(record.position());
      catalog.release(file);
    }
    return record;
  }

  @GuardedBy("lock")
  private ExtentRecord writeHeader(ExtentFile file, Identity who, int length, int... checksums)
      throws IOException {
    var position = file.records().end();
    var record =
        new ExtentRecord(
            file.number(), position, length, who.mount(), who.content(), who.sequence(), checksums);
    var header = new RecordHeader(record, who.inode(), who.offset()).encode();
    file.records().begin(RecordHeader.recordBytes(length));
    var written = false;
    try {
      file.handle().write(position, header);
      written = true;
    } finally {
      if (!written) {
        file.records().retract(position);
        catalog.release(file);
      }
    }
    catalog.grew(RecordHeader.recordBytes(length));
    return record;
  }

  @GuardedBy("lock")
  private ExtentFile fileFor(long recordBytes) throws IOException {
    if (closed) {
      throw new IOException("closed");
    }
    var file = current;
    if (file != null && file.growing()) {
      var end = file.records().end();
      if (end == 0 || end + recordBytes <= fileBytes) {
        return file;
      }
    }
    return roll();
  }

  /** Seals the current file and begins another one. Waits for the disk. */
  void beginFile() throws IOException {
    lock.lock();
    try {
      if (closed) {
        throw new IOException("closed");
      }
      roll();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private ExtentFile roll() throws IOException {
    var next = catalog.create(stream);
    var last = current;
    if (last != null) {
      last.seal();
      unsettled.add(last);
    }
    current = next;
    return next;
  }

  /** Where the next record to be finished lies at the earliest. */
  Tail tail() {
    lock.lock();
    try {
      unsettled.removeIf(file -> !file.records().busy());
      var oldest = unsettled.peekFirst();
      var file = oldest == null ? current : oldest;
      return file != null && (file.growing() || file.records().busy())
          ? new Tail(file.number(), file.records().settledBelow())
          : new Tail(catalog.nextNumber(), 0);
    } finally {
      lock.unlock();
    }
  }

  /** Takes no more records. */
  void close() {
    lock.lock();
    try {
      closed = true;
      if (current != null) {
        current.seal();
      }
    } finally {
      lock.unlock();
    }
  }
}
