package io.bucketfs.core.vfs;

/**
 * Thrown under {@link Patience#NONE} by whatever would have to wait for disk, S3 or a commit,
 * before any side effect, and under {@link Patience#DISK} by what would wait for more than file
 * data on the disk. Preallocated instances without a stack; the caller repeats the operation on a
 * thread that may wait.
 */
public final class WouldBlock extends RuntimeException {
  /** For all but {@link #ON_DISK}. */
  @SuppressWarnings("StaticAssignmentOfThrowable") // no stack, no cause: there is nothing to share
  public static final WouldBlock INSTANCE = new WouldBlock();

  /** It is file data that the local disk has or takes: {@link Patience#DISK} may do. */
  @SuppressWarnings("StaticAssignmentOfThrowable") // as above
  public static final WouldBlock ON_DISK = new WouldBlock();

  private WouldBlock() {
    super("the operation would have to wait", null, false, false);
  }
}
