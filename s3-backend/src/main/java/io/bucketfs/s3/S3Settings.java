package io.bucketfs.s3;

import java.time.Duration;

/**
 * How the process talks to S3, for all buckets together.
 *
 * @param connectionsMax open connections for one mount at a time; further requests wait
 * @param connectMax how long a connection may take to open
 * @param replyMax how long a request without a body may take, waiting for a connection included
 * @param bytesPerSecondMin what a body adds to {@code replyMax}: its size at this speed
 * @param idleConnectionMax how long an unused connection is kept
 * @param checksummedUploads whether a PUT carries a CRC32C that the store verifies and tells; false
 *     for stores that do not know trailing checksums
 */
public record S3Settings(
    int connectionsMax,
    Duration connectMax,
    Duration replyMax,
    long bytesPerSecondMin,
    Duration idleConnectionMax,
    boolean checksummedUploads) {
  /** What holds where nothing is said. */
  public static final S3Settings DEFAULT =
      new S3Settings(
          256,
          Duration.ofSeconds(5),
          Duration.ofSeconds(30),
          256 << 10,
          Duration.ofSeconds(20),
          true);

  public S3Settings {
    if (connectionsMax < 1 || connectionsMax > 10_000) {
      throw new IllegalArgumentException("connections-max must be between 1 and 10000");
    }
    requirePositive("connect-max", connectMax);
    requirePositive("reply-max", replyMax);
    requirePositive("idle-connection-max", idleConnectionMax);
    if (bytesPerSecondMin < 1) {
      throw new IllegalArgumentException("bytes-per-second-min must be positive");
    }
  }

  private static void requirePositive(String name, Duration time) {
    if (!time.isPositive()) {
      throw new IllegalArgumentException(name + " must be positive");
    }
  }

  /** How long a request may take whose reply or body has so many bytes. */
  Duration requestMax(long bytes) {
    return replyMax.plusMillis(bytes * 1_000 / bytesPerSecondMin);
  }
}
