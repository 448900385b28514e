package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.attr.AttributeReader;
import io.bucketfs.nfs.attr.RawAttributes;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/** SETATTR (RFC 8881, 18.34). */
record SetAttr(StateId stateId, RawAttributes raw) implements Operation {
  static SetAttr read(ByteBuf in) {
    return new SetAttr(StateId.read(in), RawAttributes.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public void writeFailure(ByteBuf out) {
    AttributeMask.NONE.write(out);
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var file = c.currentFile();
    var wanted = AttributeReader.read(raw, c.minorVersion());
    if (wanted.mask().has(Attribute.MODE_UMASK)) {
      // RFC 8275, 3: only for what is being created.
      throw new NfsException(NfsStatus.INVAL);
    }
    var throughOpen = false;
    if (wanted.values().sizeBytes() != null) {
      throughOpen = IoAccess.requireResize(c, file, c.resolve(stateId));
    }
    if (!wanted.values().isEmpty()) {
      var after =
          c.fileSystem()
              .setAttributes(c.caller(file), file, wanted.values(), throughOpen, c.patience());
      c.know(after);
    }
    wanted.mask().write(c.out());
    return NfsStatus.OK;
  }
}
