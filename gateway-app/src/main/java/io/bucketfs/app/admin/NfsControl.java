package io.bucketfs.app.admin;

import io.bucketfs.nfs.NfsServer;
import java.io.IOException;

/** The NFS server, as far as operators have to do with it. */
public interface NfsControl {
  /** What it is doing now. */
  NfsServer.View view();

  /**
   * Takes all opens and locks away from a client. Waits for the disk.
   *
   * @return whether there is such a client
   */
  boolean revoke(long clientId) throws IOException;
}
