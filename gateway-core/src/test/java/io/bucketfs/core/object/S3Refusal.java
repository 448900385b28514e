package io.bucketfs.core.object;

import java.time.Duration;

/** The refusals of the S3 in memory, worded as S3 words them. */
final class S3Refusal {
  private S3Refusal() {}

  static ObjectStoreException noSuchKey(String key) {
    return new ObjectStoreException(
        new BackendFailure.Missing("404 NoSuchKey: The specified key does not exist: " + key));
  }

  static ObjectStoreException noSuchVersion(String key) {
    return new ObjectStoreException(
        new BackendFailure.Missing("404 NoSuchVersion: The version does not exist: " + key));
  }

  static ObjectStoreException noSuchUpload(String id) {
    return new ObjectStoreException(
        new BackendFailure.Missing("404 NoSuchUpload: The upload does not exist: " + id));
  }

  static ObjectStoreException noSuchBucket(String bucket) {
    return new ObjectStoreException(
        new BackendFailure.Missing("404 NoSuchBucket: The bucket does not exist: " + bucket));
  }

  static ObjectStoreException preconditionFailed(String key) {
    return new ObjectStoreException(
        new BackendFailure.Conflict(
            "412 PreconditionFailed: At least one of the pre-conditions did not hold: " + key));
  }

  static ObjectStoreException slowDown() {
    return new ObjectStoreException(
        new BackendFailure.Busy(
            "503 SlowDown: Please reduce your request rate.", Duration.ofSeconds(1)));
  }

  static ObjectStoreException unreachable(String detail) {
    return new ObjectStoreException(new BackendFailure.Unreachable(detail));
  }

  static ObjectStoreException accessDenied() {
    return new ObjectStoreException(new BackendFailure.Denied("403 AccessDenied: Access Denied"));
  }

  static ObjectStoreException archived(String key) {
    return new ObjectStoreException(
        new BackendFailure.Archived("403 InvalidObjectState: The object is archived: " + key));
  }

  static ObjectStoreException rejected(String codeAndMessage) {
    return new ObjectStoreException(new BackendFailure.Rejected(codeAndMessage));
  }
}
