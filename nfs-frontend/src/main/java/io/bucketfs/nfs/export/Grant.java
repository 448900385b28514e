package io.bucketfs.nfs.export;

import io.bucketfs.core.access.Squash;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.nfs.rpc.Credential;

/**
 * What a client may do in one export, by the rule that holds for its address.
 *
 * @param readOnly whether nothing may be changed
 * @param squash which of the client's ids count
 */
public record Grant(Published export, boolean readOnly, Squash squash) {
  /**
   * Whether a security flavor is good enough. AUTH_NONE is where everybody is anonymous anyway;
   * elsewhere it is WRONGSEC.
   */
  public boolean admits(Credential credential) {
    return credential instanceof Credential.Sys || admitsNone();
  }

  /** Whether requests without credentials are let in. */
  public boolean admitsNone() {
    return squash.kind() == Squash.Kind.ALL;
  }

  /** The caller whose permissions hold. */
  public Caller caller(Credential credential) {
    var forced = export.forced();
    if (forced != null) {
      return forced;
    }
    return credential instanceof Credential.Sys(var uid, var gid, var groups)
        ? squash.apply(uid, gid, groups)
        : squash.anonymous();
  }
}
