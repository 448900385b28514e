package io.bucketfs.nfs.exec;

import io.netty.util.concurrent.EventExecutor;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** What all event loops share of {@link Turns}. Thread-safe. */
public final class Dispatcher {
  private final DispatchLimits limits;
  private final LongSupplier nanoTime;
  private final Map<EventExecutor, Turns> byLoop = new ConcurrentHashMap<>();

  /** By client; guarded by the monitor of this map. */
  private final Map<String, Shared> budgets = new HashMap<>();

  private record Shared(ClientBudget budget, int users) {}

  /**
   * @param nanoTime a clock that only goes forward
   */
  public Dispatcher(DispatchLimits limits, LongSupplier nanoTime) {
    this.limits = limits;
    this.nanoTime = nanoTime;
  }

  DispatchLimits limits() {
    return limits;
  }

  LongSupplier nanoTime() {
    return nanoTime;
  }

  Turns on(EventExecutor loop) {
    return byLoop.computeIfAbsent(loop, key -> new Turns(key, this));
  }

  /** Begins a use of a client's budget; every one ends with {@link #release}. */
  ClientBudget acquire(String client) {
    synchronized (budgets) {
      var shared = budgets.get(client);
      var budget = shared == null ? new ClientBudget(limits.parkedPerClientMax()) : shared.budget;
      budgets.put(client, new Shared(budget, shared == null ? 1 : shared.users + 1));
      return budget;
    }
  }

  void release(String client) {
    synchronized (budgets) {
      budgets.computeIfPresent(
          client,
          (_, shared) -> shared.users == 1 ? null : new Shared(shared.budget, shared.users - 1));
    }
  }
}
