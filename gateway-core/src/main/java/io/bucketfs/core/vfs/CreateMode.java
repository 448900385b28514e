package io.bucketfs.core.vfs;

/** How a regular file is created (RFC 8881, 18.16.3). */
public sealed interface CreateMode {
  /** An existing file is opened; a size of 0 among the attributes truncates it. */
  record Unchecked() implements CreateMode {}

  /** An existing name is an error. */
  record Guarded() implements CreateMode {}

  /** An existing name is an error unless it was made with the same verifier. */
  record Exclusive(long verifier) implements CreateMode {}
}
