package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;

/** LOOKUPP (RFC 8881, 18.14). From a mount's root it leads to the pseudo-root. */
record LookupParent() implements Operation {
  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    go(c);
    return NfsStatus.OK;
  }

  static void go(Compound c) throws NfsException, FileSystemException {
    var directory = c.currentFile(NfsStatus.NOENT);
    Lookup.requireDirectory(c, directory);
    var root = Roots.find(c, c.grant().export());
    if (directory.equals(root)) {
      c.setCurrent(Handle.PSEUDO_ROOT);
      return;
    }
    var parent = c.fileSystem().lookupParent(c.caller(directory), directory, c.patience());
    if (c.grant().export().via() != 0) {
      Roots.requireBelow(c, parent.id(), root);
    }
    c.setCurrent(parent);
  }
}
