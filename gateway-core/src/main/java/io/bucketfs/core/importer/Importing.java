package io.bucketfs.core.importer;

import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;

/**
 * What the namespace and the read path need from the bucket. Each method returns at once where
 * nothing is to be fetched; under {@link Patience#NONE} it throws WouldBlock where something is; a
 * patience that runs out answers DELAY, and what was started goes on. Callers that ask for the same
 * thing at the same time share one request.
 */
public interface Importing {
  /** Returns once the directory's children in the bucket are known; its new state. */
  Inode ensureListed(Inode directory, Patience patience) throws FileSystemException;

  /** Returns once everything below the directory is known: the cut before a directory rename. */
  void ensureTreeListed(Inode directory, Patience patience) throws FileSystemException;

  /** Returns once owner, mode and times of the inode are known; its new state. */
  Inode ensureAttributes(Inode inode, Patience patience) throws FileSystemException;

  /**
   * Starts reading the pending attributes of many inodes in parallel, so that following {@link
   * #ensureAttributes} wait for about one request. Never waits.
   */
  void prefetchAttributes(Iterable<Inode> inodes);

  /**
   * Looks at an object again that was found to be missing or different from the file's base. When
   * it returns, the namespace reflects what is there: the file has a new base, or is gone, or is
   * kept where it has changes of its own.
   */
  void refresh(Inode file, Patience patience) throws FileSystemException;

  /**
   * Says that the names in a directory are used, so that they are compared with the bucket where
   * that was not done for as long as the mount's policy says: while the caller goes on, or, where
   * the policy is strict, before this returns.
   *
   * @return whether the directory may be different now
   */
  boolean directoryUsed(Inode directory, Patience patience) throws FileSystemException;

  /** As {@link #directoryUsed}, of the attributes of a file, or its content by an open. */
  boolean fileUsed(Inode file, Patience patience) throws FileSystemException;

  /** Says that a file was just found by its name, so that it is as fresh as the directory. */
  void found(Inode file, Inode directory);

  /** Says that a directory was just made: nothing of it can be in the bucket that was known. */
  void made(InodeKey directory);
}
