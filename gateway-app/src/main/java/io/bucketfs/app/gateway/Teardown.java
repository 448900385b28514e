package io.bucketfs.app.gateway;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What was opened, to be closed in the reverse order, also where opening stops halfway. One thread.
 */
public final class Teardown implements AutoCloseable {
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  /** Takes over the closing of a part. */
  public <T extends AutoCloseable> T add(T part) {
    opened.push(part);
    return part;
  }

  /** Closes every part, whatever the others do; the first failure carries the others. */
  @Override
  @SuppressWarnings("CatchingUnchecked")
  public void close() throws IOException {
    IOException failure = null;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        if (e instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        if (failure == null) {
          failure = new IOException("A part did not close: " + e.getMessage(), e);
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
