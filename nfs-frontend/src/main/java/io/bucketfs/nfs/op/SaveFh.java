package io.bucketfs.nfs.op;

import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;

/** SAVEFH (RFC 8881, 18.28): keeps the current stateid, too. */
record SaveFh() implements Operation {
  @Override
  public NfsStatus run(Compound c) throws NfsException {
    c.save();
    return NfsStatus.OK;
  }
}
