package io.bucketfs.core.content;

import io.bucketfs.core.content.References.Reference;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import org.jspecify.annotations.Nullable;

/**
 * Counts what of the extent files does not make way: dirty bytes, and pinned ones up to what may be
 * pinned. Used by the evictor's task only.
 */
final class KeptBytes {
  /**
   * How often what is pinned is counted, at most, and how much longer than that took is between.
   */
  private static final Duration COUNT_EVERY = Duration.ofSeconds(10);

  private static final int COUNT_SHARE = 20;

  private final ExtentStore extents;
  private final MetadataCache cache;
  private final Pins pins;
  private final DiskSpace space;
  private final Execution execution;

  /** Pinned bytes above what may be pinned. */
  private long excessPinnedBytes;

  private long pinsCountedAgain = Long.MIN_VALUE;

  KeptBytes(
      ExtentStore extents, MetadataCache cache, Pins pins, DiskSpace space, Execution execution) {
    this.extents = extents;
    this.cache = cache;
    this.pins = pins;
    this.space = space;
    this.execution = execution;
  }

  /**
   * What of a file does not make way.
   *
   * @param dirty at most
   * @param pinned what of the rest stays since it is pinned
   * @param unpinned what is pinned, but more than may be
   */
  record Kept(long dirty, long pinned, long unpinned) {}

  /** Counts what is pinned, now and then; not at all where nothing is. */
  void countPins() throws IOException {
    var began = execution.nanoTime();
    if (pins.isEmpty()) {
      excessPinnedBytes = 0;
      space.pinned(0);
      return;
    }
    if (began < pinsCountedAgain) {
      return;
    }
    var bytes = 0L;
    for (var file : extents.files()) {
      bytes += count(file.file()).pinned;
    }
    space.pinned(bytes);
    excessPinnedBytes = Math.max(0, bytes - space.pinnedBytesMax());
    var now = execution.nanoTime();
    pinsCountedAgain = now + Math.max(COUNT_EVERY.toNanos(), COUNT_SHARE * (now - began));
  }

  /** What of a file does not make way now. */
  Kept of(long file) throws IOException {
    var kept = count(file);
    var pinned = Math.max(0, kept.pinned - excessPinnedBytes);
    return new Kept(kept.dirty, pinned, kept.pinned - pinned);
  }

  /** Notes that a file is evicted. */
  void evicted(Kept kept) {
    excessPinnedBytes -= kept.unpinned;
  }

  /** Counts what is dirty, at most, and what of the rest is pinned, as if all might be. */
  private Kept count(long file) throws IOException {
    var dirty = 0L;
    var pinned = 0L;
    var isPinned = new HashMap<InodeKey, Boolean>();
    for (var reference : References.of(cache.store(), file, Integer.MAX_VALUE)) {
      var content = contentOf(reference);
      if (content == null) {
        continue;
      }
      var holds = isPinned.get(reference.inode());
      if (holds == null) {
        holds = pins.holds(reference.inode());
        isPinned.put(reference.inode(), holds);
      }
      var extent = content.isDirty() || holds ? extentOf(reference) : null;
      if (extent == null) {
        continue;
      }
      if (!content.hasInBase(extent)) {
        dirty += extent.length();
      } else if (holds) {
        pinned += extent.length();
      }
    }
    return new Kept(dirty, pinned, 0);
  }

  private @Nullable Content contentOf(Reference reference) throws IOException {
    var inode = cache.inode(reference.inode(), Patience.FOREVER);
    var content = inode == null ? null : inode.content();
    return content == null || content.id() != reference.content() ? null : content;
  }

  private @Nullable Extent extentOf(Reference reference) throws IOException {
    var key = Keys.extent(reference.inode().mount(), reference.content(), reference.offset());
    var stored = cache.store().get(Family.EXTENTS, key);
    return stored == null ? null : Extent.ofEntry(new Entry(key, stored));
  }
}
