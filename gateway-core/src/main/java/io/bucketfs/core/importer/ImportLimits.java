package io.bucketfs.core.importer;

import java.time.Duration;

/**
 * What import does not exceed.
 *
 * @param requestsPerMountMax requests of one mount that are under way at a time
 * @param backoffMin first pause after a failure that passes
 * @param backoffMax longest pause
 * @param persistence how long a fetch that was started goes on, whoever waits for it
 * @param revalidationsPerMountMax directories and files of one mount that are compared with the
 *     bucket at a time
 * @param revalidationsMax those of all mounts that wait or are under way; beyond it nothing is
 *     begun
 * @param outagePauseMin how long nothing of a mount is compared after its bucket did not answer
 * @param outagePauseMax the longest such pause
 */
public record ImportLimits(
    int requestsPerMountMax,
    Duration backoffMin,
    Duration backoffMax,
    Duration persistence,
    int revalidationsPerMountMax,
    int revalidationsMax,
    Duration outagePauseMin,
    Duration outagePauseMax) {
  public static final ImportLimits DEFAULT =
      new ImportLimits(
          128,
          Duration.ofMillis(50),
          Duration.ofSeconds(5),
          Duration.ofSeconds(30),
          16,
          4_096,
          Duration.ofSeconds(1),
          Duration.ofSeconds(30));

  public ImportLimits {
    if (requestsPerMountMax < 1 || backoffMin.isNegative() || backoffMin.isZero()) {
      throw new IllegalArgumentException("import limits must be positive");
    }
  }
}
