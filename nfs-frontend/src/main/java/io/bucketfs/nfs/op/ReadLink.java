package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;

/** READLINK (RFC 8881, 18.24). */
record ReadLink() implements Operation {
  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var link = c.currentFile(NfsStatus.WRONG_TYPE);
    if (c.attributes(link).type() != FileType.SYMLINK) {
      throw new NfsException(NfsStatus.WRONG_TYPE);
    }
    Xdr.writeOpaque(c.out(), c.fileSystem().readLink(link, c.patience()));
    return NfsStatus.OK;
  }
}
