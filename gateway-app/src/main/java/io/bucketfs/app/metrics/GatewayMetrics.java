package io.bucketfs.app.metrics;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.admin.Administration;
import io.bucketfs.core.admin.Administration.GatewayStatus;
import io.bucketfs.core.admin.Administration.MountStatus;
import io.bucketfs.core.runtime.Meters;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The registry of a gateway and the text that Prometheus reads. What the Administration knows is
 * asked for when someone looks, at most once a second, since it is not free.
 *
 * <p>Thread-safe.
 */
public final class GatewayMetrics implements AutoCloseable {
  private static final long STATUS_AGE_NANOS_MAX = Duration.ofSeconds(1).toNanos();

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics collections = new JvmGcMetrics();
  private final MicrometerMeters meters = new MicrometerMeters(registry);
  private final LongSupplier nanoTime;
  private final Map<MultiGauge, ToDoubleFunction<MountStatus>> perMount = new LinkedHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private @Nullable Administration administration;

  @GuardedBy("lock")
  private @Nullable GatewayStatus status;

  @GuardedBy("lock")
  private long statusNanos;

  /**
   * A registry with the figures of the JVM.
   *
   * @param nanoTime a clock that only goes forward
   */
  public GatewayMetrics(String version, LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    new ClassLoaderMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    collections.bindTo(registry);
    meters.gauge("build", () -> 1, "version", version);
  }

  /** Where the modules put their figures. */
  public Meters meters() {
    return meters;
  }

  /** Adds what an operator can ask of the core. Called once. */
  public void observe(Administration core, IntSupplier pendingMounts) {
    lock.lock();
    try {
      administration = core;
    } finally {
      lock.unlock();
    }
    total("disk_bytes", GatewayStatus::diskBytes);
    total("disk_bytes_max", GatewayStatus::diskBytesMax);
    total("mounts", s -> s.mounts().size());
    total("start_time_seconds", s -> s.started().toEpochMilli() / 1e3);
    meters.gauge("mounts_pending", pendingMounts::getAsInt);
    each("dirty_bytes", MountStatus::dirtyBytes);
    each("dirty_files", MountStatus::dirtyFiles);
    each("oldest_dirty_seconds", GatewayMetrics::oldestDirtySeconds);
    each("failing_files", MountStatus::failing);
    each("conflict_files", MountStatus::conflicts);
    each("unmapped_keys", MountStatus::unmapped);
  }

  /** All figures in Prometheus's text format. */
  public String scrape() {
    lock.lock();
    try {
      var now = status();
      if (now != null) {
        perMount.forEach((gauge, value) ->
            gauge.register(
                now.mounts().stream()
                    .map(mount ->
                        MultiGauge.Row.of(
                            Tags.of("mount", mount.mount().name()), value.applyAsDouble(mount)))
                    .toList(),
                true));
      }
    } finally {
      lock.unlock();
    }
    return registry.scrape();
  }

  @Override
  public void close() {
    collections.close();
    registry.close();
  }

  private void total(String name, ToDoubleFunction<GatewayStatus> value) {
    meters.gauge(
        name,
        () -> {
          lock.lock();
          try {
            var now = status();
            return now == null ? Double.NaN : value.applyAsDouble(now);
          } finally {
            lock.unlock();
          }
        });
  }

  private void each(String name, ToDoubleFunction<MountStatus> value) {
    var gauge =
        MultiGauge.builder(MicrometerMeters.PREFIX + name)
            .description(MetricCatalog.help(name))
            .register(registry);
    lock.lock();
    try {
      perMount.put(gauge, value);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private @Nullable GatewayStatus status() {
    var core = administration;
    if (core == null) {
      return null;
    }
    var known = status;
    if (known == null || nanoTime.getAsLong() - statusNanos > STATUS_AGE_NANOS_MAX) {
      known = core.status();
      status = known;
      statusNanos = nanoTime.getAsLong();
    }
    return known;
  }

  private static double oldestDirtySeconds(MountStatus mount) {
    var oldest = mount.oldestDirty();
    return oldest == null ? 0 : oldest.toMillis() / 1e3;
  }
}
