package io.bucketfs.core.local;

import java.io.IOException;

/** The bytes of a record are not those that were written, or belong to someone else. */
public final class CorruptExtentException extends IOException {
  public CorruptExtentException(String message) {
    super(message);
  }
}
