package io.bucketfs.core.writeback;

import io.bucketfs.core.store.Dirty;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
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

  /** What takes its turns apart from the rest, so that neither waits for the other. */
  enum Lane {
    /** Files and directories. */
    FILES,
    /** Those of a job of many objects that nobody waits for: they leave room to others. */
    BULK,
    /** Keys whose objects may have to go: these are cheap, and many go in one request. */
    KEYS
  }

  /** How far the parts of a job of many objects are. */
  static final class Parts {
    int running;
    int failing;
    int retried;
    @Nullable String reason;
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
    Lane queuedIn = Lane.FILES;
    Lane runningIn = Lane.FILES;
    long runningBytes;

    /** Why the last attempt came to nothing; null where it did not. */
    @Nullable String reason;

    List<Barrier> barriers = new ArrayList<>();
    List<Entry> waiting = new ArrayList<>();

    Entry(Subject subject) {
      this.subject = subject;
    }

    boolean isUrgent() {
      return urgent || !barriers.isEmpty();
    }

    Lane lane() {
      var mark = dirty;
      if (mark == null) {
        return Lane.FILES;
      }
      if (!subject.isInode() && !mark.subtree()) {
        return Lane.KEYS;
      }
      return mark.job() != 0 && !mark.subtree() && barriers.isEmpty() ? Lane.BULK : Lane.FILES;
    }
  }

  /** A place in the queue. */
  record Slot(long dueNanos, Entry entry) {}

  /** Marks up to this time are due, however short they have been idle. */
  long hurriedNanos;

  final Map<Subject, Entry> entries = new HashMap<>();
  private final Map<Lane, PriorityQueue<Slot>> slots = new EnumMap<>(Lane.class);
  private final Map<Lane, Integer> running = new EnumMap<>(Lane.class);
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
    var lane = entry.lane();
    if (dueNanos < entry.queuedAt || (lane != entry.queuedIn && dueNanos != NOT_QUEUED)) {
      entry.queuedAt = dueNanos;
      entry.queuedIn = lane;
      slots(lane).add(new Slot(dueNanos, entry));
    }
  }

  PriorityQueue<Slot> slots(Lane lane) {
    return slots.computeIfAbsent(
        lane, _ -> new PriorityQueue<>(Comparator.comparingLong(Slot::dueNanos)));
  }

  int running(Lane lane) {
    return running.getOrDefault(lane, 0);
  }

  /** Files and directories that are being exported. */
  int runningFiles() {
    return running(Lane.FILES) + running(Lane.BULK);
  }

  void started(Entry entry, Lane lane) {
    entry.running = true;
    entry.runningIn = lane;
    running.merge(lane, 1, Integer::sum);
    runningBytes += entry.runningBytes;
  }

  void ended(Entry entry) {
    entry.running = false;
    running.merge(entry.runningIn, -1, Integer::sum);
    runningBytes -= entry.runningBytes;
  }

  /** How far jobs of many objects are, by their numbers. Looks at all marks. */
  Map<Long, Parts> parts() {
    var found = new HashMap<Long, Parts>();
    for (var entry : entries.values()) {
      var mark = entry.dirty;
      if (mark == null || mark.job() == 0) {
        continue;
      }
      var parts = found.computeIfAbsent(mark.job(), _ -> new Parts());
      parts.running += entry.running ? 1 : 0;
      parts.failing += mark.failure() == null ? 0 : 1;
      parts.retried += entry.reason == null ? 0 : 1;
      if (mark.failure() != null) {
        parts.reason = mark.failure();
      } else if (parts.reason == null) {
        parts.reason = entry.reason;
      }
    }
    return found;
  }

  Figures figures() {
    return files == 0 ? Figures.NONE : new Figures(files, dirtyBytes, failing, since.firstKey());
  }

  /** Bytes that S3 does not have. Any thread. */
  long dirtyBytes() {
    return dirtyBytes;
  }
}
