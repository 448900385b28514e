package io.bucketfs.core.writeback;

import java.time.Duration;
import java.util.List;

/** What came of trying to make the bucket agree with the namespace. */
sealed interface Attempt {
  /** It agreed at some time after the attempt began; it may have changed again since. */
  record Done(List<Subject> derived) implements Attempt {}

  /** It agrees, and what was marked is marked no longer. */
  record Clean() implements Attempt {}

  /** It did not, for a reason that passes. */
  record Later(String reason, Duration atLeast) implements Attempt {}

  /**
   * Something else has to be exported first.
   *
   * @param urgent whether it is worth exporting that before its time
   */
  record Blocked(Subject by, boolean urgent) implements Attempt {}

  /** It did not, for a reason that does not pass by itself; noted with the mark. */
  record Failing(String reason) implements Attempt {}
}
