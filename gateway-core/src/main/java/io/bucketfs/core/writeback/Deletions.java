package io.bucketfs.core.writeback;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStore.Deletion;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.runtime.Execution;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Deletes objects, each on the condition that it is what is known of it. Where the store was seen
 * to keep a condition for each key of DeleteObjects, what is asked for within a moment goes in one
 * request; elsewhere each key has a request of its own. Any thread; nothing blocks.
 */
final class Deletions {
  /** How long a key waits for others. */
  static final Duration LINGER = Duration.ofMillis(50);

  /** XML 1.0 has no other characters below this but tab, line feed and carriage return. */
  private static final char XML_LEAST = ' ';

  private static final char XML_LAST = '\uFFFD';

  /** A key that waits, and who waits for it. */
  private record Waiting(Deletion object, CompletableFuture<Boolean> result) {}

  private final Execution execution;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<Integer, List<Waiting>> waiting = new HashMap<>();

  /** Mounts whose store refuses to delete many. */
  private final Set<Integer> refused = ConcurrentHashMap.newKeySet();

  Deletions(Execution execution) {
    this.execution = execution;
  }

  /** Forgets what the store of a mount refused. */
  void probed(int mount) {
    refused.remove(mount);
  }

  /** Whether a mount's objects are deleted many at a time. */
  boolean isInBatches(ActiveMount mount) {
    var traits = mount.traits();
    return traits.conditionalDelete()
        && traits.conditionalDeleteMany()
        && !refused.contains(mount.mount().number());
  }

  /** Deletes one object; true, or it fails as {@link ObjectStore#delete} does. */
  CompletionStage<Boolean> delete(ActiveMount mount, String key, ObjectVersion expected) {
    if (!isInBatches(mount) || !isXml(key)) {
      return alone(mount, new Deletion(key, expected));
    }
    var own = new Waiting(new Deletion(key, expected), new CompletableFuture<>());
    List<Waiting> full = List.of();
    var isFirst = false;
    lock.lock();
    try {
      var others = waiting.computeIfAbsent(mount.mount().number(), _ -> new ArrayList<>());
      others.add(own);
      isFirst = others.size() == 1;
      if (others.size() == ObjectStore.DELETE_KEYS_MAX) {
        full = take(mount);
      }
    } finally {
      lock.unlock();
    }
    if (isFirst) {
      var _ = execution.schedule(LINGER, "delete-objects", () -> sendWaiting(mount));
    }
    send(mount, full);
    return own.result;
  }

  private static boolean isXml(String key) {
    return key.chars().allMatch(c -> c >= XML_LEAST && c <= XML_LAST);
  }

  private static CompletionStage<Boolean> alone(ActiveMount mount, Deletion object) {
    return mount
        .store()
        .delete(object.key(), Condition.matches(object.version()))
        .thenApply(_ -> true);
  }

  @GuardedBy("lock")
  private List<Waiting> take(ActiveMount mount) {
    var taken = waiting.remove(mount.mount().number());
    return taken == null ? List.of() : taken;
  }

  private void sendWaiting(ActiveMount mount) {
    List<Waiting> taken;
    lock.lock();
    try {
      taken = take(mount);
    } finally {
      lock.unlock();
    }
    send(mount, taken);
  }

  private void send(ActiveMount mount, List<Waiting> batch) {
    if (batch.size() <= 1) {
      batch.forEach(only -> sendAlone(mount, only));
      return;
    }
    var request = mount.store().deleteMany(batch.stream().map(Waiting::object).toList());
    var _ = request.whenComplete((failures, thrown) -> ended(mount, batch, failures, thrown));
  }

  private static void sendAlone(ActiveMount mount, Waiting only) {
    var _ =
        alone(mount, only.object)
            .whenComplete((_, thrown) -> {
              if (thrown == null) {
                only.result.complete(true);
              } else {
                only.result.completeExceptionally(thrown);
              }
            });
  }

  private void ended(
      ActiveMount mount,
      List<Waiting> batch,
      @Nullable Map<String, BackendFailure> failures,
      @Nullable Throwable thrown) {
    if (failures == null) {
      if (thrown instanceof ObjectStoreException refusal
          && refusal.failure() instanceof BackendFailure.Rejected) {
        // Nothing was done, and nothing will be this way.
        refused.add(mount.mount().number());
        batch.forEach(each -> sendAlone(mount, each));
        return;
      }
      var failure = thrown == null ? new IllegalStateException("no reply") : thrown;
      batch.forEach(each -> each.result.completeExceptionally(failure));
      return;
    }
    for (var each : batch) {
      var failure = failures.get(each.object.key());
      if (failure == null) {
        each.result.complete(true);
      } else {
        each.result.completeExceptionally(new ObjectStoreException(failure));
      }
    }
  }
}
