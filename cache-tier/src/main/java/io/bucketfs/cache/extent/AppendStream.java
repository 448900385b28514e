package io.bucketfs.cache.extent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.cache.NativeWait;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.local.ExtentStore.Tail;
import io.bucketfs.core.runtime.Execution;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends the records of one stream, to one file after the other.
 *
 * <p>One record is written at a time, so that they reach the disk in order and without gaps. Only
 * large ones, where the file has its blocks already, are written beside each other, and count once
 * all before them are written. Locks, in this order: {@link #writing}, held over the disk, and
 * {@link #lock}, which never waits.
 */
final class AppendStream {
  private static final Logger LOG = LoggerFactory.getLogger(AppendStream.class);

  /**
   * How many large records are on native threads at a time: some are written while the next ones
   * come there. More would only keep threads from others.
   */
  static final int LARGE_MAX = 16;

  private final Stream stream;
  private final Catalog catalog;
  private final Execution execution;
  private final long fileBytes;
  private final Semaphore large = new Semaphore(LARGE_MAX);
  private final ReentrantLock writing = new ReentrantLock();
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private @Nullable ExtentFile current;

  /** Sealed files in which a record may still be being written, oldest first. */
  @GuardedBy("lock")
  private final Deque<ExtentFile> unsettled = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean closed;

  AppendStream(Stream stream, Catalog catalog, Execution execution, long fileBytes) {
    this.stream = stream;
    this.catalog = catalog;
    this.execution = execution;
    this.fileBytes = fileBytes;
  }

  /** What the caller of an append says of its record. */
  record Identity(int mount, long inode, long content, long sequence, long offset) {}

  /** Appends a record. */
  ExtentRecord append(Identity identity, RecordImage image) throws IOException {
    if (!RecordHeader.isLarge(image.length())) {
      return writeAndSettle(identity, image);
    }
    large.acquireUninterruptibly();
    try {
      return writeAndSettle(identity, image);
    } finally {
      large.release();
    }
  }

  /**
   * Appends a record on a thread that may wait in native code.
   *
   * @param length of its payload
   * @return null where it is large, and as many of those are being written as may
   */
  @Nullable ExtentRecord appendInPlace(
      Identity identity, int length, Supplier<RecordImage> imageMaker) throws IOException {
    var counts = RecordHeader.isLarge(length);
    if (counts && !large.tryAcquire()) {
      return null;
    }
    try (var image = imageMaker.get()) {
      return writeAndSettle(identity, image);
    } finally {
      if (counts) {
        large.release();
      }
    }
  }

  private ExtentRecord writeAndSettle(Identity identity, RecordImage image) throws IOException {
    return settled(NativeWait.on(execution, () -> write(identity, image)));
  }

  /** A record that is written. */
  private record Written(ExtentFile file, ExtentRecord record) {}

  private static ExtentRecord settled(Written written) throws IOException {
    written.file.records().awaitSettled(written.record.position());
    return written.record;
  }

  /** Waits for the disk. */
  private Written write(Identity who, RecordImage image) throws IOException {
    writing.lock();
    var held = true;
    try {
      var recordBytes = RecordHeader.recordBytes(image.length());
      var file = fileFor(recordBytes);
      file.acquire();
      try {
        var end = file.records().end();
        var record =
            new ExtentRecord(
                file.number(),
                RecordHeader.place(end, image.length()),
                image.length(),
                who.mount(),
                who.content(),
                who.sequence(),
                image.checksums());
        var header = new RecordHeader(record, who.inode(), who.offset());
        var bytes = image.of(header, file.diskBytes());
        if (RecordHeader.isLarge(image.length()) && RecordHeader.end(record) <= file.diskBytes()) {
          file.records().begin(record.position(), recordBytes);
          writing.unlock();
          held = false;
          writeBeside(file, record, bytes);
        } else {
          write(file, end, record, bytes);
        }
        return new Written(file, record);
      } finally {
        catalog.release(file);
      }
    } finally {
      if (held) {
        writing.unlock();
      }
    }
  }

  /** Writes a record over blocks that the file has, while others are written beside it. */
  private static void writeBeside(ExtentFile file, ExtentRecord record, ByteBuffer... bytes)
      throws IOException {
    var written = false;
    try {
      file.handle().write(record.position(), bytes);
      written = true;
    } finally {
      if (written) {
        file.records().finish(record.position());
      } else {
        file.seal();
        file.records().fail(record.position());
      }
    }
  }

  private void write(ExtentFile file, long end, ExtentRecord record, ByteBuffer... bytes)
      throws IOException {
    var position = record.position();
    var before = file.diskBytes();
    file.records().begin(position, RecordHeader.recordBytes(record.length()));
    var written = false;
    try {
      file.handle().write(position, bytes);
      written = true;
    } finally {
      if (written) {
        file.records().finish(position);
        catalog.grew(file.diskBytes() - before);
      } else {
        file.records().retract(position, end);
      }
    }
  }

  /** The file for a record of that length; {@link #writing} is held. Waits for the disk. */
  private ExtentFile fileFor(long recordBytes) throws IOException {
    var file = growing();
    if (file != null) {
      var end = file.records().end();
      if (end == 0 || end + recordBytes <= fileBytes) {
        return file;
      }
    }
    return roll();
  }

  private @Nullable ExtentFile growing() throws IOException {
    lock.lock();
    try {
      if (closed) {
        throw new IOException("closed");
      }
      return current != null && current.growing() ? current : null;
    } finally {
      lock.unlock();
    }
  }

  /** Seals the current file and begins another one. Waits for the disk. */
  void beginFile() throws IOException {
    writing.lock();
    try {
      var _ = growing();
      roll();
    } finally {
      writing.unlock();
    }
  }

  /** {@link #writing} is held. */
  private ExtentFile roll() throws IOException {
    var next = catalog.create(stream);
    ExtentFile last;
    lock.lock();
    try {
      last = current;
      if (last != null) {
        last.seal();
        unsettled.add(last);
      }
      current = next;
    } finally {
      lock.unlock();
    }
    cut(last);
    return next;
  }

  /** Gives back what a sealed file has of the disk and does not need. Waits for the disk. */
  private void cut(@Nullable ExtentFile file) {
    if (file == null) {
      return;
    }
    var before = file.diskBytes();
    try {
      file.acquire();
      try {
        file.cut();
      } finally {
        catalog.release(file);
      }
    } catch (IOException e) {
      LOG.debug("{} stays longer than it needs to be", file.name(), e);
    }
    catalog.grew(file.diskBytes() - before);
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

  /** Takes no more records, once the last one is written. Waits for the disk. */
  void close() {
    writing.lock();
    try {
      lock.lock();
      try {
        closed = true;
        if (current != null) {
          current.seal();
        }
      } finally {
        lock.unlock();
      }
    } finally {
      writing.unlock();
    }
  }
}
