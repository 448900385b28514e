package io.bucketfs.core.runtime;

import java.util.function.DoubleSupplier;

/**
 * Where figures go. Names are Prometheus names without the {@code bucketfs_} prefix and unit
 * suffixes are part of them; tags are name and value in turn. Meters are made once and kept, since
 * making one is slow and using one is not.
 */
public interface Meters {
  /** A counter; Prometheus sees it as {@code bucketfs_<name>_total}. */
  Counter counter(String name, String... tags);

  /** A latency histogram; Prometheus sees {@code bucketfs_<name>_seconds}. */
  Timer timer(String name, String... tags);

  /** A value that is read when someone looks; Prometheus sees {@code bucketfs_<name>}. */
  void gauge(String name, DoubleSupplier value, String... tags);

  /** Never decreases. Any thread. */
  interface Counter {
    void add(long amount);
  }

  /** Any thread. */
  interface Timer {
    void record(long nanos);
  }

  /** Measures nothing. */
  Meters NONE =
      new Meters() {
        @Override
        public Counter counter(String name, String... tags) {
          return _ -> {};
        }

        @Override
        public Timer timer(String name, String... tags) {
          return _ -> {};
        }

        @Override
        public void gauge(String name, DoubleSupplier value, String... tags) {}
      };
}
