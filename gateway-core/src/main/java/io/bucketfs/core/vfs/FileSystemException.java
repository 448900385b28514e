package io.bucketfs.core.vfs;

/**
 * An operation's failure as the client is to see it. It carries no stack: it is an answer, not a
 * bug. Exceptions rather than result values, because operations are blocking code that already
 * leaves by {@link WouldBlock}, and because each caller but the protocol only passes it on.
 */
public final class FileSystemException extends Exception {
  private final FsError error;

  public FileSystemException(FsError error) {
    this(error, error.name());
  }

  /** With a detail for logs and reports; clients only see the error. */
  public FileSystemException(FsError error, String detail) {
    super(detail, null, false, false);
    this.error = error;
  }

  public FsError error() {
    return error;
  }
}
