package io.bucketfs.core.writeback;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Dirty;
import io.bucketfs.core.writeback.MountQueue.Entry;
import io.bucketfs.core.writeback.MountQueue.Lane;
import io.bucketfs.core.writeback.MountQueue.Parts;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * When what is exported. Holds every dirty mark in memory, with the figures that are reported of
 * them.
 *
 * <p>Each mount has a queue by due time. A mark that moves its due time back stays where it is and
 * is put back when it is met too early, so that a write to a file that is dirty already costs
 * nothing; one that moves it forward adds a second place in the queue and the first is skipped.
 *
 * <p>Any thread. The lock is held for map and queue operations only; exports start outside of it.
 */
final class Schedule {
  /** Does the work for one subject; the flag says whether somebody waits for it. */
  @FunctionalInterface
  interface Worker {
    Attempt export(Subject subject, boolean urgent);
  }

  /** A mark, for the report. */
  record Marked(Subject subject, Dirty dirty, long bytes) {}

  /** How long something that is blocked waits before it looks again by itself, the first time. */
  private static final Duration BLOCKED_MAX = Duration.ofSeconds(5);

  /** How many times as long it waits at most. */
  private static final int BLOCKED_FACTOR = 12;

  /** How often something is woken in a row; then it looks again only after {@link #BLOCKED_MAX}. */
  private static final int WAKES_MAX = 16;

  private static final Duration HURRY_PAUSE = Duration.ofSeconds(1);

  /** How long what would make little room has to be idle where room is needed. */
  private static final Duration HURRIED_IDLE = Duration.ofSeconds(2);

  private static final int SHIFT_MAX = 20;

  private final Execution execution;
  private final WritebackLimits limits;
  private final Function<Integer, Mount.@Nullable Policy> policies;
  private final IntUnaryOperator removalsMax;
  private final Worker worker;
  private final ReentrantLock lock = new ReentrantLock();

  /** Changed under the lock only. */
  private final Map<Integer, MountQueue> mounts = new ConcurrentHashMap<>();

  @GuardedBy("lock")
  private long timerAt = MountQueue.NOT_QUEUED;

  @GuardedBy("lock")
  private Execution.@Nullable Task timer;

  @GuardedBy("lock")
  private boolean open;

  @GuardedBy("lock")
  private @Nullable CompletableFuture<Boolean> drained;

  @GuardedBy("lock")
  private int running;

  /** Bytes of the exports that run, of all mounts. */
  @GuardedBy("lock")
  private long runningBytes;

  /**
   * @param policies the policy of a mount, or null where it is not served
   * @param removalsMax how many keys of a mount are worked on at a time
   */
  Schedule(
      Execution execution,
      WritebackLimits limits,
      Function<Integer, Mount.@Nullable Policy> policies,
      IntUnaryOperator removalsMax,
      Worker worker) {
    this.execution = execution;
    this.limits = limits;
    this.policies = policies;
    this.removalsMax = removalsMax;
    this.worker = worker;
  }

  // Marks.

  /** Takes note of a mark, or with null that there is none any longer. */
  void changed(Subject subject, @Nullable Dirty dirty, MountQueue.Size size) {
    lock.lock();
    try {
      var queue = mounts.computeIfAbsent(subject.mount(), _ -> new MountQueue());
      var entry = queue.entries.get(subject);
      if (entry == null) {
        if (dirty == null) {
          return;
        }
        entry = new Entry(subject);
        queue.entries.put(subject, entry);
      }
      queue.set(entry, dirty, size);
      settle(queue, entry);
    } finally {
      lock.unlock();
    }
    pump();
  }

  /** Adds a mark that was found on disk, unless it is known. */
  void loaded(Subject subject, Dirty dirty, MountQueue.Size size) {
    lock.lock();
    try {
      var queue = mounts.computeIfAbsent(subject.mount(), _ -> new MountQueue());
      if (queue.entries.containsKey(subject)) {
        return;
      }
      var entry = new Entry(subject);
      queue.entries.put(subject, entry);
      queue.set(entry, dirty, size);
      settle(queue, entry);
    } finally {
      lock.unlock();
    }
  }

  /** Makes one subject due that is dirty; before {@link #open}. */
  void hurry(Subject subject) {
    lock.lock();
    try {
      var queue = mounts.get(subject.mount());
      var entry = queue == null ? null : queue.entries.get(subject);
      if (queue != null && entry != null) {
        entry.urgent = true;
        settle(queue, entry);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Queues an entry that is dirty and removes one that is not, unless it is being exported. */
  @GuardedBy("lock")
  private void settle(MountQueue queue, Entry entry) {
    if (entry.running) {
      return;
    }
    if (entry.dirty != null) {
      enqueue(queue, entry);
      return;
    }
    queue.entries.remove(entry.subject, entry);
    entry.barriers.forEach(Barrier::finished);
    entry.barriers = new ArrayList<>();
    wake(entry);
  }

  @GuardedBy("lock")
  private void wake(Entry entry) {
    var waiting = entry.waiting;
    entry.waiting = new ArrayList<>();
    for (var other : waiting) {
      if (other.attempts < WAKES_MAX) {
        other.notBeforeNanos = 0;
      }
      var queue = mounts.get(other.subject.mount());
      if (queue != null && other.dirty != null && !other.running) {
        enqueue(queue, other);
      }
    }
  }

  @GuardedBy("lock")
  private void enqueue(MountQueue queue, Entry entry) {
    queue.add(entry, due(entry));
  }

  @GuardedBy("lock")
  private long due(Entry entry) {
    var dirty = entry.dirty;
    var policy = policies.apply(entry.subject.mount());
    if (dirty == null || policy == null) {
      return MountQueue.NOT_QUEUED;
    }
    if (entry.isUrgent()) {
      return entry.notBeforeNanos;
    }
    var least = Math.max(entry.notBeforeNanos, dirty.notBeforeNanos());
    var queue = mounts.get(entry.subject.mount());
    var idle = dirty.changedNanos() + policy.writebackIdle().toNanos();
    if (queue != null && dirty.sinceNanos() <= queue.hurriedNanos) {
      if (queue.isWorthHurrying(entry)) {
        return least;
      }
      idle = Math.min(idle, dirty.changedNanos() + HURRIED_IDLE.toNanos());
    }
    var late = dirty.sinceNanos() + policy.writebackMaxAge().toNanos();
    return Math.max(Math.min(idle, late), least);
  }

  // Running.

  /** Lets exports start. */
  void open() {
    lock.lock();
    try {
      open = true;
    } finally {
      lock.unlock();
    }
    pump();
  }

  /** Starts what is due and sets the timer for what will be. */
  private void pump() {
    var starting = new ArrayList<Entry>();
    lock.lock();
    try {
      if (!open) {
        return;
      }
      var now = Committer.nanos(execution.now());
      var next = MountQueue.NOT_QUEUED;
      for (var mount : mounts.entrySet()) {
        for (var lane : Lane.values()) {
          next = Math.min(next, take(mount.getKey(), mount.getValue(), lane, now, starting));
        }
      }
      arm(now, next);
    } finally {
      lock.unlock();
    }
    starting.forEach(entry -> execution.fork("export", () -> run(entry)));
  }

  /** Takes what is due from a lane; when to look again. */
  @GuardedBy("lock")
  private long take(int mount, MountQueue queue, Lane lane, long now, List<Entry> starting) {
    var slots = queue.slots(lane);
    var later = MountQueue.NOT_QUEUED;
    while (true) {
      var slot = slots.peek();
      if (slot == null) {
        return later;
      }
      var entry = slot.entry();
      var isItsPlace = slot.dueNanos() == entry.queuedAt && lane == entry.queuedIn;
      if (!isItsPlace || entry.running || entry.dirty == null) {
        slots.remove();
        if (isItsPlace) {
          entry.queuedAt = MountQueue.NOT_QUEUED;
        }
        continue;
      }
      if (slot.dueNanos() > now) {
        return Math.min(later, slot.dueNanos());
      }
      var due = due(entry);
      if (due > now) {
        slots.remove();
        entry.queuedAt = MountQueue.NOT_QUEUED;
        queue.add(entry, due);
        later = Math.min(later, due);
        continue;
      }
      if (isFull(mount, queue, lane, onTheirWay(entry))) {
        return later;
      }
      slots.remove();
      entry.queuedAt = MountQueue.NOT_QUEUED;
      entry.runningBytes = onTheirWay(entry);
      queue.started(entry, lane);
      running++;
      runningBytes += entry.runningBytes;
      starting.add(entry);
    }
  }

  @GuardedBy("lock")
  private boolean isFull(int mount, MountQueue queue, Lane lane, long bytes) {
    var files = queue.runningFiles();
    var noRoom =
        files >= limits.underWayPerMountMax()
            || (files > 0
                && (queue.runningBytes + bytes > limits.bytesPerMountMax()
                    || runningBytes + bytes > limits.bytesMax()));
    return switch (lane) {
      case FILES -> noRoom;
      case BULK -> noRoom || queue.running(lane) >= limits.bulkPerMountMax();
      case KEYS -> queue.running(lane) >= removalsMax.applyAsInt(mount);
    };
  }

  /** Of a file that is written in parts, only some are on their way at a time. */
  private long onTheirWay(Entry entry) {
    return limits.multipart().bytesOnTheirWay(entry.size.uploadBytes());
  }

  @GuardedBy("lock")
  private void arm(long now, long next) {
    if (next >= timerAt) {
      return;
    }
    if (timer != null) {
      timer.cancel();
    }
    timerAt = next;
    timer =
        execution.schedule(
            Duration.ofNanos(Math.max(0, next - now)), "writeback-timer", () -> ring(next));
  }

  private void ring(long at) {
    lock.lock();
    try {
      if (timerAt == at) {
        timerAt = MountQueue.NOT_QUEUED;
        timer = null;
      }
    } finally {
      lock.unlock();
    }
    pump();
  }

  private void run(Entry entry) {
    List<Barrier> barriers;
    boolean urgent;
    long changes;
    lock.lock();
    try {
      urgent = entry.isUrgent();
      barriers = entry.barriers;
      entry.barriers = new ArrayList<>();
      changes = entry.changes;
    } finally {
      lock.unlock();
    }
    Attempt attempt = new Attempt.Later("the export ended unexpectedly", Duration.ZERO);
    try {
      attempt = worker.export(entry.subject, urgent);
    } finally {
      finished(entry, attempt, barriers, changes);
    }
  }

  private void finished(Entry entry, Attempt attempt, List<Barrier> barriers, long changes) {
    lock.lock();
    try {
      running--;
      runningBytes -= entry.runningBytes;
      var queue = mounts.get(entry.subject.mount());
      if (queue == null) {
        entry.running = false;
        barriers.forEach(Barrier::finished);
      } else {
        queue.ended(entry);
        conclude(queue, entry, attempt, barriers, changes);
      }
      if (drained != null && running == 0) {
        drained.complete(true);
      }
    } finally {
      lock.unlock();
    }
    pump();
  }

  @GuardedBy("lock")
  private void conclude(
      MountQueue queue, Entry entry, Attempt attempt, List<Barrier> barriers, long changes) {
    switch (attempt) {
      case Attempt.Clean _ -> {
        if (entry.changes == changes) {
          queue.set(entry, null, MountQueue.Size.NONE);
        }
        succeeded(entry, barriers);
      }
      case Attempt.Done done -> {
        for (var subject : done.derived()) {
          for (var barrier : barriers) {
            cover(queue.entries.get(subject), barrier);
          }
        }
        succeeded(entry, barriers);
      }
      case Attempt.Failing failing -> {
        entry.urgent = false;
        entry.reason = failing.reason();
        barriers.forEach(barrier -> barrier.failed(entry.subject, failing.reason()));
        failWaiting(entry, failing.reason());
      }
      case Attempt.Later later -> {
        entry.barriers.addAll(barriers);
        entry.reason = later.reason();
        entry.notBeforeNanos =
            now() + Math.max(backoff(entry.attempts++), later.atLeast().toNanos());
      }
      case Attempt.Blocked blocked -> {
        entry.barriers.addAll(barriers);
        block(queue, entry, blocked);
      }
    }
    settle(queue, entry);
  }

  /** Nobody is kept waiting for what waits, maybe through others, for something that fails. */
  @GuardedBy("lock")
  private void failWaiting(Entry failing, String reason) {
    var seen = new HashSet<Entry>();
    var next = new ArrayDeque<Entry>(failing.waiting);
    while (!next.isEmpty()) {
      var other = next.remove();
      if (seen.add(other)) {
        var waiting = other.barriers;
        other.barriers = new ArrayList<>();
        waiting.forEach(
            barrier -> barrier.failed(other.subject, "something else goes first: " + reason));
        next.addAll(other.waiting);
      }
    }
  }

  @GuardedBy("lock")
  private void succeeded(Entry entry, List<Barrier> barriers) {
    entry.urgent = false;
    entry.reason = null;
    entry.attempts = 0;
    entry.notBeforeNanos = 0;
    barriers.forEach(Barrier::finished);
    wake(entry);
  }

  @GuardedBy("lock")
  private void block(MountQueue queue, Entry entry, Attempt.Blocked blocked) {
    entry.notBeforeNanos = now() + backoff(entry.attempts++);
    var by = queue.entries.get(blocked.by());
    if (by == null || by == entry) {
      return;
    }
    // It is woken, as a rule; a job of many objects must not look all the time.
    entry.notBeforeNanos = now() + BLOCKED_MAX.toNanos() * Math.min(entry.attempts, BLOCKED_FACTOR);
    if (!by.waiting.contains(entry)) {
      by.waiting.add(entry);
    }
    if ((blocked.urgent() || entry.isUrgent()) && !by.urgent) {
      by.urgent = true;
      by.notBeforeNanos = 0;
      settle(queue, by);
    }
  }

  private long now() {
    return Committer.nanos(execution.now());
  }

  private long backoff(int attempts) {
    var full =
        Math.min(
            limits.backoffMax().toNanos(),
            limits.backoffMin().toNanos() << Math.min(attempts, SHIFT_MAX));
    return full / 2 + Math.floorMod(execution.randomLong(), full / 2 + 1);
  }

  // Barriers.

  /**
   * Makes everything due that is dirty now and fits; the barrier is done when each was exported
   * from a state not older than this call.
   */
  Barrier barrier(int mount, Predicate<Subject> covers) {
    List<Subject> subjects;
    lock.lock();
    try {
      var queue = mounts.get(mount);
      subjects = queue == null ? List.of() : List.copyOf(queue.entries.keySet());
    } finally {
      lock.unlock();
    }
    // The predicate reads names from disk.
    var covered = subjects.stream().filter(covers).toList();
    var barrier = new Barrier();
    lock.lock();
    try {
      var queue = mounts.get(mount);
      if (queue != null) {
        covered.forEach(subject -> cover(queue.entries.get(subject), barrier));
      }
      barrier.finished();
    } finally {
      lock.unlock();
    }
    pump();
    return barrier;
  }

  /** As {@link #barrier(int, Predicate)}, around one subject. */
  Barrier barrier(Subject subject) {
    var barrier = new Barrier();
    lock.lock();
    try {
      var queue = mounts.get(subject.mount());
      if (queue != null) {
        cover(queue.entries.get(subject), barrier);
      }
      barrier.finished();
    } finally {
      lock.unlock();
    }
    pump();
    return barrier;
  }

  /** Whether nothing of a subject is to be exported. */
  boolean isClean(Subject subject) {
    lock.lock();
    try {
      var queue = mounts.get(subject.mount());
      return queue == null || !queue.entries.containsKey(subject);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void cover(@Nullable Entry entry, Barrier barrier) {
    if (entry == null || (entry.dirty == null && !entry.running)) {
      return;
    }
    barrier.add();
    entry.barriers.add(barrier);
    entry.notBeforeNanos = 0;
    var queue = mounts.get(entry.subject.mount());
    if (queue != null && !entry.running) {
      settle(queue, entry);
    }
  }

  /**
   * Makes due what is dirty now and makes room: the files of a mount that hold many of its dirty
   * bytes at once, even where they are being written; the others after a short idle time, since to
   * export them again and again makes hardly any. At most once in a while: in between, what is due
   * is being worked on already.
   */
  void hurry(int mount) {
    lock.lock();
    try {
      var queue = mounts.get(mount);
      var now = now();
      if (queue == null || now - queue.hurriedNanos < HURRY_PAUSE.toNanos()) {
        return;
      }
      queue.hurriedNanos = now;
      for (var entry : queue.entries.values()) {
        if (!entry.running && entry.dirty != null) {
          enqueue(queue, entry);
        }
      }
    } finally {
      lock.unlock();
    }
    pump();
  }

  // Reports.

  MountQueue.Figures figures(int mount) {
    lock.lock();
    try {
      var queue = mounts.get(mount);
      return queue == null ? MountQueue.Figures.NONE : queue.figures();
    } finally {
      lock.unlock();
    }
  }

  /** How far the jobs of many objects of a mount are, by their numbers. */
  Map<Long, Parts> parts(int mount) {
    lock.lock();
    try {
      var queue = mounts.get(mount);
      return queue == null ? Map.of() : queue.parts();
    } finally {
      lock.unlock();
    }
  }

  /** Bytes of a mount that S3 does not have. */
  long dirtyBytes(int mount) {
    var queue = mounts.get(mount);
    return queue == null ? 0 : queue.dirtyBytes();
  }

  /** The oldest marks of a mount; at most {@code max}. */
  List<Marked> marked(int mount, boolean onlyFailing, int max) {
    var found = new ArrayList<Marked>();
    lock.lock();
    try {
      var queue = mounts.get(mount);
      if (queue != null) {
        for (var entry : queue.entries.values()) {
          var dirty = entry.dirty;
          if (dirty != null && (!onlyFailing || dirty.failure() != null)) {
            found.add(new Marked(entry.subject, dirty, entry.size.uploadBytes()));
          }
        }
      }
    } finally {
      lock.unlock();
    }
    return found.stream()
        .sorted(Comparator.comparingLong((Marked marked) -> marked.dirty().sinceNanos()))
        .limit(max)
        .toList();
  }

  /** Forgets a mount that is gone. */
  void forget(int mount) {
    lock.lock();
    try {
      var queue = mounts.remove(mount);
      if (queue != null) {
        queue.entries.values().forEach(entry -> entry.barriers.forEach(Barrier::finished));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Starts nothing any longer; done when nothing runs. */
  CompletableFuture<Boolean> close() {
    lock.lock();
    try {
      open = false;
      if (timer != null) {
        timer.cancel();
        timer = null;
      }
      drained = new CompletableFuture<>();
      if (running == 0) {
        drained.complete(true);
      }
      return drained;
    } finally {
      lock.unlock();
    }
  }
}
