package io.bucketfs.nfs.status;

/** Ends an operation with a status. An answer, not a bug: it carries no stack. */
public final class NfsException extends Exception {
  private final NfsStatus status;

  public NfsException(NfsStatus status) {
    super(status.name(), null, false, false);
    this.status = status;
  }

  public NfsStatus status() {
    return status;
  }
}
