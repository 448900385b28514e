package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** CLONE (RFC 7862, 15.13). */
record Clone(CopyRange range) implements Operation {
  static Clone read(ByteBuf in) {
    return new Clone(CopyRange.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var target = range.requireTarget(c);
    var source = range.requireSource(c);
    c.once(
        target,
        FileSystem.Copied.class,
        caller -> {
          c.fileSystem().clone(caller.rider(), source, target, range.to(), c.patience());
          return new FileSystem.Copied(source.length());
        },
        _ -> {});
    c.forgetKnown();
    return NfsStatus.OK;
  }
}
