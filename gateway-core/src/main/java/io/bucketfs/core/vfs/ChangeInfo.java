package io.bucketfs.core.vfs;

/**
 * A directory's change attribute right before and right after one operation, taken atomically (RFC
 * 8881, 3.3.3).
 */
public record ChangeInfo(long before, long after) implements Outcome {
  /** Of no directory. */
  public static final ChangeInfo NONE = new ChangeInfo(0, 0);
}
