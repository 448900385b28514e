package io.bucketfs.nfs.exec;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Bytes that all connections together hold for requests and for replies that are not taken yet. A
 * connection that holds little is let go on even when there are too many, so that nobody is held up
 * by another's greed.
 */
public final class MemoryBudget {
  /** Nobody is asked to hold less than a small request and its reply. */
  static final int SHARE_BYTES_MIN = 128 * 1024;

  private static final int SHARE_BYTES_MAX = 2 * 1_048_576;

  private final long bytesMax;
  private final AtomicLong held = new AtomicLong();

  public MemoryBudget(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  /** Counts more bytes, or fewer where negative. */
  void add(long bytes) {
    if (bytes != 0) {
      held.addAndGet(bytes);
    }
  }

  /** What all connections hold. */
  public long heldBytes() {
    return held.get();
  }

  boolean isOver() {
    return held.get() > bytesMax;
  }

  /** What one of so many connections may hold while there are too many bytes. */
  long shareBytes(int connections) {
    return Math.clamp(bytesMax / (4L * Math.max(1, connections)), SHARE_BYTES_MIN, SHARE_BYTES_MAX);
  }
}
