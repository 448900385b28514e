package io.bucketfs.core.residency;

import io.bucketfs.core.runtime.Execution;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** How far an order has come, told to who gave it now and then. Any thread. */
public final class Progress {
  private static final Duration EVERY = Duration.ofMillis(500);

  private final Execution execution;
  private final Sink sink;
  private final AtomicLong filesAll = new AtomicLong();
  private final AtomicLong bytesAll = new AtomicLong();
  private final AtomicLong files = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong toldNanos;
  private volatile boolean abandoned;

  /** Who is told. */
  @FunctionalInterface
  public interface Sink {
    /** Takes a state; false ends the order, since nobody waits for it any longer. */
    boolean take(State state);
  }

  /** What is done of what is known to be done, in files and bytes. */
  public record State(long files, long filesAll, long bytes, long bytesAll) {}

  public Progress(Execution execution, Sink sink) {
    this.execution = execution;
    this.sink = sink;
    toldNanos = new AtomicLong(execution.nanoTime());
  }

  /** Notes that there is more to do. */
  public void found(long moreFiles, long moreBytes) {
    filesAll.addAndGet(moreFiles);
    bytesAll.addAndGet(moreBytes);
    tell();
  }

  /** Notes that something is done. */
  public void did(long moreFiles, long moreBytes) {
    files.addAndGet(moreFiles);
    bytes.addAndGet(moreBytes);
    tell();
  }

  /** Whether nobody waits for the order any longer. */
  public boolean isAbandoned() {
    return abandoned;
  }

  /** What is done so far. */
  public State state() {
    return new State(files.get(), filesAll.get(), bytes.get(), bytesAll.get());
  }

  private void tell() {
    var last = toldNanos.get();
    var now = execution.nanoTime();
    if (now - last >= EVERY.toNanos()
        && toldNanos.compareAndSet(last, now)
        && !sink.take(state())) {
      abandoned = true;
    }
  }
}
