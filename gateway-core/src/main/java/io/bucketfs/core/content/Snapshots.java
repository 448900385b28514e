package io.bucketfs.core.content;

import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;

/** What write-back needs from file contents. */
public interface Snapshots {
  /**
   * What the transaction that notes a snapshot does besides. It may run again, where the bytes were
   * moved before they could be pinned.
   *
   * @param <T> what it finds
   */
  @FunctionalInterface
  interface Sequel<T> {
    /**
     * Reads and changes.
     *
     * @param noted the file as the snapshot has it
     */
    T apply(Tx tx, Inode noted) throws FileSystemException, IOException;
  }

  /**
   * A snapshot that was taken.
   *
   * @param found by the sequel
   */
  record Taken<T>(Snapshot snapshot, T found) {}

  /**
   * Makes everything stable that was written to the file so far, notes the size as the content's
   * export floor, and pins what is there.
   *
   * @param sequel what is done in the transaction that notes it
   * @throws FileSystemException STALE where the file is gone; IO where an extent file is missing
   */
  <T> Taken<T> snapshot(InodeKey file, Sequel<T> sequel) throws FileSystemException;

  /** Whether a client has the file open for writing, or writes to it are not stable yet. */
  boolean isBeingWritten(InodeKey file);

  /** Makes unstable writes of all files stable, so that they become dirty entries. */
  void commitAll() throws FileSystemException;
}
