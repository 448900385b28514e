package io.bucketfs.core.writeback;

import io.bucketfs.core.object.BackendFailure;

/** Carries a failure from one of our own requests to where it is judged. */
final class Refused extends Exception {
  final transient BackendFailure failure;

  Refused(BackendFailure failure) {
    super(failure.toString(), null, false, false);
    this.failure = failure;
  }
}
