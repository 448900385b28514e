package io.bucketfs.core.vfs;

/**
 * A read of the local disk that an operation lacks, and that no thread needs to wait for. Once it
 * has ended, the operation is repeated under {@link Patience#after}. It holds nothing until {@link
 * #begin}, and is then released once, after its end.
 */
public interface DiskRead {
  /**
   * Begins it, without waiting.
   *
   * @param ended told of the end, also where nothing could be read, on any thread; must not wait
   * @return false where it cannot be begun now: nothing happens, and nothing is to be released
   */
  boolean begin(Runnable ended);

  /** Lets go of what was read and not taken. */
  void release();
}
