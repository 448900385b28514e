package io.bucketfs.core.content;

import io.bucketfs.core.importer.Importing;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Epoch;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.Transaction;
import io.bucketfs.core.store.UsageTable;
import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.FileSystem.ReadResult;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.bucketfs.core.vfs.WouldBlock;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Lock;
import java.util.function.IntToLongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bytes of all files: reads, writes, commits, snapshots.
 *
 * <p>A write appends to the write log and is visible at once; it becomes durable by a commit, which
 * syncs the log up to it and then persists extents, size and times in one metadata transaction.
 * What is committed together shares one sync. A truncate, a snapshot or any other change that must
 * not see half a write takes the file's gate alone, after a commit.
 *
 * <p>Longer than most: writing and committing rest on one order of locks, overlay, sync and
 * transaction, which is best seen in one place.
 */
public final class Contents implements Snapshots, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Contents.class);

  /** Largest file: what S3 takes as one object, in 10,000 parts. */
  public static final long FILE_BYTES_MAX = 52_673_613_135_872L;

  private static final Duration MAINTENANCE = Duration.ofSeconds(1);

  private final ExtentStore extents;
  private final Committer committer;
  private final MetadataCache cache;
  private final Execution execution;
  private final ContentLimits limits;
  private final Epoch epoch;
  private final UsageTable usages;
  private final ContentTable table;
  private final LogFloor floor;
  private final RedoLog redo;
  private final DiskSpace space;
  private final ContentLoader loader;
  private final Reader reader;
  private final Reaper reaper;
  private final Evictor evictor;
  private final ExclusiveUse exclusive;
  private final FileRanges ranges;
  private final SnapshotTaker snapshots;
  private final AtomicBoolean committing = new AtomicBoolean();
  private final LastReads lastReads;
  private final LocalCopies copies;
  private final Expiry expiry;
  private volatile boolean closed;

  /**
   * @param importing what a read asks when a base turns out to be gone; not called before {@link
   *     #start}
   */
  public Contents(
      ExtentStore extents,
      Committer committer,
      MetadataCache cache,
      MountTable mounts,
      Supplier<Importing> importing,
      Execution execution,
      Meters meters,
      ContentLimits limits,
      Epoch epoch) {
    this.extents = extents;
    this.committer = committer;
    this.cache = cache;
    this.execution = execution;
    this.limits = limits;
    this.epoch = epoch;
    usages = committer.usages();
    table = new ContentTable(limits.idleExtentsMax());
    floor = new LogFloor(extents, ExtentStore.Stream.WRITE);
    var fillFloor = new LogFloor(extents, ExtentStore.Stream.FILL);
    redo = new RedoLog(extents, committer, cache, table, floor, execution);
    space =
        new DiskSpace(
            extents,
            cache.store(),
            mounts,
            execution,
            meters,
            limits.diskBytesMax(),
            limits.freeBytesMin());
    loader = new ContentLoader(cache);
    lastReads = new LastReads(committer, execution);
    var uses = new Uses(limits.diskBytesMax());
    var fills =
        new Fills(
            extents, committer, mounts, table, fillFloor, space, execution, meters, limits,
            lastReads, uses);
    reader =
        new Reader(
            extents, cache, committer, fills, loader, execution, limits, importing, lastReads,
            uses);
    reaper = new Reaper(committer, cache, table, execution);
    var pins = new Pins(committer, cache);
    evictor =
        new Evictor(
            extents, committer, cache, table, floor, fillFloor, space, pins, uses, execution,
            meters);
    copies =
        new LocalCopies(
            committer, cache, table, reader, fills, lastReads, space, evictor, pins, loader);
    expiry = new Expiry(committer, cache, mounts, copies, lastReads, execution, meters);
    exclusive =
        new ExclusiveUse(table, (file, capture) -> persist(file, capture, Patience.FOREVER));
    snapshots = new SnapshotTaker(extents, committer, mounts, table, loader, exclusive, execution);
    ranges =
        new FileRanges(
            this,
            cache,
            table,
            reader,
            new Holes(committer, cache, table, loader, exclusive),
            new Sharing(
                extents, committer, cache, table, reader, exclusive, space, execution, lastReads),
            execution);
  }

  /**
   * Brings back what a killed process had acknowledged but not committed, and starts maintenance.
   *
   * @param unsyncedMayBeLost after a power loss the log is not replayed: clients send unstable
   *     writes again, since the epoch changed
   */
  public void start(boolean unsyncedMayBeLost) throws IOException, FileSystemException {
    copies.pins().open();
    redo.recover();
    var restored = Restoration.isDue(cache.store());
    if (restored) {
      new MovedExtents(extents, committer, cache).find();
    }
    if (restored || !unsyncedMayBeLost) {
      var replayed = new Replay(extents, committer, cache, lastReads).run();
      if (replayed > 0) {
        LOG.info("Recovered {} unstable writes of the previous process", replayed);
      }
    }
    if (restored) {
      committer.commit(tx -> {
        Restoration.done(tx);
        return null;
      });
    }
    persistFloor();
    reaper.start();
    space.onFull(evictor::wake);
    evictor.start();
    lastReads.start();
    expiry.start();
    execution.schedule(MAINTENANCE, "content-maintenance", this::maintain);
  }

  /**
   * Sets who makes bytes clean when too many are not, and who counts those that are not. Called
   * from any thread, must not wait.
   *
   * @param bytes committed bytes of a mount that S3 does not have
   * @param export called at most once a second
   */
  public void onDirty(IntToLongFunction bytes, Runnable export) {
    space.onDirty(
        bytes,
        () -> {
          // Only what is committed can be exported.
          if (committing.compareAndSet(false, true)) {
            execution.fork("content-commit", this::commitAllUnstable);
          }
          export.run();
        });
  }

  /** Attributes with what unstable writes changed. */
  public Attributes attributes(InodeKey key, Patience patience)
      throws FileSystemException, IOException {
    var content = table.active(key);
    while (true) {
      // As in FileView, of what need not be a file.
      var overlay = content == null ? null : content.overlay();
      var inode = cache.inode(key, patience);
      if (inode == null) {
        throw new FileSystemException(FsError.STALE);
      }
      if (content == null || Objects.equals(overlay, content.overlay())) {
        return overlay == null ? inode.attributes(epoch.value()) : merged(inode, overlay);
      }
    }
  }

  private Attributes merged(Inode inode, FileContent.Overlay overlay) {
    var edit = inode.edit();
    edit.sizeBytes = FileContent.sizeBytes(inode, overlay);
    edit.modifyNanos = overlay.modifyNanos();
    edit.changeNanos = Math.max(inode.changeNanos(), overlay.modifyNanos());
    edit.change = overlay.change(inode);
    return edit.freeze().attributes(epoch.value());
  }

  /** Reads; see {@link io.bucketfs.core.vfs.FileSystem#read}. */
  public ReadResult read(InodeKey key, long offset, int count, Patience patience)
      throws FileSystemException {
    var file = table.acquire(key);
    try {
      return reader.read(file, offset, count, patience);
    } finally {
      table.release(file);
    }
  }

  /** Writes; see {@link io.bucketfs.core.vfs.FileSystem#write}. */
  public Stability write(
      InodeKey key, long offset, ByteBuf data, Stability stability, Patience patience)
      throws FileSystemException {
    var length = data.readableBytes();
    requirePatience(key, length, stability, patience);
    if (offset < 0 || offset > FILE_BYTES_MAX - length) {
      throw new FileSystemException(FsError.FILE_TOO_BIG);
    }
    var file = table.acquire(key);
    try {
      space.awaitDirty(key.mount(), length, patience);
      try {
        appendAll(file, offset, data, patience);
      } finally {
        space.appended(length);
      }
      if (stability == Stability.UNSTABLE) {
        return Stability.UNSTABLE;
      }
      try {
        commitFile(file, patience);
        return Stability.FILE_SYNC;
      } catch (WouldBlock e) {
        return Stability.UNSTABLE; // it can be seen, and must not be written again
      }
    } finally {
      table.release(file);
    }
  }

  private void requirePatience(InodeKey key, int length, Stability stability, Patience patience)
      throws FileSystemException {
    var stable = stability != Stability.UNSTABLE;
    if (length > (stable ? RedoLog.COMMIT_BYTES_MAX : ExtentRecord.LENGTH_MAX)) {
      patience.requireWaiting();
    } else if (!patience.mayUseDisk()) {
      if (!isLoaded(key)) {
        throw WouldBlock.INSTANCE;
      }
      if (stable) {
        committer.requireCommit(patience);
      }
      throw WouldBlock.ON_DISK;
    }
  }

  /** Whether the extents of a file are in memory, as it seems now. */
  private boolean isLoaded(InodeKey key) throws FileSystemException {
    var file = table.present(key);
    return file != null && file.isLoaded(ContentLoader.requireFile(cache, key, Patience.NONE));
  }

  private void appendAll(FileContent file, long offset, ByteBuf data, Patience patience)
      throws FileSystemException {
    var done = false;
    try {
      append(file, offset, data, patience);
      done = true;
    } finally {
      if (!done) {
        var reserved = patience.mayWait() ? file.unreserve() : file.tryUnreserve();
        usages.release(file.key.mount(), reserved);
      }
    }
  }

  private void append(FileContent file, long offset, ByteBuf data, Patience patience)
      throws FileSystemException {
    while (true) {
      enter(file, patience);
      try {
        var inode =
            ContentLoader.requireFile(
                cache, file.key, patience.mayWait() ? Patience.FOREVER : patience);
        if (file.isLoaded(inode)) {
          reserve(file, inode, offset + data.readableBytes());
          for (var done = 0; done < data.readableBytes(); ) {
            var part =
                data.slice(
                    data.readerIndex() + done,
                    Math.min(ExtentRecord.LENGTH_MAX, data.readableBytes() - done));
            appendPart(file, inode, offset + done, part, patience);
            done += part.readableBytes();
          }
          return;
        }
      } finally {
        file.gate.readLock().unlock();
      }
      patience.requireWaiting();
      loader.load(file);
    }
  }

  /** Takes the file's gate, shared. */
  private static void enter(FileContent file, Patience patience) {
    var gate = file.gate.readLock();
    if (patience.mayWait()) {
      gate.lock();
      return;
    }
    try {
      // With a time, though it is none: without one it would go before those who wait.
      if (!gate.tryLock(0, TimeUnit.NANOSECONDS)) {
        throw WouldBlock.INSTANCE;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw WouldBlock.INSTANCE;
    }
  }

  private void reserve(FileContent file, Inode inode, long end) throws FileSystemException {
    var mount = file.key.mount();
    if (usages.limitsBytes(mount)
        && !file.reserve(inode, end, bytes -> usages.reserve(mount, bytes))) {
      throw new FileSystemException(FsError.QUOTA);
    }
  }

  private void appendPart(
      FileContent file, Inode inode, long offset, ByteBuf part, Patience patience)
      throws FileSystemException {
    var sequence = file.nextSequence();
    var mark = floor.mark();
    try {
      var record = appendRecord(file, inode, sequence, offset, part, patience);
      if (record == null) {
        mark.release();
        throw WouldBlock.INSTANCE;
      }
      var extent = new Extent(offset, part.readableBytes(), sequence, record, 0);
      var superseded =
          file.wrote(inode, extent, mark, redo.hold(part), Committer.nanos(execution.now()));
      space.wrote(file.key.mount(), extent.length());
      letGo(file.key.mount(), superseded);
      evictor.wrote(record.file());
    } catch (IOException e) {
      mark.release();
      throw Failures.ofDisk(e);
    }
  }

  private @Nullable ExtentRecord appendRecord(
      FileContent file, Inode inode, long sequence, long offset, ByteBuf part, Patience patience)
      throws IOException {
    var mount = file.key.mount();
    var number = file.key.number();
    var content = inode.requireContent().id();
    return patience.mayWait()
        ? extents.append(ExtentStore.Stream.WRITE, mount, number, content, sequence, offset, part)
        : extents.appendInPlace(mount, number, content, sequence, offset, part);
  }

  /** Lets go of unstable writes over which others were written. */
  private void letGo(int mount, List<FileContent.Unstable> superseded) {
    for (var write : superseded) {
      write.mark().release();
      space.superseded(mount, write.extent().length());
    }
    redo.letGo(superseded);
  }

  /** Makes everything durable that was written to the file before this call. */
  public void commit(InodeKey key, Patience patience) throws FileSystemException {
    var active = table.active(key);
    if (active == null || active.overlay() == null) {
      ContentLoader.requireFile(cache, key, patience);
      return;
    }
    patience.requireWaiting();
    var file = table.acquire(key);
    try {
      commitFile(file, patience);
    } finally {
      table.release(file);
    }
  }

  /**
   * Makes everything durable that was written to a file.
   *
   * @throws WouldBlock under {@link Patience#DISK}, where others are at it: they may need this
   *     thread
   */
  private void commitFile(FileContent file, Patience patience) throws FileSystemException {
    take(file.commits, patience);
    try {
      FileContent.Capture capture;
      take(file.gate.writeLock(), patience);
      try {
        capture = file.capture();
      } finally {
        file.gate.writeLock().unlock();
      }
      if (capture != null) {
        persist(file, capture, patience);
      }
    } finally {
      file.commits.unlock();
    }
  }

  private static void take(Lock lock, Patience patience) {
    if (patience.mayWait()) {
      lock.lock();
    } else if (!lock.tryLock()) {
      throw WouldBlock.INSTANCE;
    }
  }

  /** Makes a capture durable and persists it. The file's commit lock is held. */
  private void persist(FileContent file, FileContent.Capture capture, Patience patience)
      throws FileSystemException {
    var bytes = capture.writes().stream().mapToLong(write -> write.extent().length()).sum();
    var small = redo.takes(capture.writes());
    if (!small) {
      patience.requireWaiting();
    }
    var done = small ? capture : synced(file, capture);
    Transaction<@Nullable Inode> transaction =
        tx -> {
          tx.release(file.key.mount(), done.reservedBytes());
          var inode = tx.inode(file.key);
          var content = inode == null ? null : inode.content();
          if (inode == null || content == null || content.id() != done.content()) {
            return null;
          }
          for (var write : done.writes()) {
            if (write.alone() && content.base() == null) {
              tx.putExtent(file.key, content.id(), write.extent());
            } else {
              ContentEdits.lay(tx, file.key, content.id(), write.extent());
            }
          }
          if (small) {
            redo.put(tx, file.key, done.writes());
          }
          lastReads.put(tx, file);
          var edit = inode.edit();
          edit.sizeBytes = FileContent.sizeBytes(inode, done.overlay());
          edit.modifyNanos = done.overlay().modifyNanos();
          edit.changeNanos = Math.max(inode.changeNanos(), done.overlay().modifyNanos());
          edit.change = inode.change() + done.overlay().writes();
          edit.exclusiveVerifier = 0;
          edit.content = content.withSequence(done.sequence());
          var changed = edit.freeze();
          tx.put(changed);
          tx.markDirty(changed, bytes);
          floor.persist(tx);
          return changed;
        };
    file.committed(done, committer.commit(transaction, patience));
    space.committed(file.key.mount(), bytes);
    redo.letGo(done.writes());
    if (small) {
      redo.committed(done.writes());
    }
  }

  /** Syncs the extent files of a capture, which is another one where that failed at first. */
  private FileContent.Capture synced(FileContent file, FileContent.Capture capture)
      throws FileSystemException {
    try {
      extents.sync(records(capture));
      return capture;
    } catch (IOException e) {
      LOG.error("A sync of the write log failed; writing its records again", e);
      return relocate(file, capture);
    }
  }

  private static List<ExtentRecord> records(FileContent.Capture capture) {
    return capture.writes().stream().map(write -> write.extent().requireRecord()).toList();
  }

  /**
   * Writes records again whose sync failed, from what can still be read. Where that fails too the
   * writes are lost: a new epoch makes clients send them again.
   */
  private FileContent.Capture relocate(FileContent file, FileContent.Capture capture)
      throws FileSystemException {
    var copies = new HashMap<FileContent.Unstable, FileContent.Unstable>();
    try {
      for (var write : capture.writes()) {
        var record = write.extent().requireRecord();
        var data = extents.readOnce(record, 0, record.length());
        try {
          var mark = floor.mark();
          var copy =
              extents.append(
                  ExtentStore.Stream.WRITE,
                  file.key.mount(),
                  file.key.number(),
                  capture.content(),
                  write.extent().sequence(),
                  write.extent().offset(),
                  data);
          var extent = write.extent();
          copies.put(
              write,
              new FileContent.Unstable(
                  new Extent(extent.offset(), extent.length(), extent.sequence(), copy, 0),
                  mark,
                  write.bytes(),
                  write.alone()));
        } finally {
          data.release();
        }
      }
      extents.sync(copies.values().stream().map(write -> write.extent().requireRecord()).toList());
    } catch (IOException e) {
      copies.values().forEach(write -> write.mark().release());
      epoch.advance();
      throw Failures.ofDisk(e);
    }
    file.relocated(copies);
    return new FileContent.Capture(
        capture.content(),
        capture.writes().stream().map(write -> copies.getOrDefault(write, write)).toList(),
        capture.overlay(),
        capture.sequence(),
        capture.reservedBytes());
  }

  /**
   * Runs a transaction on a file that nobody writes to meanwhile, and whose writes so far are
   * durable. The transaction may change the content with {@link ContentEdits}.
   */
  public <T extends @Nullable Object> T exclusively(InodeKey key, Transaction<T> transaction)
      throws FileSystemException {
    return exclusive.of(
        key,
        () -> {
          var result = committer.commit(transaction);
          table.unload(key);
          return result;
        });
  }

  /** Frees what is left of removed files of a mount that nobody has open. */
  public void reap(int mount) throws FileSystemException, IOException {
    reaper.reap(mount);
  }

  /** What is done with ranges of files besides reading and writing. */
  public FileRanges ranges() {
    return ranges;
  }

  /** The copies of S3's bytes on the local disk. */
  public LocalCopies copies() {
    return copies;
  }

  /** Whether the file has writes that no transaction has persisted. */
  public boolean hasUnstable(InodeKey key) {
    var file = table.active(key);
    return file != null && file.overlay() != null;
  }

  @Override
  public <T> Taken<T> snapshot(InodeKey key, Sequel<T> sequel) throws FileSystemException {
    return snapshots.take(key, sequel);
  }

  @Override
  public boolean isBeingWritten(InodeKey key) {
    var file = table.active(key);
    return file != null && (file.writers.get() > 0 || file.overlay() != null);
  }

  @Override
  public void commitAll() throws FileSystemException {
    for (var file : table.inUse()) {
      if (file.overlay() != null) {
        commitIfPresent(file.key);
      }
    }
  }

  private void commitIfPresent(InodeKey key) throws FileSystemException {
    try {
      commit(key, Patience.FOREVER);
    } catch (FileSystemException e) {
      if (e.error() != FsError.STALE) {
        throw e;
      }
    }
  }

  /** Counts an open. */
  public void opened(InodeKey key, boolean forWriting) {
    var file = table.acquire(key);
    file.opens.incrementAndGet();
    if (forWriting) {
      file.writers.incrementAndGet();
    }
  }

  /** Ends an open; the last one of a file without names frees it. */
  public void closed(InodeKey key, boolean forWriting) {
    var file = table.active(key);
    if (file == null || file.opens.get() == 0) {
      throw new IllegalStateException("closed more often than opened: " + key);
    }
    if (forWriting) {
      file.writers.decrementAndGet();
    }
    var last = file.opens.decrementAndGet() == 0;
    table.release(file);
    if (last) {
      reaper.closed(key);
    }
  }

  /** Bytes that the local tier occupies. */
  public long usedBytes() {
    return space.usedBytes();
  }

  /** The disk cap in bytes. */
  public long bytesMax() {
    return space.bytesMax();
  }

  /** The disk cap as it is while the host has little left. */
  public long effectiveBytesMax() {
    return space.effectiveBytesMax();
  }

  /** Changes the disk cap. One below what is used is reached by evicting and exporting. */
  public void setBytesMax(long bytes) {
    space.setBytesMax(bytes);
  }

  /** Forgets what is in memory of a mount that is gone. */
  public void forget(int mount) {
    table.forget(mount);
    space.forget(mount);
    copies.pins().forget(mount);
  }

  private void maintain() {
    if (closed) {
      return;
    }
    commitUnstable(Committer.nanos(execution.now()) - limits.unstableAge().toNanos());
    try {
      redo.settle();
    } catch (FileSystemException | IOException e) {
      LOG.warn("Small writes stay in the metadata for now: {}", e.getMessage());
    }
    execution.schedule(MAINTENANCE, "content-maintenance", this::maintain);
  }

  private void commitAllUnstable() {
    try {
      commitUnstable(Long.MAX_VALUE);
    } finally {
      committing.set(false);
    }
  }

  /** Commits files that have unstable writes from that time or before. */
  private void commitUnstable(long nanos) {
    for (var file : table.inUse()) {
      var overlay = file.overlay();
      if (overlay != null && overlay.sinceNanos() <= nanos) {
        try {
          commitIfPresent(file.key);
        } catch (FileSystemException e) {
          LOG.warn("Unstable writes of {} cannot be committed yet: {}", file.key, e.getMessage());
        }
      }
    }
  }

  private void persistFloor() throws FileSystemException {
    committer.commit(tx -> {
      floor.persist(tx);
      return null;
    });
  }

  /** Commits everything, so that nothing is to be replayed. */
  @Override
  public void close() throws IOException, FileSystemException {
    closed = true;
    reaper.stop();
    evictor.stop();
    expiry.stop();
    commitAll();
    lastReads.stop();
    redo.settle();
    persistFloor();
  }
}
