package io.bucketfs.nfs.op;

import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.status.NfsStatus;

/** PUTROOTFH and PUTPUBFH (RFC 8881, 18.20, 18.21): both lead to the pseudo-root. */
record PutRootFh() implements Operation {
  @Override
  public NfsStatus run(Compound c) {
    c.setCurrent(Handle.PSEUDO_ROOT);
    return NfsStatus.OK;
  }
}
