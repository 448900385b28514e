package io.bucketfs.e2e.gateway;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for what another process does, with an end. */
public final class Await {
  private static final Duration POLL = Duration.ofMillis(20);

  private Await() {}

  /** Returns once the condition holds; fails, with what was waited for, where the time is up. */
  public static void until(String what, Duration limit, BooleanSupplier condition) {
    var end = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("after " + limit + " not yet: " + what);
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }
}
