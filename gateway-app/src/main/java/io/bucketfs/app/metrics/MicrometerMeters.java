package io.bucketfs.app.metrics;

import io.bucketfs.core.runtime.Meters;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;

/** The modules' figures, kept by Micrometer. Thread-safe. */
public final class MicrometerMeters implements Meters {
  static final String PREFIX = "bucketfs_";

  /** From a hit in RAM to a request that waits for S3 as long as it may. */
  private static final Duration[] BUCKETS = {
    Duration.ofNanos(50_000),
    Duration.ofNanos(200_000),
    Duration.ofMillis(1),
    Duration.ofMillis(5),
    Duration.ofMillis(20),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofSeconds(1),
    Duration.ofSeconds(5),
    Duration.ofSeconds(15),
    Duration.ofSeconds(60)
  };

  private final MeterRegistry registry;

  public MicrometerMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public Counter counter(String name, String... tags) {
    var counter =
        io.micrometer.core.instrument.Counter.builder(PREFIX + name)
            .description(MetricCatalog.help(name))
            .tags(tags)
            .register(registry);
    return counter::increment;
  }

  @Override
  public Timer timer(String name, String... tags) {
    var timer =
        io.micrometer.core.instrument.Timer.builder(PREFIX + name)
            .description(MetricCatalog.help(name))
            .tags(tags)
            .serviceLevelObjectives(BUCKETS)
            .register(registry);
    return nanos -> timer.record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void gauge(String name, DoubleSupplier value, String... tags) {
    Gauge.builder(PREFIX + name, value::getAsDouble)
        .description(MetricCatalog.help(name))
        .tags(tags)
        .strongReference(true)
        .register(registry);
  }
}
