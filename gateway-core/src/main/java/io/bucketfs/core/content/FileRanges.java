package io.bucketfs.core.content;

import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.FileSystem.FileRange;
import io.bucketfs.core.vfs.FileSystem.Region;
import io.bucketfs.core.vfs.FileSystem.SeekResult;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Rider;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ranges of files: where there is data, holes, clones and copies, hints. */
public final class FileRanges {
  private static final Logger LOG = LoggerFactory.getLogger(FileRanges.class);

  private final Contents contents;
  private final MetadataCache cache;
  private final ContentTable table;
  private final Reader reader;
  private final Holes holes;
  private final Sharing sharing;
  private final Execution execution;

  FileRanges(
      Contents contents,
      MetadataCache cache,
      ContentTable table,
      Reader reader,
      Holes holes,
      Sharing sharing,
      Execution execution) {
    this.contents = contents;
    this.cache = cache;
    this.table = table;
    this.reader = reader;
    this.holes = holes;
    this.sharing = sharing;
    this.execution = execution;
  }

  /** Finds data or a hole; see {@link io.bucketfs.core.vfs.FileSystem#seek}. */
  public SeekResult seek(InodeKey key, long offset, Region region, Patience patience)
      throws FileSystemException {
    return holes.seek(key, offset, region, patience);
  }

  /** See {@link io.bucketfs.core.vfs.FileSystem#allocate}. */
  public void allocate(Rider rider, InodeKey key, long offset, long length, Patience patience)
      throws FileSystemException {
    patience.requireWaiting();
    ContentLoader.requireFile(cache, key, patience);
    requireRange(offset, length);
    holes.allocate(rider, key, offset + length);
  }

  /** See {@link io.bucketfs.core.vfs.FileSystem#deallocate}. */
  public void deallocate(Rider rider, InodeKey key, long offset, long length, Patience patience)
      throws FileSystemException {
    patience.requireWaiting();
    ContentLoader.requireFile(cache, key, patience);
    if (offset < 0 || length < 0) {
      throw new FileSystemException(FsError.INVALID);
    }
    holes.deallocate(
        rider,
        key,
        offset,
        length > Contents.FILE_BYTES_MAX - offset ? Contents.FILE_BYTES_MAX : offset + length);
  }

  /** See {@link io.bucketfs.core.vfs.FileSystem#clone}. */
  public void clone(Rider rider, FileRange from, InodeKey to, long toOffset, Patience patience)
      throws FileSystemException {
    patience.requireWaiting();
    sharing.cloneAll(job(rider, from, to, toOffset, true), patience);
  }

  /** See {@link io.bucketfs.core.vfs.FileSystem#copy}. */
  public long copy(Rider rider, FileRange from, InodeKey to, long toOffset, Patience patience)
      throws FileSystemException {
    patience.requireWaiting();
    return sharing.copyPart(job(rider, from, to, toOffset, false), patience);
  }

  private Sharing.Job job(Rider rider, FileRange from, InodeKey to, long toOffset, boolean whole)
      throws FileSystemException {
    var source = InodeKey.of(from.file());
    requireRange(from.offset(), from.length());
    requireRange(toOffset, from.length());
    var end = from.offset() + from.length();
    if (source.equals(to) && from.offset() < toOffset + from.length() && toOffset < end) {
      throw new FileSystemException(FsError.INVALID, "the ranges overlap");
    }
    ContentLoader.requireFile(cache, source, Patience.FOREVER);
    ContentLoader.requireFile(cache, to, Patience.FOREVER);
    try {
      if (contents.attributes(source, Patience.FOREVER).sizeBytes() < end) {
        throw new FileSystemException(FsError.INVALID, "the source is shorter");
      }
    } catch (IOException e) {
      throw Failures.ofDisk(e);
    }
    return new Sharing.Job(rider, source, from.offset(), to, toOffset, from.length(), whole);
  }

  private static void requireRange(long offset, long length) throws FileSystemException {
    if (offset < 0 || length < 0 || offset > Contents.FILE_BYTES_MAX - length) {
      throw new FileSystemException(FsError.FILE_TOO_BIG);
    }
  }

  /** See {@link io.bucketfs.core.vfs.FileSystem#willNeed}. */
  public void willNeed(InodeKey key, long offset, long length) {
    execution.fork(
        "will-need",
        () -> {
          var file = table.acquire(key);
          try {
            reader.willNeed(file, offset, offset + length);
          } catch (FileSystemException e) {
            LOG.debug("A hint came to nothing: {}", e.getMessage());
          } finally {
            table.release(file);
          }
        });
  }
}
