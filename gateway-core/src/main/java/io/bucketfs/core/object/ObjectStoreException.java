package io.bucketfs.core.object;

/** Carries a {@link BackendFailure} through a {@code CompletionStage}; it has no stack. */
public final class ObjectStoreException extends Exception {
  private final transient BackendFailure failure;

  public ObjectStoreException(BackendFailure failure) {
    super(failure.toString(), null, false, false);
    this.failure = failure;
  }

  public BackendFailure failure() {
    return failure;
  }
}
