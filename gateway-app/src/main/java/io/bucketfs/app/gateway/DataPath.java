package io.bucketfs.app.gateway;

import io.bucketfs.app.admin.NfsControl;
import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.core.admin.Administration;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import java.io.IOException;

/** What serves files: local tier, S3, core and NFS. Closing it makes everything durable. */
interface DataPath extends AutoCloseable {
  Administration administration();

  /** The NFS server. */
  NfsControl nfs();

  /** Changes what file data in memory may take, at once. */
  void setRamTierBytes(long bytes);

  @Override
  void close() throws IOException;

  /** Opens a data path. */
  @FunctionalInterface
  interface Opener {
    /**
     * Returns once clients can mount.
     *
     * @param cacheSizeBytes what the local tier may occupy
     * @throws IOException with a sentence for the operator where it cannot start
     */
    DataPath open(GatewayConfig config, long cacheSizeBytes, Execution execution, Meters meters)
        throws IOException, InterruptedException;
  }
}
