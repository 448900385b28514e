package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.RecordWriter;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Small writes that are durable before their extent file is. Their bytes ride in the metadata batch
 * that commits them, so that one sync, that of the metadata's log, makes both durable. Later, many
 * at a time, the extent file is synced and the bytes are let go ({@link #settle}). Where the extent
 * file turns out to have lost a record, after a power loss or a failed sync, it is appended again
 * from here.
 */
final class RedoLog {
  private static final Logger LOG = LoggerFactory.getLogger(RedoLog.class);

  /** The largest write, and the most bytes of one commit; above, writing twice costs more. */
  static final int COMMIT_BYTES_MAX = 64 << 10;

  /** Bytes of uncommitted writes that are kept in memory in case they are committed small. */
  private static final long HELD_BYTES_MAX = 16L << 20;

  /** Bytes that wait for their extent file: from here on it is synced at once. */
  private static final long SETTLE_BYTES = 8L << 20;

  /** From here on no more are taken, until the extent file is synced. */
  private static final long PENDING_BYTES_MAX = 4 * SETTLE_BYTES;

  private static final int PAGE = 256;

  private final ExtentStore extents;
  private final Committer committer;
  private final MetadataCache cache;
  private final ContentTable table;
  private final LogFloor floor;
  private final Execution execution;
  private final AtomicLong heldBytes = new AtomicLong();
  private final AtomicLong pendingBytes = new AtomicLong();
  private final ConcurrentLinkedQueue<ExtentRecord> pending = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean hurried = new AtomicBoolean();
  private final ReentrantLock settling = new ReentrantLock();

  RedoLog(
      ExtentStore extents,
      Committer committer,
      MetadataCache cache,
      ContentTable table,
      LogFloor floor,
      Execution execution) {
    this.extents = extents;
    this.committer = committer;
    this.cache = cache;
    this.table = table;
    this.floor = floor;
    this.execution = execution;
  }

  /** What lies in the log for a record. */
  private record Logged(ExtentRecord record, InodeKey inode, long offset, byte[] bytes) {
    private static Logged of(Entry entry) {
      var reader = new RecordReader(entry.value());
      var inode = reader.i64();
      var mount = reader.i32();
      var content = reader.i64();
      var sequence = reader.i64();
      var offset = reader.i64();
      var bytes = reader.blob();
      var checksums = new int[reader.i32()];
      for (var i = 0; i < checksums.length; i++) {
        checksums[i] = reader.i32();
      }
      var key = new RecordReader(entry.key());
      var record =
          new ExtentRecord(key.i64(), key.i64(), bytes.length, mount, content, sequence, checksums);
      return new Logged(record, new InodeKey(mount, inode), offset, bytes);
    }
  }

  /** A copy of the bytes of a write that may be committed small, or null. */
  byte @Nullable [] hold(ByteBuf data) {
    var length = data.readableBytes();
    if (length > COMMIT_BYTES_MAX) {
      return null;
    }
    if (heldBytes.addAndGet(length) > HELD_BYTES_MAX) {
      heldBytes.addAndGet(-length);
      return null;
    }
    return ByteBufUtil.getBytes(data);
  }

  /** Ends a {@link #hold}. */
  void letGo(List<FileContent.Unstable> writes) {
    for (var write : writes) {
      var bytes = write.bytes();
      if (bytes != null) {
        heldBytes.addAndGet(-bytes.length);
      }
    }
  }

  /** Whether a commit of these writes needs no sync of the extent file. */
  boolean takes(List<FileContent.Unstable> writes) {
    var sum = 0L;
    for (var write : writes) {
      var bytes = write.bytes();
      if (bytes == null) {
        return false;
      }
      sum += bytes.length;
    }
    return sum <= COMMIT_BYTES_MAX && pendingBytes.get() + sum <= PENDING_BYTES_MAX;
  }

  /** Puts the bytes of writes into the transaction that commits them. */
  void put(Tx tx, InodeKey inode, List<FileContent.Unstable> writes) {
    for (var write : writes) {
      var bytes = write.bytes();
      if (bytes == null) {
        throw new IllegalStateException("not taken");
      }
      var extent = write.extent();
      var record = extent.requireRecord();
      var value =
          new RecordWriter(64 + bytes.length)
              .i64(inode.number())
              .i32(record.mount())
              .i64(record.content())
              .i64(record.sequence())
              .i64(extent.offset())
              .blob(bytes)
              .i32(record.checksums().length);
      for (var checksum : record.checksums()) {
        value.i32(checksum);
      }
      tx.put(Family.REDO, key(record), value.toBytes());
    }
  }

  /** Notes that writes were committed with {@link #put}. */
  void committed(List<FileContent.Unstable> writes) {
    var sum = 0L;
    for (var write : writes) {
      var record = write.extent().requireRecord();
      pending.add(record);
      sum += record.length();
    }
    if (pendingBytes.addAndGet(sum) > SETTLE_BYTES && hurried.compareAndSet(false, true)) {
      execution.fork("redo-settle", this::hurry);
    }
  }

  private void hurry() {
    hurried.set(false);
    try {
      settle();
    } catch (FileSystemException | IOException e) {
      LOG.warn("Small writes stay in the metadata for now: {}", e.getMessage());
    }
  }

  /** Makes the records durable in their extent files, and lets go of their bytes. */
  void settle() throws IOException, FileSystemException {
    settling.lock();
    try {
      var records = new ArrayList<ExtentRecord>();
      for (var next = pending.poll(); next != null; next = pending.poll()) {
        records.add(next);
      }
      if (records.isEmpty()) {
        return;
      }
      var settled = false;
      try {
        settle(records);
        settled = true;
      } finally {
        if (settled) {
          pendingBytes.addAndGet(-records.stream().mapToLong(ExtentRecord::length).sum());
        } else {
          pending.addAll(records);
        }
      }
    } finally {
      settling.unlock();
    }
  }

  private void settle(List<ExtentRecord> records) throws IOException, FileSystemException {
    if (!isDurable(records)) {
      for (var record : records) {
        if (!isDurable(List.of(record))) {
          var value = cache.store().get(Family.REDO, key(record));
          if (value != null) {
            append(Logged.of(new Entry(key(record), value)));
          }
        }
      }
    }
    forget(records);
  }

  private boolean isDurable(List<ExtentRecord> records) {
    try {
      extents.sync(records);
      return true;
    } catch (IOException e) {
      LOG.debug("a sync of small records failed", e);
      return false;
    }
  }

  /** Needs no sync: a record that comes back is found to be whole, and forgotten again. */
  private void forget(List<ExtentRecord> records) {
    var _ =
        committer.submit(
            tx -> {
              for (var record : records) {
                tx.delete(Family.REDO, key(record));
              }
              return true;
            },
            false);
  }

  /**
   * Repairs what an earlier run left, before anything else uses the files: every record that cannot
   * be read is appended again.
   */
  void recover() throws IOException, FileSystemException {
    var from = new byte[0];
    while (true) {
      var page = cache.store().scan(Family.REDO, from, null, PAGE);
      if (page.isEmpty()) {
        return;
      }
      var records = new ArrayList<ExtentRecord>();
      var whole = new ArrayList<ExtentRecord>();
      for (var entry : page) {
        var logged = Logged.of(entry);
        records.add(logged.record);
        if (isWhole(logged.record)) {
          whole.add(logged.record);
        } else {
          append(logged);
        }
      }
      settle(whole);
      forget(records);
      from = Keys.after(page.getLast().key());
    }
  }

  private boolean isWhole(ExtentRecord record) {
    try {
      extents.read(record, 0, record.length(), Patience.FOREVER).release();
      return true;
    } catch (IOException e) {
      LOG.debug("a small record is not in its extent file", e);
      return false;
    }
  }

  /** Appends a record again, and maps it wherever the old one is mapped, if it still is. */
  private void append(Logged logged) throws IOException, FileSystemException {
    var old = logged.record;
    var from = key(old);
    var to = Keys.record(old.file(), old.position() + 1);
    if (cache.store().scan(Family.REFERENCES, from, to, 1).isEmpty()) {
      return;
    }
    LOG.warn("Writing a small record of extent file {} again, which lost it", old.file());
    var mark = floor.mark();
    try {
      var copy =
          extents.append(
              ExtentStore.Stream.WRITE,
              old.mount(),
              logged.inode.number(),
              old.content(),
              old.sequence(),
              logged.offset,
              Unpooled.wrappedBuffer(logged.bytes));
      extents.sync(List.of(copy));
      committer.commit(tx -> {
        replace(tx, old, copy);
        return true;
      });
    } finally {
      mark.release();
    }
  }

  private void replace(Tx tx, ExtentRecord old, ExtentRecord copy) throws IOException {
    var from = Keys.record(old.file(), old.position());
    var to = Keys.record(old.file(), old.position() + 1);
    for (var entry : tx.scan(Family.REFERENCES, from, to, Integer.MAX_VALUE)) {
      var key = new RecordReader(entry.key());
      key.i64();
      key.i64();
      var mount = key.i32();
      var content = key.i64();
      var offset = key.i64();
      var inode = new InodeKey(mount, new RecordReader(entry.value()).i64());
      for (var extent : tx.extents(mount, content, offset, offset + 1)) {
        if (extent.offset() == offset && old.equals(extent.record())) {
          var moved = new Extent(offset, extent.length(), extent.sequence(), copy, extent.skip());
          tx.deleteExtent(mount, content, extent);
          tx.putExtent(inode, content, moved);
          tx.afterCommit(() -> {
            var present = table.present(inode);
            if (present != null) {
              present.moved(content, extent, moved);
            }
          });
        }
      }
    }
  }

  private static byte[] key(ExtentRecord record) {
    return Keys.record(record.file(), record.position());
  }
}
