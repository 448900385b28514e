package io.bucketfs.core.writeback;

import io.bucketfs.core.store.Dirty;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The dirty marks of one mount by due time, and the figures that are reported of them. Used under
 * the lock of {@link Schedule}, but for {@link #dirtyBytes}.
 */
final class MountQueue {
  static final long NOT_QUEUED = Long.MAX_VALUE;

  /**
   * How big something that is dirty is.
   *
   * @param uploadBytes what an export of it sends
   * @param dirtyBytes what of it S3 does not have
   */
  record Size(long uploadBytes, long dirtyBytes) {
    static final Size NONE = new Size(0, 0);
  }

  /** How much of a mount is not in the bucket. */
  record Figures(long files, long bytes, long failing, long oldestNanos) {
    static final Figures NONE = new Figures(0, 0, 0, 0);
  }

  /** Something that is dirty or is being exported. */
  static final class Entry {
    final Subject subject;
    @Nullable Dirty dirty;
    Size size = Size.NONE;
    long changes;
    boolean running;
    boolean urgent;
    int attempts;
    long notBeforeNanos;
    long queuedAt = NOT_QUEUED;
    long runningBytes;
    List<Barrier> barriers = new ArrayList<>();
    List<Entry> waiting = new ArrayList<>();

    Entry(Subject subject) {
      this.subject = subject;
    }

    boolean isUrgent() {
      return urgent || !barriers.isEmpty();
    }
  }

  /** A place in the queue. */
  record Slot(long dueNanos, Entry entry) {}

  /** Marks up to this time are due, however short they have been idle. */
  long hurriedNanos;

  final Map<Subject, Entry> entries = new HashMap<>();
  final PriorityQueue<Slot> slots = new PriorityQueue<>(Comparator.comparingLong(Slot::dueNanos));
  int running;
  long runningBytes;

  /** Of them, those that hold bytes. */
  private long holders;

  private final TreeMap<Long, Integer> since = new TreeMap<>();
  private long files;
  private long failing;

  /** Written under the lock. */
  private volatile long dirtyBytes;

  /** Gives an entry its mark, or with null takes it away. */
  void set(Entry entry, @Nullable Dirty dirty, Size size) {
    var old = entry.dirty;
    if (old != null) {
      files--;
      failing -= old.failure() == null ? 0 : 1;
      since.computeIfPresent(old.sinceNanos(), (_, count) -> count == 1 ? null : count - 1);
    }
    var now = dirty == null ? Size.NONE : size;
    var bytes = dirtyBytes + now.dirtyBytes - entry.size.dirtyBytes;
    holders += (now.dirtyBytes > 0 ? 1 : 0) - (entry.size.dirtyBytes > 0 ? 1 : 0);
    dirtyBytes = bytes;
    entry.changes++;
    entry.dirty = dirty;
    entry.size = now;
    if (dirty != null) {
      files++;
      failing += dirty.failure() == null ? 0 : 1;
      since.merge(dirty.sinceNanos(), 1, Integer::sum);
      if (dirty.failure() == null && dirty.attempts() == 0) {
        entry.attempts = 0;
        entry.notBeforeNanos = 0;
      }
    }
  }

  /**
   * Whether an entry holds at least half as many dirty bytes as the average of those that hold any.
   * All that do hold half of the bytes, so that to export them makes room whatever is written.
   */
  boolean isWorthHurrying(Entry entry) {
    return entry.size.dirtyBytes > 0 && entry.size.dirtyBytes * 2 >= dirtyBytes / holders;
  }

  /** Queues an entry, unless it is queued for an earlier time. */
  void add(Entry entry, long dueNanos) {
    if (dueNanos < entry.queuedAt) {
      entry.queuedAt = dueNanos;
      slots.add(new Slot(dueNanos, entry));
    }
  }

  Figures figures() {
    return files == 0 ? Figures.NONE : new Figures(files, dirtyBytes, failing, since.firstKey());
  }

  /** Bytes that S3 does not have. Any thread. */
  long dirtyBytes() {
    return dirtyBytes;
  }
}
