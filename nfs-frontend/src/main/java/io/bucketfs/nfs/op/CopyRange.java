package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem.FileRange;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/**
 * What COPY and CLONE have in common: from the saved file to the current one (RFC 7862, 15.2,
 * 15.13).
 */
record CopyRange(StateId sourceStateId, StateId targetStateId, long from, long to, long count) {
  static CopyRange read(ByteBuf in) {
    return new CopyRange(
        StateId.read(in), StateId.read(in), Xdr.readLong(in), Xdr.readLong(in), Xdr.readLong(in));
  }

  /** The file that is copied to, once it may be. */
  FileId requireTarget(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.ISDIR);
    requireRegular(c, file);
    IoAccess.requireWrite(c, file, c.resolve(targetStateId));
    return file;
  }

  /** What is copied, once it may be read; a count of 0 means all to the end. */
  FileRange requireSource(Compound c) throws NfsException, FileSystemException {
    var file = c.savedFile();
    requireRegular(c, file);
    IoAccess.requireRead(c, file, c.resolveSaved(sourceStateId));
    var size = c.attributes(file).sizeBytes();
    if (from < 0 || from > size || count < 0 || count > size - from) {
      throw new NfsException(NfsStatus.INVAL);
    }
    var length = count == 0 ? size - from : count;
    if (to < 0 || to > Long.MAX_VALUE - length) {
      throw new NfsException(NfsStatus.FBIG);
    }
    return new FileRange(file, from, length);
  }

  private static void requireRegular(Compound c, FileId file)
      throws NfsException, FileSystemException {
    if (c.attributes(file).type() != FileType.FILE) {
      throw new NfsException(NfsStatus.WRONG_TYPE);
    }
  }
}
