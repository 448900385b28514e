package io.bucketfs.bench.nfs;

/**
 * A histogram of times, exact to 1/64. One writer at a time.
 *
 * <p>Bucket: the number of leading zeroes and the 6 bits behind the first one.
 */
final class Latencies {
  private static final int FINE_BITS = 6;
  private static final int FINE = 1 << FINE_BITS;

  private final long[] counts = new long[Long.SIZE * FINE];
  private long count;

  void record(long nanos) {
    counts[bucket(nanos)]++;
    count++;
  }

  void add(Latencies other) {
    for (var i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
    count += other.count;
  }

  long count() {
    return count;
  }

  /** The time that so large a part of all does not exceed; 0 where there is none. */
  double quantileMicros(double part) {
    var rank = (long) Math.ceil(part * count);
    long seen = 0;
    for (var i = 0; i < counts.length; i++) {
      seen += counts[i];
      if (seen >= rank && seen > 0) {
        return upperNanos(i) / 1e3;
      }
    }
    return 0;
  }

  private static int bucket(long nanos) {
    var value = Math.max(nanos, FINE);
    var exponent = Long.SIZE - 1 - Long.numberOfLeadingZeros(value);
    return exponent * FINE + (int) ((value >>> (exponent - FINE_BITS)) & (FINE - 1));
  }

  private static long upperNanos(int bucket) {
    var exponent = bucket / FINE;
    var step = 1L << (exponent - FINE_BITS);
    return (1L << exponent) + (bucket % FINE + 1) * step - 1;
  }
}
