package io.bucketfs.core.pace;

import java.time.Duration;

/**
 * Bounds of the requests to one bucket.
 *
 * @param requestsMax that are under way at a time; further ones wait
 * @param failuresMax without an answer in a row, after which the bucket counts as out of reach
 * @param pauseMin first pause after that, and after the bucket asked for less load
 * @param pauseMax longest pause
 * @param waitMax how long a request waits for its turn before it is refused
 */
public record PaceLimits(
    int requestsMax, int failuresMax, Duration pauseMin, Duration pauseMax, Duration waitMax) {
  public static final PaceLimits DEFAULT =
      new PaceLimits(256, 8, Duration.ofMillis(100), Duration.ofSeconds(5), Duration.ofSeconds(10));

  public PaceLimits {
    if (requestsMax < 1 || failuresMax < 1) {
      throw new IllegalArgumentException("limits of requests must be positive");
    }
    if (!pauseMin.isPositive() || pauseMax.compareTo(pauseMin) < 0 || !waitMax.isPositive()) {
      throw new IllegalArgumentException("pauses between requests do not fit to each other");
    }
  }
}
