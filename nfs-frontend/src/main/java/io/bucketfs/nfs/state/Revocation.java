package io.bucketfs.nfs.state;

import io.bucketfs.nfs.status.NfsStatus;

/** Why a client lost a state without giving it up (RFC 8881, 8.5, 10.2.1). */
public enum Revocation {
  /** Its lease had run out, and another client needed what it held. */
  LEASE_EXPIRED(NfsStatus.EXPIRED),

  /** An operator took it away. */
  ADMINISTRATIVE(NfsStatus.ADMIN_REVOKED);

  private final NfsStatus status;

  Revocation(NfsStatus status) {
    this.status = status;
  }

  /** What a use of the stateid is answered with. */
  public NfsStatus status() {
    return status;
  }
}
