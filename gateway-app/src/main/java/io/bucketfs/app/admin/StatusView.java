package io.bucketfs.app.admin;

import java.time.Instant;
import java.util.List;

/**
 * The gateway as the admin API shows it.
 *
 * @param listen the address that NFS listens on
 * @param diskBytesNow what of the cap can be used, given what the host has left
 * @param pending mounts of the configuration file that could not be made yet
 */
public record StatusView(
    String version,
    Instant started,
    String state,
    String listen,
    int port,
    long dirtyFiles,
    long dirtyBytes,
    long failing,
    long diskBytes,
    long diskBytesMax,
    long diskBytesNow,
    NfsView nfs,
    List<MountView> mounts,
    List<PendingMount> pending) {

  /** A mount of the configuration file that is not served, and why. */
  public record PendingMount(String name, String file, String reason) {}
}
