package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.state.ByteRange;
import io.bucketfs.nfs.state.Opaque;
import io.bucketfs.nfs.state.OpenFiles;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** LOCK (RFC 8881, 18.10). */
record Lock(LockType type, boolean reclaim, long offset, long length, Locker locker)
    implements Operation {
  /** Who locks. */
  sealed interface Locker {
    /** A lock-owner that is new to the file, through an open. */
    record ThroughOpen(StateId open, Opaque owner) implements Locker {}

    /** A lock-owner that has locked in the file. */
    record Again(StateId lock) implements Locker {}
  }

  static Lock read(ByteBuf in) {
    var type = LockType.read(in);
    var reclaim = Xdr.readBoolean(in);
    return new Lock(type, reclaim, Xdr.readLong(in), Xdr.readLong(in), readLocker(in));
  }

  private static Locker readLocker(ByteBuf in) {
    if (Xdr.readBoolean(in)) {
      Xdr.readInt(in); // the sequence number of 4.0
      var open = StateId.read(in);
      Xdr.readInt(in);
      Xdr.readLong(in);
      return new Locker.ThroughOpen(open, new Opaque(Xdr.readBytes(in, Opaque.BYTES_MAX)));
    }
    var lock = StateId.read(in);
    Xdr.readInt(in);
    return new Locker.Again(lock);
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile(NfsStatus.ISDIR);
    var range = ByteRange.of(offset, length);
    if (reclaim) {
      c.services().grace().requireReclaim(c.client());
    } else {
      c.services().grace().requireNew(c.client());
    }
    var files = c.services().openFiles();
    var handle =
        type.waits() && !reclaim ? new Opaque(c.services().handles().bytes(c.current())) : null;
    var wish = new OpenFiles.Wish(file, range, type.exclusive(), handle);
    var ledger =
        c.ledger(id -> {
          c.setCurrentStateId(id);
          id.write(c.out());
        });
    var outcome =
        switch (locker) {
          case Locker.ThroughOpen(var open, var owner) ->
              files.lock(c.client(), owner, c.resolve(open), wish, ledger);
          case Locker.Again(var lock) -> files.lock(c.client(), c.resolve(lock), wish, ledger);
        };
    return switch (outcome) {
      case OpenFiles.LockOutcome.Granted _ -> NfsStatus.OK;
      case OpenFiles.LockOutcome.Denied(var conflict) -> {
        if (reclaim) {
          throw new NfsException(NfsStatus.RECLAIM_CONFLICT);
        }
        LockType.writeDenied(c.out(), conflict);
        yield NfsStatus.DENIED;
      }
    };
  }
}
