package io.bucketfs.nfs;

import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Waits for what other threads bring about. */
final class Eventually {
  private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(20);

  private Eventually() {}

  /** Looks again and again until it holds; fails after 20 seconds. */
  static void holds(Callable<Boolean> condition) throws Exception {
    var end = System.nanoTime() + WAIT_NANOS;
    while (!condition.call()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("it does not come about");
      }
      Thread.sleep(10);
    }
  }
}
