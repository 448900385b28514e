package io.bucketfs.bench.hits;

import io.bucketfs.core.runtime.Meters;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;

/** Counts the bytes that each tier gives. */
final class TierReads implements Meters {
  private final Map<String, LongAdder> counted = new ConcurrentHashMap<>();

  @Override
  public Counter counter(String name, String... tags) {
    var adder = counted.computeIfAbsent(key(name, tags), _ -> new LongAdder());
    return adder::add;
  }

  private static String key(String name, String... tags) {
    return name + String.join("=", tags);
  }

  @Override
  public Timer timer(String name, String... tags) {
    return _ -> {};
  }

  @Override
  public void gauge(String name, DoubleSupplier value, String... tags) {}

  /** What a counter has come to. */
  long bytes(String name, String... tags) {
    var adder = counted.get(key(name, tags));
    return adder == null ? 0 : adder.sum();
  }
}
