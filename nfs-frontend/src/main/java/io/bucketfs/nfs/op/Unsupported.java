package io.bucketfs.nfs.op;

import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;

/**
 * An operation that is known and not offered. It ends the COMPOUND, so nobody reads its arguments.
 */
record Unsupported() implements Operation {
  @Override
  public NfsStatus run(Compound c) throws NfsException {
    throw new NfsException(NfsStatus.NOTSUPP);
  }
}
