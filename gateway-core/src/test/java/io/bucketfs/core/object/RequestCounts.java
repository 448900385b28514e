package io.bucketfs.core.object;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** How many requests a bucket saw and how many bytes of bodies moved. Any thread. */
public final class RequestCounts {
  private final Map<RequestKind, LongAdder> requests = new EnumMap<>(RequestKind.class);
  private final LongAdder bytesIn = new LongAdder();
  private final LongAdder bytesOut = new LongAdder();
  private final LongAdder deleted = new LongAdder();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger runningMax = new AtomicInteger();

  RequestCounts() {
    for (var kind : RequestKind.values()) {
      requests.put(kind, new LongAdder());
    }
  }

  void started(RequestKind kind) {
    adder(kind).increment();
    runningMax.accumulateAndGet(running.incrementAndGet(), Math::max);
  }

  void ended() {
    running.decrementAndGet();
  }

  void received(long bytes) {
    bytesIn.add(bytes);
  }

  void sent(long bytes) {
    bytesOut.add(bytes);
  }

  void deleted(long keys) {
    deleted.add(keys);
  }

  /** Keys of DeleteObjects. */
  public long keysDeletedTogether() {
    return deleted.sum();
  }

  /** Requests of a kind, failed ones included. */
  public long of(RequestKind kind) {
    return adder(kind).sum();
  }

  /** Requests of all kinds. */
  public long all() {
    return requests.values().stream().mapToLong(LongAdder::sum).sum();
  }

  /** Bytes of PUT bodies. */
  public long bytesIn() {
    return bytesIn.sum();
  }

  /** Bytes of GET bodies. */
  public long bytesOut() {
    return bytesOut.sum();
  }

  /** Requests that were sent and have not completed. */
  public int running() {
    return running.get();
  }

  /** The most requests that ran at a time. */
  public int runningMax() {
    return runningMax.get();
  }

  private LongAdder adder(RequestKind kind) {
    var adder = requests.get(kind);
    if (adder == null) {
      throw new AssertionError("every kind has an adder");
    }
    return adder;
  }
}
