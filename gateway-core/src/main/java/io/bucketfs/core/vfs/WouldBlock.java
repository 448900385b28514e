package io.bucketfs.core.vfs;

import org.jspecify.annotations.Nullable;

/**
 * Thrown under {@link Patience#NONE} by whatever would have to wait for disk, S3 or a commit,
 * before any side effect, and under {@link Patience#DISK} by what would wait for more than the
 * disk. Without a stack, and preallocated but for those with a {@link #read}; the caller repeats
 * the operation on a thread that may wait, or after that read.
 */
public final class WouldBlock extends RuntimeException {
  /** For all but {@link #ON_DISK}. */
  @SuppressWarnings("StaticAssignmentOfThrowable") // no stack, no cause: there is nothing to share
  public static final WouldBlock INSTANCE = new WouldBlock();

  /** The local disk is all that is needed: {@link Patience#DISK} may do. */
  @SuppressWarnings("StaticAssignmentOfThrowable") // as above
  public static final WouldBlock ON_DISK = new WouldBlock();

  private final transient @Nullable DiskRead read;

  private WouldBlock() {
    this(null);
  }

  private WouldBlock(@Nullable DiskRead read) {
    super("the operation would have to wait", null, false, false);
    this.read = read;
  }

  /** As {@link #ON_DISK}, and all that is lacking is one read that nobody has to wait for. */
  public static WouldBlock forRead(DiskRead read) {
    return new WouldBlock(read);
  }

  /** Whether {@link Patience#DISK} may do. */
  public boolean isOnDisk() {
    return this == ON_DISK || read != null;
  }

  /** What is lacking, where it can be read while nobody waits. */
  public @Nullable DiskRead read() {
    return read;
  }
}
