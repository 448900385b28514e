package io.bucketfs.cache;

import java.io.IOException;

/** A state directory cannot be used; the message tells the operator why. */
public final class StateDirectoryException extends IOException {
  StateDirectoryException(String message) {
    super(message);
  }
}
