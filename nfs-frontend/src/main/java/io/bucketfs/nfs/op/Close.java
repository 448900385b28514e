package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** CLOSE (RFC 8881, 18.2). Locks that were taken through the open go with it. */
record Close(StateId stateId) implements Operation {
  static Close read(ByteBuf in) {
    Xdr.readInt(in); // the sequence number of 4.0
    return new Close(StateId.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.BAD_STATEID);
    var id = c.resolve(stateId);
    var openFiles = c.services().openFiles();
    if (openFiles.isForWriting(c.client(), id, file)) {
      // The open is enough: whether the client may still write is not asked when it closes.
      c.services().fileSystem().closing(file, c.patience());
    }
    openFiles.close(
        c.client(),
        id,
        file,
        c.ledger(closed -> {
          c.setCurrentStateId(closed);
          closed.write(c.out());
        }));
    return NfsStatus.OK;
  }
}
