package io.bucketfs.core.vfs;

/**
 * Thrown under {@link Patience#NONE} by whatever would have to wait for disk, S3 or a commit,
 * before any side effect. One preallocated instance without a stack; the caller repeats the
 * operation on a thread that may wait.
 */
public final class WouldBlock extends RuntimeException {
  /** The only instance. */
  @SuppressWarnings("StaticAssignmentOfThrowable") // no stack, no cause: there is nothing to share
  public static final WouldBlock INSTANCE = new WouldBlock();

  private WouldBlock() {
    super("the operation would have to wait", null, false, false);
  }
}
