package io.bucketfs.nfs.callback;

/** How a callback ended. */
public sealed interface CallbackOutcome {
  /**
   * The client did it, or said why not.
   *
   * @param status {@code nfsstat4} of the operation
   */
  record Answered(int status) implements CallbackOutcome {}

  /** No connection of the session led to the client; it may or may not have heard the call. */
  record Unreachable() implements CallbackOutcome {}
}
