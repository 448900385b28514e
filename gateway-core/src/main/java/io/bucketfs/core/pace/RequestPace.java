package io.bucketfs.core.pace;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * When the next request to a bucket may go.
 *
 * <p>As long as the bucket answers, a request goes at once. Each time that it asks for less load
 * (503, 429), half as many may be under way as before, and nothing is begun for a while that grows
 * until something succeeds; each success lets a little more through. Where several requests in a
 * row get no answer at all, the bucket counts as out of reach: one request at a time finds out,
 * with growing pauses, whether it is back, and all the others wait.
 *
 * <p>Who waits too long is refused with {@code Busy}: certain not to have been sent, and told when
 * to come again. So whatever piles up behind a bucket that is gone, the bucket sees one request per
 * pause, and nobody is held for ever.
 *
 * <p>Any thread; never waits.
 */
final class RequestPace {
  /** How much more may be under way after a success. */
  private static final double GROWTH = 0.25;

  private static final int SHIFT_MAX = 16;

  private final Execution execution;
  private final PaceLimits limits;
  private final Meters.Counter held;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Queue<Waiting<?>> waiting = new ArrayDeque<>();

  @GuardedBy("lock")
  private int running;

  /** How many may be under way. */
  @GuardedBy("lock")
  private double allowed;

  /** Requests in a row that got no answer. */
  @GuardedBy("lock")
  private int unanswered;

  /** What the last of them was about. */
  @GuardedBy("lock")
  private String unansweredKey = "";

  /** Pauses since the last success. */
  @GuardedBy("lock")
  private int pauses;

  @GuardedBy("lock")
  private long notBeforeNanos;

  @GuardedBy("lock")
  private Execution.@Nullable Task timer;

  @GuardedBy("lock")
  private long timerAtNanos;

  @GuardedBy("lock")
  private boolean closed;

  RequestPace(Execution execution, PaceLimits limits, Meters.Counter held) {
    this.execution = execution;
    this.limits = limits;
    this.held = held;
    allowed = limits.requestsMax();
    notBeforeNanos = execution.nanoTime();
  }

  /** A request that waits for its turn, until {@code endNanos}. */
  private record Waiting<T>(
      String key,
      Supplier<CompletionStage<T>> request,
      CompletableFuture<T> result,
      long endNanos) {}

  /**
   * Sends a request now or when its turn comes.
   *
   * @param key what it is about
   */
  <T> CompletionStage<T> send(String key, Supplier<CompletionStage<T>> request) {
    var result = new CompletableFuture<T>();
    boolean now;
    lock.lock();
    try {
      var time = execution.nanoTime();
      now = waiting.isEmpty() && mayGo(time);
      if (now) {
        running++;
      } else {
        waiting.add(new Waiting<>(key, request, result, time + limits.waitMax().toNanos()));
        arm(time);
      }
    } finally {
      lock.unlock();
    }
    if (now) {
      start(key, request, result);
    } else {
      held.add(1);
    }
    return result;
  }

  @GuardedBy("lock")
  private boolean mayGo(long now) {
    return closed || (running < (isOutOfReach() ? 1 : (int) allowed) && now - notBeforeNanos >= 0);
  }

  @GuardedBy("lock")
  private boolean isOutOfReach() {
    return unanswered >= limits.failuresMax();
  }

  private <T> void start(
      String key, Supplier<CompletionStage<T>> request, CompletableFuture<T> result) {
    CompletionStage<T> sent;
    try {
      sent = request.get();
    } catch (RuntimeException | Error e) {
      // Nothing was sent, so nothing is learned of the bucket.
      ended(key, null, false);
      result.completeExceptionally(e);
      return;
    }
    var _ =
        sent.whenComplete((value, thrown) -> {
          ended(key, thrown, true);
          if (thrown == null) {
            result.complete(value);
          } else {
            result.completeExceptionally(unwrap(thrown));
          }
        });
    var _ =
        result.whenComplete((_, _) -> {
          // Given up by who asked for it.
          if (!sent.toCompletableFuture().isDone()) {
            sent.toCompletableFuture().cancel(true);
          }
        });
  }

  private static Throwable unwrap(Throwable thrown) {
    var cause = thrown.getCause();
    return thrown instanceof CompletionException && cause != null ? cause : thrown;
  }

  private void ended(String key, @Nullable Throwable thrown, boolean counts) {
    lock.lock();
    try {
      running--;
      if (counts) {
        learn(key, thrown == null ? null : unwrap(thrown));
      }
    } finally {
      lock.unlock();
    }
    pump();
  }

  @GuardedBy("lock")
  private void learn(String key, @Nullable Throwable thrown) {
    var failure = thrown instanceof ObjectStoreException refusal ? refusal.failure() : null;
    var now = execution.nanoTime();
    switch (failure) {
      case BackendFailure.Busy _ -> {
        unanswered = 0;
        // Those that went together are refused together, and that counts once.
        if (now - notBeforeNanos >= 0) {
          allowed = Math.max(1, Math.min(allowed, running + 1) / 2);
          pause(now);
        }
      }
      case BackendFailure.Unreachable _ -> {
        unanswered = Math.min(unanswered + 1, limits.failuresMax());
        unansweredKey = key;
        if (isOutOfReach() && now - notBeforeNanos >= 0) {
          pause(now);
        }
      }
      case null, default -> {
        // A refusal is an answer as well.
        unanswered = 0;
        pauses = 0;
        allowed = Math.min(limits.requestsMax(), allowed + GROWTH);
      }
    }
  }

  @GuardedBy("lock")
  private void pause(long now) {
    var full =
        Math.min(
            limits.pauseMax().toNanos(),
            limits.pauseMin().toNanos() << Math.min(pauses++, SHIFT_MAX));
    notBeforeNanos = now + full / 2 + Math.floorMod(execution.randomLong(), full / 2 + 1);
  }

  /** Begins what may go now, and refuses what waited too long. */
  private void pump() {
    List<Waiting<?>> starting = new ArrayList<>();
    List<Waiting<?>> late = new ArrayList<>();
    boolean gone;
    long restNanos;
    lock.lock();
    try {
      var now = execution.nanoTime();
      waiting.removeIf(next -> next.result().isDone());
      while (!waiting.isEmpty() && mayGo(now)) {
        running++;
        starting.add(takeNext());
      }
      for (var first = waiting.peek();
          first != null && now - first.endNanos() >= 0;
          first = waiting.peek()) {
        late.add(waiting.remove());
      }
      gone = isOutOfReach();
      restNanos = Math.max(0, notBeforeNanos - now);
      arm(now);
    } finally {
      lock.unlock();
    }
    // On threads of their own: this one may be an event loop, and to sign a request may take long.
    starting.forEach(next -> execution.fork("s3-paced", () -> start(next)));
    late.forEach(next -> refuse(next, gone, restNanos));
  }

  /**
   * The first one; but while the bucket is out of reach one of another key, where there is any. It
   * may be that only requests of one key get no answer.
   */
  @GuardedBy("lock")
  private Waiting<?> takeNext() {
    if (isOutOfReach()) {
      for (var next : waiting) {
        if (!next.key().equals(unansweredKey)) {
          waiting.remove(next);
          return next;
        }
      }
    }
    return waiting.remove();
  }

  private <T> void start(Waiting<T> next) {
    start(next.key(), next.request(), next.result());
  }

  private void refuse(Waiting<?> next, boolean gone, long restNanos) {
    var detail =
        gone
            ? "not sent: the store has not answered for some time"
            : "not sent: the store asks for less load";
    next.result()
        .completeExceptionally(
            new ObjectStoreException(new BackendFailure.Busy(detail, Duration.ofNanos(restNanos))));
  }

  /** Looks again when the first one may go, or has waited for too long. */
  @GuardedBy("lock")
  private void arm(long now) {
    var first = waiting.peek();
    if (first == null) {
      return;
    }
    var end = first.endNanos() - now;
    var rest = notBeforeNanos - now;
    var wait = Math.max(0, rest > 0 ? Math.min(rest, end) : end);
    if (timer != null) {
      if (timerAtNanos - (now + wait) <= 0) {
        return;
      }
      timer.cancel();
    }
    var at = now + wait;
    timerAtNanos = at;
    timer = execution.schedule(Duration.ofNanos(wait), "s3-pace", () -> ring(at));
  }

  private void ring(long at) {
    lock.lock();
    try {
      if (timerAtNanos == at) {
        timer = null;
      }
    } finally {
      lock.unlock();
    }
    pump();
  }

  /** Holds nothing any longer: the store is closed and refuses by itself. */
  void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    pump();
  }
}
