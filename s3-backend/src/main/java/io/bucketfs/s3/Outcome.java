package io.bucketfs.s3;

import io.bucketfs.core.object.BackendFailure;

/** How a request ended, as meters name it. */
enum Outcome {
  OK("ok"),
  MISSING("missing"),
  CONFLICT("conflict"),
  BUSY("busy"),
  UNREACHABLE("unreachable"),
  DENIED("denied"),
  ARCHIVED("archived"),
  CORRUPT("corrupt"),
  REJECTED("rejected");

  final String tag;

  Outcome(String tag) {
    this.tag = tag;
  }

  static Outcome of(BackendFailure failure) {
    return switch (failure) {
      case BackendFailure.Missing _ -> MISSING;
      case BackendFailure.Conflict _ -> CONFLICT;
      case BackendFailure.Busy _ -> BUSY;
      case BackendFailure.Unreachable _ -> UNREACHABLE;
      case BackendFailure.Denied _ -> DENIED;
      case BackendFailure.Archived _ -> ARCHIVED;
      case BackendFailure.Corrupt _ -> CORRUPT;
      case BackendFailure.Rejected _ -> REJECTED;
    };
  }
}
