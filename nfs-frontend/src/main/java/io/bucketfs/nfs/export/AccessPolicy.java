package io.bucketfs.nfs.export;

import io.bucketfs.core.vfs.Caller;
import io.bucketfs.nfs.rpc.Credential;

/**
 * Decides who a request counts as inside a mount: the place for squashing and for rules by client
 * address. Thread-safe, never waits.
 */
@FunctionalInterface
public interface AccessPolicy {
  /** The user and group that own nothing. */
  int NOBODY = 65_534;

  /**
   * The caller whose permissions hold.
   *
   * @param clientAddress address of the client, without the port
   * @param mount number of the mount
   */
  Caller caller(Credential credential, String clientAddress, int mount);

  /** Takes AUTH_SYS at its word, and all else as nobody. */
  static Caller trusting(Credential credential) {
    return credential instanceof Credential.Sys(var uid, var gid, var groups)
        ? new Caller(uid, gid, groups)
        : new Caller(NOBODY, NOBODY);
  }
}
