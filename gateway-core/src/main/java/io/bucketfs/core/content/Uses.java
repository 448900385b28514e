package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.store.Extent;
import java.util.Map;
import java.util.NavigableSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What bytes on the local disk are worth to their readers: about how often they are used, which is
 * one over the time until they are used again. That time is taken to be the last one between two
 * uses, or, where it is longer already, the time since the last use. What was used once only is
 * worth less than anything that was used twice within a few times what the disk holds, and the less
 * the longer ago that was. So a scan is worth little; what is read again and again, in whatever
 * order, is worth the same wherever in its turn the reader is.
 *
 * <p>Time is counted in bytes that are used, in steps of a part of the disk cap; more than one use
 * of the same bytes in a step is one. Notes are kept for slots of extent files, and for some time
 * for what was dropped, so that the next fetch of it ends an interval too. They are in memory only,
 * bounded, and about right: two threads that note at once may undo one another.
 */
final class Uses {
  /** Steps of the clock while as much is used as the disk holds. */
  private static final int STEPS = 64;

  /** After how many steps something is expected to be used again that was used once. */
  private static final int ONCE = 4 * STEPS;

  private static final int SLOT_BYTES_MIN = 16 << 10;
  private static final int SLOT_BYTES_MAX = 1 << 20;

  /** Slots for all of the disk, about. */
  private static final int SLOTS = 1 << 20;

  private static final int DROPPED_MIN = 1 << 12;
  private static final int DROPPED_MAX = 1 << 21;

  /** What was dropped is known by such parts of a content. */
  private static final int DROPPED_SHIFT = 20;

  private static final int LOW = 0xffff;

  private final int slotBytes;
  private final Map<Long, Marks> files = new ConcurrentHashMap<>();

  /** By the low bits of a hash: other bits of it, and the step of the last use. */
  private final AtomicIntegerArray dropped;

  private final AtomicLong usedInStep = new AtomicLong();
  private volatile int step = 1;

  private volatile long stepBytes;

  Uses(long bytes) {
    stepBytes = bytes / STEPS;
    slotBytes = Math.clamp(bytes / SLOTS, SLOT_BYTES_MIN, SLOT_BYTES_MAX);
    var size = Math.clamp(bytes / SLOT_BYTES_MIN, DROPPED_MIN, DROPPED_MAX);
    dropped = new AtomicIntegerArray(Integer.highestOneBit(size));
  }

  /**
   * The notes of one extent file: of each slot the step of the last use, 0 for none, and above it
   * the steps between the last two.
   */
  private static final class Marks {
    private final int since;
    private final ReentrantLock growing = new ReentrantLock();
    private volatile AtomicIntegerArray slots = new AtomicIntegerArray(16);

    Marks(int since) {
      this.since = since;
    }

    int get(int slot) {
      var now = slots;
      return slot < now.length() ? now.getPlain(slot) : 0;
    }

    void set(int slot, int mark) {
      if (slot >= slots.length()) {
        grow(slot);
      }
      slots.setPlain(slot, mark);
    }

    private void grow(int slot) {
      growing.lock();
      try {
        var before = slots;
        if (slot < before.length()) {
          return;
        }
        var after = new AtomicIntegerArray(Math.max(slot + 1, 2 * before.length()));
        for (var i = 0; i < before.length(); i++) {
          after.setPlain(i, before.get(i));
        }
        slots = after;
      } finally {
        growing.unlock();
      }
    }
  }

  /**
   * What a file, or a part of one, is worth.
   *
   * @param perByte uses in a step
   * @param isReused whether most of it was used more than once
   */
  record Worth(double perByte, boolean isReused) {}

  private Marks marks(long file) {
    var present = files.get(file);
    return present != null ? present : files.computeIfAbsent(file, _ -> new Marks(step));
  }

  /** Notes a use of a part of a record. */
  void used(ExtentRecord record, int skip, int length) {
    var marks = marks(record.file());
    var begin = record.position() + skip;
    var last = lastSlot(begin, length);
    for (var slot = firstSlot(begin, length); slot <= last; slot++) {
      var mark = marks.get(slot);
      var now = step;
      if ((mark & LOW) != now) {
        marks.set(slot, now | interval(mark, now) << 16);
        advance();
      }
    }
  }

  /** The first of the slots that are bytes': those of which they have half, at least one. */
  private int firstSlot(long position, long length) {
    var first = (position + slotBytes / 2) / slotBytes;
    return (int) Math.min(first, (position + length / 2) / slotBytes);
  }

  private int lastSlot(long position, long length) {
    var end = (position + length + slotBytes / 2) / slotBytes;
    return (int) Math.max(end - 1, firstSlot(position, length));
  }

  private static int interval(int mark, int now) {
    return (mark & LOW) == 0 ? 0 : age(mark & LOW, now);
  }

  /** Steps since another one; they are counted round, without 0. */
  private static int age(int then, int now) {
    return Math.floorMod(now - then, LOW);
  }

  private void advance() {
    if (usedInStep.addAndGet(slotBytes) >= stepBytes) {
      usedInStep.set(0);
      step = step % LOW + 1;
    }
  }

  /** Notes that a record was fetched: what was used before it was dropped is used again. */
  void fetched(ExtentRecord record, long offset) {
    var then = lastUse(record.mount(), record.content(), offset);
    if (then != 0) {
      setAll(record, then);
    } else {
      var _ = marks(record.file());
    }
  }

  private void setAll(ExtentRecord record, int mark) {
    var marks = marks(record.file());
    var last = lastSlot(record.position(), record.length());
    for (var slot = firstSlot(record.position(), record.length()); slot <= last; slot++) {
      marks.set(slot, mark);
    }
  }

  /** Notes that a part of a record was appended again. */
  void copied(ExtentRecord from, int skip, ExtentRecord to) {
    var marks = files.get(from.file());
    if (marks == null) {
      return;
    }
    var best = 0;
    var begin = from.position() + skip;
    var last = lastSlot(begin, to.length());
    for (var slot = firstSlot(begin, to.length()); slot <= last; slot++) {
      var mark = marks.get(slot);
      if (best == 0 || (mark != 0 && worth(mark, step, step) > worth(best, step, step))) {
        best = mark;
      }
    }
    setAll(to, best);
  }

  /** Notes that an extent is dropped, and may be fetched again. */
  void dropped(int mount, long content, Extent extent) {
    var record = extent.requireRecord();
    var marks = files.get(record.file());
    if (marks == null) {
      return;
    }
    var last = marks.get(firstSlot(record.position() + extent.skip(), extent.length())) & LOW;
    if (last != 0) {
      for (var part = extent.offset() >> DROPPED_SHIFT;
          part <= (extent.end() - 1) >> DROPPED_SHIFT;
          part++) {
        var hash = hash(mount, content, part);
        dropped.setPlain(index(hash), last | (int) (hash >>> 48) << 16);
      }
    }
  }

  private int lastUse(int mount, long content, long offset) {
    var hash = hash(mount, content, offset >> DROPPED_SHIFT);
    var found = dropped.getPlain(index(hash));
    return found >>> 16 == hash >>> 48 ? found & LOW : 0;
  }

  private int index(long hash) {
    return (int) hash & (dropped.length() - 1);
  }

  private static long hash(int mount, long content, long part) {
    var mixed = (content * 31 + mount) * 0x9e3779b97f4a7c15L + part;
    mixed = (mixed ^ mixed >>> 32) * 0xd6e8feb86659fd93L;
    mixed = (mixed ^ mixed >>> 32) * 0xd6e8feb86659fd93L;
    return mixed ^ mixed >>> 32;
  }

  private static double worth(int mark, int since, int now) {
    var last = mark & LOW;
    var age = age(last == 0 ? since : last, now);
    var interval = mark >>> 16;
    return 1.0 / (interval == 0 ? ONCE + age : Math.max(interval, age));
  }

  /** What a file is worth. */
  Worth worth(long file, long sizeBytes) {
    return worth(marks(file), 0, sizeBytes);
  }

  /** What an extent is worth. */
  Worth worth(Extent extent) {
    var record = extent.requireRecord();
    return worth(marks(record.file()), record.position() + extent.skip(), extent.length());
  }

  private Worth worth(Marks marks, long position, long length) {
    var now = step;
    var first = firstSlot(position, length);
    var count = lastSlot(position, length) - first + 1;
    var sum = 0.0;
    var reused = 0;
    for (var slot = first; slot < first + count; slot++) {
      var mark = marks.get(slot);
      sum += worth(mark, marks.since, now);
      if (mark >>> 16 != 0) {
        reused++;
      }
    }
    return new Worth(sum / count, 2 * reused > count);
  }

  /**
   * Sets what the disk holds, and forgets the files that are gone.
   *
   * @param present those that are there; newer ones may have begun meanwhile
   */
  void retain(NavigableSet<Long> present, long bytesMax) {
    stepBytes = bytesMax / STEPS;
    files.keySet().removeIf(file -> !present.contains(file) && present.higher(file) != null);
  }
}
