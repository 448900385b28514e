package io.bucketfs.nfs.exec;

import java.time.Duration;

/**
 * What one client may take of the server before others have their turn. A client is an address
 * here: names cost nothing, so whoever wants more than a share would only take more of them.
 *
 * @param turn how long the requests of a client run on an event loop while others wait
 * @param parkedPerClientMax requests of a client that wait on threads of their own; further ones
 *     are not begun
 * @param queuedRequestsMax requests of a connection that wait for their turn; with more it is not
 *     read
 * @param queuedBytesMax the same in bytes
 */
public record DispatchLimits(
    Duration turn, int parkedPerClientMax, int queuedRequestsMax, int queuedBytesMax) {
  /** What holds where nothing is said. */
  public static final DispatchLimits DEFAULT =
      new DispatchLimits(Duration.ofNanos(500_000), 2048, 256, 4 * 1_048_576);

  public DispatchLimits {
    if (turn.isNegative()
        || parkedPerClientMax < 1
        || queuedRequestsMax < 1
        || queuedBytesMax < 1) {
      throw new IllegalArgumentException("limits are positive");
    }
  }
}
