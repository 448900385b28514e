package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.attr.AttributeReader;
import io.bucketfs.nfs.attr.RawAttributes;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.atomic.AtomicReference;

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
    if (wanted.values().isEmpty()) {
      wanted.mask().write(c.out());
    } else {
      change(c, file, wanted, throughOpen);
    }
    return NfsStatus.OK;
  }

  private static void change(
      Compound c, FileId file, AttributeReader.Wanted wanted, boolean throughOpen)
      throws NfsException, FileSystemException {
    var after = new AtomicReference<Attributes>();
    c.once(
        file,
        ChangeInfo.class,
        caller -> {
          var values = wanted.values();
          after.set(c.fileSystem().setAttributes(caller, file, values, throughOpen, c.patience()));
          return ChangeInfo.NONE;
        },
        _ -> wanted.mask().write(c.out()));
    c.know(after.get());
  }
}
