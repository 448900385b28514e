package io.bucketfs.core.writeback;

import io.bucketfs.core.object.BackendFailure;

/** What an operator reads of something that cannot be exported, with what to do. */
final class Reasons {
  private Reasons() {}

  static String of(BackendFailure failure) {
    return switch (failure) {
      case BackendFailure.Denied denied ->
          "access denied: " + denied.detail() + "; allow it, then run flush";
      case BackendFailure.Archived archived ->
          "the object is archived: " + archived.detail() + "; restore it, then run flush";
      case BackendFailure.Rejected rejected -> "the store refuses it: " + rejected.detail();
      case BackendFailure.Missing missing ->
          "not found: " + missing.detail() + "; does the bucket still exist?";
      case BackendFailure.Conflict conflict -> "changed by somebody else: " + conflict.detail();
      case BackendFailure.Busy busy -> "the store is busy: " + busy.detail();
      case BackendFailure.Unreachable unreachable ->
          "the store does not answer: " + unreachable.detail();
      case BackendFailure.Corrupt corrupt -> "damaged on the way: " + corrupt.detail();
    };
  }
}
