package io.bucketfs.core.local;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;

/**
 * The bytes of one file of a {@link ForgetfulDisk}, page by page: as programs see them, and as the
 * medium holds them. A page that is in neither map is all zeros. Not thread-safe.
 */
final class ForgetfulFile {
  private static final int PAGE_BYTES = 4096;
  private static final int SECTOR_BYTES = 512;

  private final Map<Long, byte[]> seen = new HashMap<>();
  private final Map<Long, byte[]> durable = new HashMap<>();

  /** Pages that the next sync must write; after a failed one the kernel no longer knows of them. */
  private final TreeSet<Long> dirty = new TreeSet<>();

  /** Pages that differ from the medium, whether or not a sync would still write them. */
  private final TreeSet<Long> unsaved = new TreeSet<>();

  private long size;
  private long durableSize;

  long size() {
    return size;
  }

  void write(long position, byte[] bytes, int length, BooleanSupplier writtenBack) {
    for (var done = 0; done < length; ) {
      var page = (position + done) / PAGE_BYTES;
      var within = (int) ((position + done) % PAGE_BYTES);
      var part = Math.min(PAGE_BYTES - within, length - done);
      // The medium may share the page, hence the copy.
      var changed = page(seen, page).clone();
      System.arraycopy(bytes, done, changed, within, part);
      seen.put(page, changed);
      dirty.add(page);
      unsaved.add(page);
      if (writtenBack.getAsBoolean()) {
        save(page);
      }
      done += part;
    }
    if (length > 0) {
      size = Math.max(size, position + length);
    }
  }

  int read(long position, ByteBuffer target) {
    var length = Math.clamp(size - position, 0, target.remaining());
    for (var done = 0; done < length; ) {
      var page = (position + done) / PAGE_BYTES;
      var within = (int) ((position + done) % PAGE_BYTES);
      var part = Math.min(PAGE_BYTES - within, length - done);
      target.put(page(seen, page), within, part);
      done += part;
    }
    return length;
  }

  void sync() {
    for (var page : dirty) {
      durable.put(page, page(seen, page));
      unsaved.remove(page);
    }
    dirty.clear();
    durableSize = size;
    var last = size / PAGE_BYTES;
    durable.keySet().removeIf(page -> page > last);
  }

  /** Saves some pages and forgets of the others that they were ever to be saved. */
  void failSync(SplittableRandom random) {
    for (var page : dirty) {
      if (random.nextBoolean()) {
        durable.put(page, page(seen, page));
        unsaved.remove(page);
      }
    }
    dirty.clear();
  }

  void flipBit(long position, int bit) {
    var page = position / PAGE_BYTES;
    var within = (int) (position % PAGE_BYTES);
    for (var state : List.of(seen, durable)) {
      var changed = page(state, page).clone();
      changed[within] ^= (byte) (1 << bit);
      state.put(page, changed);
    }
  }

  /** Cuts it as programs do; the medium follows with the next sync. */
  void shorten(long newSize) {
    size = Math.min(size, newSize);
    var last = size / PAGE_BYTES;
    seen.keySet().removeIf(page -> page > last);
    var end = seen.get(last);
    if (end != null) {
      seen.put(last, Arrays.copyOf(Arrays.copyOf(end, (int) (size % PAGE_BYTES)), PAGE_BYTES));
    }
    dirty.tailSet(last + 1).clear();
    unsaved.tailSet(last + 1).clear();
  }

  /** Cuts it on the medium and in every cache. */
  void truncate(long newSize) {
    size = Math.min(size, newSize);
    durableSize = size;
    dirty.clear();
    unsaved.clear();
    forgetBeyondEnd();
  }

  /** The file that is found after the power came back. */
  ForgetfulFile afterPowerLoss(SplittableRandom random) {
    var next = new ForgetfulFile();
    next.durable.putAll(durable);
    for (var page : unsaved) {
      switch (random.nextInt(4)) {
        case 0 -> next.durable.put(page, page(seen, page));
        case 1 -> next.durable.put(page, torn(page, random));
        default -> {}
      }
    }
    next.seen.putAll(next.durable);
    next.size =
        switch (random.nextInt(3)) {
          case 0 -> size;
          case 1 -> durableSize;
          default ->
              size == durableSize
                  ? size
                  : random.nextLong(Math.min(size, durableSize), Math.max(size, durableSize));
        };
    next.forgetBeyondEnd();
    next.durableSize = next.size;
    return next;
  }

  private byte[] torn(long page, SplittableRandom random) {
    var result = page(durable, page).clone();
    var now = page(seen, page);
    for (var at = 0; at < PAGE_BYTES; at += SECTOR_BYTES) {
      if (random.nextBoolean()) {
        System.arraycopy(now, at, result, at, SECTOR_BYTES);
      }
    }
    return result;
  }

  private void forgetBeyondEnd() {
    var last = size / PAGE_BYTES;
    seen.keySet().removeIf(page -> page > last);
    var end = seen.get(last);
    if (end != null) {
      var cut = new byte[PAGE_BYTES];
      System.arraycopy(end, 0, cut, 0, (int) (size % PAGE_BYTES));
      seen.put(last, cut);
    }
    durable.clear();
    durable.putAll(seen);
  }

  private void save(long page) {
    durable.put(page, page(seen, page));
    dirty.remove(page);
    unsaved.remove(page);
  }

  private static byte[] page(Map<Long, byte[]> state, long page) {
    var bytes = state.get(page);
    return bytes == null ? new byte[PAGE_BYTES] : bytes;
  }
}
