package io.bucketfs.core.content;

import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;

/** What write-back needs from file contents. */
public interface Snapshots {
  /**
   * Makes everything stable that was written to the file so far, notes the size as the content's
   * export floor, and pins what is there.
   *
   * @throws FileSystemException STALE where the file is gone
   */
  Snapshot snapshot(InodeKey file) throws FileSystemException, IOException;

  /** Whether a client has the file open for writing, or writes to it are not stable yet. */
  boolean isBeingWritten(InodeKey file);

  /** Makes unstable writes of all files stable, so that they become dirty entries. */
  void commitAll() throws FileSystemException;
}
