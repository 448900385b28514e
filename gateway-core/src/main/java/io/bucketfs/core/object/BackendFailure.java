package io.bucketfs.core.object;

import java.time.Duration;

/** Why the object store did not do what was asked. */
public sealed interface BackendFailure {
  /** What an operator reads: the store's own code and message where there are any. */
  String detail();

  /** There is no such object, bucket or upload. */
  record Missing(String detail) implements BackendFailure {}

  /** The condition of the request did not hold (412, 409). */
  record Conflict(String detail) implements BackendFailure {}

  /** The store asks for less load (503 SlowDown, 429). */
  record Busy(String detail, Duration retryAfter) implements BackendFailure {}

  /**
   * No reply, a 5xx or a broken connection: whether the request was carried out is unknown.
   * Retried.
   */
  record Unreachable(String detail) implements BackendFailure {}

  /** Credentials are missing, expired or not allowed to do this (401, 403). */
  record Denied(String detail) implements BackendFailure {}

  /** The object is in an archive class and must be restored first. */
  record Archived(String detail) implements BackendFailure {}

  /** The bytes that arrived are not those that were sent. */
  record Corrupt(String detail) implements BackendFailure {}

  /** The store refuses the request as such; asking again is no use (other 4xx). */
  record Rejected(String detail) implements BackendFailure {}

  /** Whether the same request may succeed later without anybody changing anything. */
  default boolean isRetryable() {
    return switch (this) {
      case Busy _, Unreachable _, Corrupt _ -> true;
      case Missing _, Conflict _, Denied _, Archived _, Rejected _ -> false;
    };
  }
}
