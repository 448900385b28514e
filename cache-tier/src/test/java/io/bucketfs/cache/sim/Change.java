package io.bucketfs.cache.sim;

/** A change of a file, from when it was asked for until it was answered. */
final class Change {
  static final long NOT_YET = Long.MAX_VALUE;

  private final long begin;
  private final boolean inParts;
  private long end = NOT_YET;
  private boolean durable;

  Change(long begin, boolean inParts) {
    this.begin = begin;
    this.inParts = inParts;
  }

  /** Whether the start of it may be seen before the rest. */
  boolean isInParts() {
    return inParts;
  }

  long begin() {
    return begin;
  }

  /** When it was answered, or {@link #NOT_YET}. */
  long end() {
    return end;
  }

  void endAt(long time) {
    end = time;
  }

  /** Whether no crash takes it away. */
  boolean isDurable() {
    return durable;
  }

  void makeDurable() {
    durable = true;
  }

  @Override
  public String toString() {
    return begin
        + " to "
        + (end == NOT_YET ? "?" : end)
        + (durable ? " durable" : "")
        + (inParts ? " in parts" : "");
  }
}
