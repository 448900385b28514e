package io.bucketfs.core.writeback;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.runtime.Execution;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Queue;
import java.util.SequencedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * So many bytes a second, on average. Who takes bytes goes at once as long as those before him are
 * paid for, and pays for his own by the wait of the next one, so that any number may be taken.
 * Where several wait, lanes take turns: one that has much to send does not hold up another.
 *
 * <p>Any thread; never waits.
 */
final class Bandwidth {
  /** How much is lent, so that a timer that rings late costs nothing. */
  private static final long LENT_NANOS = Duration.ofMillis(50).toNanos();

  private record Take(long bytes, CompletableFuture<Boolean> result) {}

  private final Execution execution;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final SequencedMap<Integer, Queue<Take>> waiting = new LinkedHashMap<>();

  @GuardedBy("lock")
  private long bytesPerSecond;

  /** When all is paid for that was taken. */
  @GuardedBy("lock")
  private long paidAtNanos;

  @GuardedBy("lock")
  private Execution.@Nullable Task timer;

  Bandwidth(Execution execution, long bytesPerSecond) {
    this.execution = execution;
    this.bytesPerSecond = bytesPerSecond;
    paidAtNanos = execution.nanoTime();
  }

  /** Another rate from the next ones on. */
  void setRate(long newBytesPerSecond) {
    boolean changed;
    lock.lock();
    try {
      changed = bytesPerSecond != newBytesPerSecond;
      bytesPerSecond = newBytesPerSecond;
    } finally {
      lock.unlock();
    }
    if (changed) {
      pump();
    }
  }

  /** Takes bytes; done when they may go. */
  CompletionStage<Boolean> take(int lane, long bytes) {
    var result = new CompletableFuture<Boolean>();
    lock.lock();
    try {
      var now = execution.nanoTime();
      if (waiting.isEmpty() && mayGo(now)) {
        spend(now, bytes);
        result.complete(true);
      } else {
        waiting.computeIfAbsent(lane, _ -> new ArrayDeque<>()).add(new Take(bytes, result));
        arm(now);
      }
    } finally {
      lock.unlock();
    }
    return result;
  }

  @GuardedBy("lock")
  private boolean mayGo(long now) {
    return bytesPerSecond == ExportPolicy.NO_LIMIT || paidAtNanos - now <= LENT_NANOS;
  }

  @GuardedBy("lock")
  private void spend(long now, long bytes) {
    if (bytesPerSecond == ExportPolicy.NO_LIMIT) {
      return;
    }
    var from = paidAtNanos - now > 0 ? paidAtNanos : now;
    var seconds = (double) bytes / bytesPerSecond;
    paidAtNanos = from + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
  }

  private void pump() {
    List<Take> going = new ArrayList<>();
    lock.lock();
    try {
      var now = execution.nanoTime();
      while (!waiting.isEmpty() && mayGo(now)) {
        var first = waiting.firstEntry();
        var lane = first.getKey();
        var queue = first.getValue();
        waiting.remove(lane);
        var take = queue.remove();
        if (!queue.isEmpty()) {
          waiting.putLast(lane, queue);
        }
        spend(now, take.bytes());
        going.add(take);
      }
      arm(now);
    } finally {
      lock.unlock();
    }
    going.forEach(take -> take.result().complete(true));
  }

  @GuardedBy("lock")
  private void arm(long now) {
    if (timer != null || waiting.isEmpty()) {
      return;
    }
    var wait = Math.max(0, paidAtNanos - now - LENT_NANOS);
    timer = execution.schedule(Duration.ofNanos(wait), "bandwidth", this::ring);
  }

  private void ring() {
    lock.lock();
    try {
      timer = null;
    } finally {
      lock.unlock();
    }
    pump();
  }
}
