package io.bucketfs.core.content;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import java.io.IOException;
import java.util.Locale;

/** Failures of disk and object store as a reader or writer is to see them. */
final class Failures {
  private Failures() {}

  static FileSystemException ofDisk(IOException e) {
    var message = String.valueOf(e.getMessage());
    var full = message.toLowerCase(Locale.ROOT).contains("no space left");
    return new FileSystemException(full ? FsError.DELAY : FsError.IO, message);
  }

  static FileSystemException ofStore(BackendFailure failure) {
    return switch (failure) {
      case BackendFailure.Busy _, BackendFailure.Unreachable _, BackendFailure.Corrupt _ ->
          new FileSystemException(FsError.DELAY, failure.detail());
      case BackendFailure.Denied _ -> new FileSystemException(FsError.ACCESS, failure.detail());
      case BackendFailure.Missing _,
          BackendFailure.Conflict _,
          BackendFailure.Archived _,
          BackendFailure.Rejected _ ->
          new FileSystemException(FsError.IO, failure.detail());
    };
  }
}
