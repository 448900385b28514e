package io.bucketfs.core.content;

import io.bucketfs.core.importer.Importing;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.FileSystem.ReadResult;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The read path: extents from RAM or disk, holes as zeroes, base bytes through {@link Fills}, with
 * read-ahead for sequential readers.
 */
final class Reader {
  private static final Logger LOG = LoggerFactory.getLogger(Reader.class);

  /** How often what was just fetched may be evicted again before it is read. */
  private static final int ATTEMPTS_MAX = 16;

  /** How often a copy that cannot be read is fetched again before it is the disk's error. */
  private static final int REFETCHES_MAX = 2;

  /** How often an extent may have been moved to another file while it was being read. */
  private static final int MOVES_MAX = 4;

  private static final Duration SETTLEMENT = Duration.ofSeconds(1);

  private final ExtentStore extents;
  private final MetadataCache cache;
  private final Committer committer;
  private final Fills fills;
  private final ContentLoader loader;
  private final Execution execution;
  private final ContentLimits limits;
  private final Supplier<Importing> importing;
  private final LastReads lastReads;
  private final Uses uses;

  Reader(
      ExtentStore extents,
      MetadataCache cache,
      Committer committer,
      Fills fills,
      ContentLoader loader,
      Execution execution,
      ContentLimits limits,
      Supplier<Importing> importing,
      LastReads lastReads,
      Uses uses) {
    this.extents = extents;
    this.cache = cache;
    this.committer = committer;
    this.fills = fills;
    this.loader = loader;
    this.execution = execution;
    this.limits = limits;
    this.importing = importing;
    this.lastReads = lastReads;
    this.uses = uses;
  }

  ReadResult read(FileContent file, long offset, int count, Patience patience)
      throws FileSystemException {
    var refetches = 0;
    for (var attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      var view = FileView.of(file, cache, patience);
      var inode = view.inode();
      var content = inode.requireContent();
      var size = view.sizeBytes();
      if (offset >= size || count == 0) {
        return new ReadResult(Unpooled.EMPTY_BUFFER, offset >= size);
      }
      var end = offset + Math.min(count, size - offset);
      var mapped = file.overlapping(content.id(), offset, end);
      if (mapped == null) {
        patience.requireWaiting();
        loader.load(file);
        continue;
      }
      var missing = firstMissing(content, mapped, offset, end);
      if (missing < end) {
        patience.requireWaiting();
        fetch(file, inode, missing, end, patience, attempt);
        continue;
      }
      try {
        var data = assemble(mapped, offset, end, patience);
        lastReads.note(file);
        readAhead(file, inode, offset, end);
        return new ReadResult(data, end == size);
      } catch (BadPartException e) {
        patience.requireWaiting();
        if (e.gone && attempt < MOVES_MAX) {
          loader.forget(file);
        } else if (refetches++ < REFETCHES_MAX) {
          dropBad(file, inode, e, mapped);
        } else {
          throw Failures.ofDisk(e);
        }
      } catch (IOException e) {
        throw Failures.ofDisk(e);
      }
    }
    throw new FileSystemException(FsError.DELAY, "the cache is too small for its readers");
  }

  /**
   * Fetches what only the base has of the start of a range.
   *
   * @return up to where the range is here
   */
  long fetchMissing(FileContent file, long from, long to, Patience patience)
      throws FileSystemException {
    var step = limits.readAheadBytesMax();
    for (var attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      var inode = ContentLoader.requireFile(cache, file.key, patience);
      var content = inode.requireContent();
      var mapped = file.overlapping(content.id(), from, to);
      if (mapped == null) {
        loader.load(file);
        continue;
      }
      var missing = firstMissing(content, mapped, from, to);
      if (missing == to || missing - from >= step) {
        return missing;
      }
      fetch(file, inode, missing, Math.min(to, missing + step), patience, attempt);
    }
    throw new FileSystemException(FsError.DELAY, "the cache is too small for its readers");
  }

  /** How many bytes of a range only the base has. */
  long missingBytes(FileContent file, long from, long to) throws FileSystemException {
    var inode = loader.load(file);
    var content = inode.requireContent();
    var mapped = file.overlapping(content.id(), from, to);
    var base = content.base();
    if (mapped == null || base == null) {
      return 0;
    }
    var end = Math.min(to, base.length());
    var missing = Math.max(0, end - from);
    for (var extent : mapped) {
      missing -= Math.max(0, Math.min(extent.end(), end) - Math.max(extent.offset(), from));
    }
    return missing;
  }

  /** Starts to fetch what only the base has of the start of a range. */
  void willNeed(FileContent file, long from, long to) throws FileSystemException {
    var inode = ContentLoader.requireFile(cache, file.key, Patience.FOREVER);
    loader.load(file);
    fills.start(file, inode, from, Math.min(to, from + limits.readAheadBytesMax()));
  }

  private void fetch(
      FileContent file, Inode inode, long from, long to, Patience patience, int attempt)
      throws FileSystemException {
    try {
      fills.fetch(file, inode, from, fetchTo(file, from, to), patience, to);
    } catch (Fills.BaseGoneException e) {
      if (!e.isOf(inode.requireContent())) {
        // Another reader's fetch, of what the base was before an export replaced it.
        return;
      }
      importing.get().refresh(inode, patience);
      var now = ContentLoader.requireFile(cache, file.key, patience).content();
      if (Objects.equals(inode.content(), now)) {
        awaitSettlement(inode, patience, attempt, e);
      }
    }
  }

  /**
   * The object is another one than the base, and looking at it changed nothing: either an export of
   * our own is under way whose outcome is not known yet, which may take as long as the bucket does
   * not answer, or one is about to be settled, or the base is gone for good.
   */
  private void awaitSettlement(
      Inode inode, Patience patience, int attempt, Fills.BaseGoneException gone)
      throws FileSystemException {
    var unsettled = isUnsettled(inode);
    if (!unsettled && (!inode.requireContent().isDirty() || attempt == ATTEMPTS_MAX - 1)) {
      throw new FileSystemException(FsError.IO, "the object is gone: " + gone.getMessage());
    }
    do {
      if (patience.remainingNanos(execution.nanoTime()) < SETTLEMENT.toNanos()) {
        throw new FileSystemException(FsError.DELAY, "an export is being settled");
      }
      try {
        execution.sleep(SETTLEMENT);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new FileSystemException(FsError.DELAY, "interrupted");
      }
    } while (isUnsettled(inode));
  }

  /** Whether a request for the object of the base was sent of which nobody knows what it did. */
  private boolean isUnsettled(Inode inode) throws FileSystemException {
    var base = inode.requireContent().base();
    try {
      return base != null
          && cache.store().get(Family.JOBS, Keys.text(inode.key().mount(), base.key())) != null;
    } catch (IOException e) {
      throw Failures.ofDisk(e);
    }
  }

  /** The first byte that only the base has, or the end. */
  private static long firstMissing(Content content, List<Extent> mapped, long from, long to) {
    var base = content.base();
    var baseEnd = base == null ? 0 : Math.min(to, base.length());
    var at = from;
    for (var extent : mapped) {
      if (at < extent.offset()) {
        break;
      }
      at = Math.max(at, extent.end());
    }
    return at < baseEnd ? at : to;
  }

  private ByteBuf assemble(List<Extent> mapped, long from, long to, Patience patience)
      throws IOException {
    if (mapped.size() == 1) {
      var only = mapped.getFirst();
      var record = only.record();
      if (record != null && only.offset() <= from && only.end() >= to) {
        var skip = only.skip() + (int) (from - only.offset());
        return read(only, record, skip, (int) (to - from), patience);
      }
    }
    var parts = new ArrayList<ByteBuf>(mapped.size() + 1);
    try {
      var at = from;
      for (var extent : mapped) {
        if (extent.offset() > at) {
          parts.add(zeroes(extent.offset() - at));
          at = extent.offset();
        }
        var stop = Math.min(extent.end(), to);
        var record = extent.record();
        if (record == null) {
          parts.add(zeroes(stop - at));
        } else {
          var skip = extent.skip() + (int) (at - extent.offset());
          parts.add(read(extent, record, skip, (int) (stop - at), patience));
        }
        at = stop;
      }
      if (at < to) {
        parts.add(zeroes(to - at));
      }
    } catch (IOException | RuntimeException e) {
      parts.forEach(ByteBuf::release);
      throw e;
    }
    if (parts.size() == 1) {
      return parts.getFirst();
    }
    var whole = new CompositeByteBuf(PooledByteBufAllocator.DEFAULT, true, parts.size());
    parts.forEach(part -> whole.addComponent(true, part));
    return whole;
  }

  private ByteBuf read(Extent extent, ExtentRecord record, int skip, int length, Patience patience)
      throws IOException {
    try {
      var bytes = extents.read(record, skip, length, patience);
      uses.used(record, skip, length);
      return bytes;
    } catch (NoSuchFileException e) {
      throw new BadPartException(extent, e, true);
    } catch (ClosedChannelException e) {
      throw e; // the store is being closed
    } catch (IOException e) {
      throw new BadPartException(extent, e, false);
    }
  }

  /** Says which of the extents of a read is corrupt, unreadable, or in a file that is gone. */
  private static final class BadPartException extends IOException {
    private final transient Extent extent;
    private final boolean gone;

    BadPartException(Extent extent, IOException cause, boolean gone) {
      super(cause);
      this.extent = extent;
      this.gone = gone;
    }
  }

  private static ByteBuf zeroes(long count) {
    var length = (int) count;
    return PooledByteBufAllocator.DEFAULT.directBuffer(length).writeZero(length);
  }

  /**
   * A bad copy of what S3 has is dropped and fetched again, and with it all others of the same
   * read, of which a power loss may have taken any number; bad dirty data are an error.
   */
  private void dropBad(FileContent file, Inode inode, BadPartException bad, List<Extent> mapped)
      throws FileSystemException {
    var content = inode.requireContent();
    if (!content.hasInBase(bad.extent)) {
      LOG.error("Data of inode {} that S3 does not have cannot be read", file.key, bad);
      throw new FileSystemException(FsError.IO, String.valueOf(bad.getMessage()));
    }
    LOG.warn("A copy that cannot be read is fetched again: {}", bad.getMessage());
    var dropped = new ArrayList<Extent>();
    dropped.add(bad.extent);
    for (var extent : mapped) {
      if (!extent.equals(bad.extent) && content.hasInBase(extent) && isBad(extent)) {
        dropped.add(extent);
      }
    }
    committer.commit(tx -> {
      for (var extent : dropped) {
        ContentEdits.drop(tx, file.key, content, extent);
      }
      return null;
    });
    loader.forget(file);
  }

  private boolean isBad(Extent extent) {
    var record = extent.record();
    if (record == null) {
      return false;
    }
    try {
      extents.verify(record);
      return false;
    } catch (NoSuchFileException | ClosedChannelException _) {
      return false; // moved, or the end of the process
    } catch (IOException _) {
      return true;
    }
  }

  /** Notes a read of what is missing. Returns up to where to fetch. */
  private long fetchTo(FileContent file, long from, long to) {
    file.lock.lock();
    try {
      return file.streams(limits).missed(from, to);
    } finally {
      file.lock.unlock();
    }
  }

  /** Fetches on ahead of a sequential reader once it has used half of what was fetched. */
  private void readAhead(FileContent file, Inode inode, long from, long to) {
    var base = inode.requireContent().base();
    if (base == null) {
      return;
    }
    ReadStreams.Range ahead;
    file.lock.lock();
    try {
      ahead = file.streams(limits).hit(from, to, base.length());
    } finally {
      file.lock.unlock();
    }
    if (ahead != null) {
      fills.start(file, inode, ahead.from(), ahead.to());
    }
  }
}
