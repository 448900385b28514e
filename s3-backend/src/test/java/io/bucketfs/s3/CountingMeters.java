package io.bucketfs.s3;

import io.bucketfs.core.runtime.Meters;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;

/** Keeps what counters count, by name and tag values. */
final class CountingMeters implements Meters {
  private final Map<String, LongAdder> counters = new ConcurrentHashMap<>();

  @Override
  public Counter counter(String name, String... tags) {
    var values = new StringBuilder(name);
    for (int i = 1; i < tags.length; i += 2) {
      values.append(' ').append(tags[i]);
    }
    return counters.computeIfAbsent(values.toString(), _ -> new LongAdder())::add;
  }

  @Override
  public Timer timer(String name, String... tags) {
    return _ -> {};
  }

  @Override
  public void gauge(String name, DoubleSupplier value, String... tags) {}

  long count(String name, String... tagValues) {
    var key = name + " " + String.join(" ", List.of(tagValues));
    var counter = counters.get(key);
    if (counter == null) {
      throw new AssertionError("no counter " + key);
    }
    return counter.sum();
  }
}
