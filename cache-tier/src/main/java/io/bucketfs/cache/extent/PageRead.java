package io.bucketfs.cache.extent;

import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.vfs.DiskRead;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A read of pages that nobody waits for. Where it fails, whatever the reason, nothing is there to
 * be taken, and whoever repeats it in place finds out.
 *
 * <p>Used by one thread at a time.
 */
final class PageRead implements DiskRead {
  private final PageReader reader;
  private final Pages pages;
  private final int[] sums;

  /** What was read, or is being read. */
  private @Nullable DiskMemory memory;

  /** Whether it was read, and is what it should be. */
  private volatile boolean intact;

  /**
   * @param sums of the pages of the record
   */
  PageRead(PageReader reader, Pages pages, int... sums) {
    this.reader = reader;
    this.pages = pages;
    this.sums = sums;
  }

  @Override
  public boolean begin(Runnable ended) {
    var target = reader.allocate(pages);
    memory = target;
    var begun = reader.begin(pages, target, bytes -> end(target, bytes, ended));
    if (!begun) {
      release();
    }
    return begun;
  }

  private void end(DiskMemory target, long bytes, Runnable ended) {
    try {
      intact = bytes == pages.bytes() && isIntact(target);
    } finally {
      reader.ended(pages);
      ended.run();
    }
  }

  private boolean isIntact(DiskMemory target) {
    try {
      pages.requireIntact(target.buffer(), target.start(), sums);
      return true;
    } catch (CorruptExtentException e) {
      return false; // who reads it in place is told
    }
  }

  /** What was read, once, if it is that; the receiver releases it. */
  @Nullable ByteBuf take(Pages wanted) {
    var read = memory;
    if (read == null || !intact || !wanted.equals(pages)) {
      return null;
    }
    memory = null;
    var index = read.start() + pages.partIndex();
    return read.buffer().setIndex(index, index + pages.length());
  }

  @Override
  public void release() {
    if (memory != null) {
      memory.buffer().release();
      memory = null;
    }
  }
}
