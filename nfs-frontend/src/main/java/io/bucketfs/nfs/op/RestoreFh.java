package io.bucketfs.nfs.op;

import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;

/** RESTOREFH (RFC 8881, 18.27). */
record RestoreFh() implements Operation {
  @Override
  public NfsStatus run(Compound c) throws NfsException {
    c.restoreSaved();
    c.requireFlavorAfterPut();
    return NfsStatus.OK;
  }
}
