package io.bucketfs.nfs.op;

import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;

/** GETFH (RFC 8881, 18.8). */
record GetFh() implements Operation {
  @Override
  public NfsStatus run(Compound c) throws NfsException {
    c.services().handles().write(c.out(), c.current());
    return NfsStatus.OK;
  }
}
