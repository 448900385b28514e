package io.bucketfs.s3.fault;

import org.jspecify.annotations.Nullable;

/** What can happen to a request on its way to S3 and back. */
public enum Fault {
  /** 503; nothing is done. */
  SLOW_DOWN(503, "SlowDown", "Please reduce your request rate."),
  /** 500; nothing is done. */
  INTERNAL_ERROR(500, "InternalError", "We encountered an internal error. Please try again."),
  /** 400; nothing is done. */
  EXPIRED_TOKEN(400, "ExpiredToken", "The provided token has expired."),
  /** 400, as where bytes were changed on the way; nothing is done. */
  BAD_DIGEST(400, "BadDigest", "The checksum did not match what we received."),
  /** 403; nothing is done. */
  ACCESS_DENIED(403, "AccessDenied", "Access Denied"),
  /** 501; nothing is done. */
  NOT_IMPLEMENTED(501, "NotImplemented", "A header or an operation is not implemented."),
  /** The connection breaks; nothing is done. */
  DROPPED(0, null, ""),
  /** The request is carried out, then the connection breaks. */
  LOST_REPLY(0, null, ""),
  /** The connection breaks in the middle of the reply's body. */
  TRUNCATED_BODY(0, null, ""),
  /** The request is carried out, and the reply tells the checksum of other bytes. */
  WRONG_CHECKSUM(0, null, ""),
  /** No reply comes, and nothing is done. */
  SILENCE(0, null, "");

  final int status;
  final @Nullable String code;
  final String message;

  Fault(int status, @Nullable String code, String message) {
    this.status = status;
    this.code = code;
    this.message = message;
  }

  /** Whether S3 carries the request out all the same. */
  boolean isDone() {
    return this == LOST_REPLY || this == TRUNCATED_BODY || this == WRONG_CHECKSUM;
  }
}
