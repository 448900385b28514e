package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.nfs.attr.AttributeReader;
import io.bucketfs.nfs.attr.RawAttributes;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** CREATE (RFC 8881, 18.4): everything but regular files. */
record Create(int type, @Nullable NewNode node, ByteBuf name, RawAttributes raw)
    implements Operation {
  private static final int BLOCK = 3;
  private static final int CHARACTER = 4;
  private static final int TARGET_BYTES_MAX = 4096;

  static Create read(ByteBuf in) {
    var type = Xdr.readInt(in);
    var node =
        switch (type) {
          case 2 -> new NewNode.Directory();
          case BLOCK, CHARACTER ->
              new NewNode.Special(
                  type == BLOCK ? FileType.BLOCK_DEVICE : FileType.CHARACTER_DEVICE,
                  Xdr.readInt(in),
                  Xdr.readInt(in));
          case 5 -> new NewNode.Symlink(Xdr.readBytes(in, 65_536));
          case 6 -> new NewNode.Special(FileType.SOCKET, 0, 0);
          case 7 -> new NewNode.Special(FileType.FIFO, 0, 0);
          default -> null;
        };
    return new Create(type, node, Names.read(in), RawAttributes.read(in));
  }

  @Override
  public boolean isChange() {
    return true;
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    if (node == null) {
      throw new NfsException(NfsStatus.BADTYPE);
    }
    var directory = c.currentFile();
    if (c.attributes(directory).type() != FileType.DIRECTORY) {
      throw new NfsException(NfsStatus.NOTDIR);
    }
    var child = Names.component(name);
    if (node instanceof NewNode.Symlink(var target)) {
      if (target.length == 0) {
        throw new NfsException(NfsStatus.INVAL);
      }
      if (target.length > TARGET_BYTES_MAX) {
        throw new NfsException(NfsStatus.NAMETOOLONG);
      }
    }
    var wanted = AttributeReader.read(raw, c.minorVersion());
    if (wanted.values().sizeBytes() != null) {
      throw new NfsException(NfsStatus.INVAL);
    }
    c.once(
        directory,
        FileSystem.Created.class,
        caller ->
            c.fileSystem().make(caller, directory, child, node, wanted.values(), c.patience()),
        created -> {
          c.setCurrent(created.attributes());
          ChangeInfos.write(c.out(), created.directory());
          wanted.mask().write(c.out());
        });
    return NfsStatus.OK;
  }
}
