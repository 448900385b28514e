package io.bucketfs.nfs.export;

import io.bucketfs.core.vfs.FileId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

/**
 * Filehandles on the wire: 32 bytes that survive rename and restart, and that cannot be made up.
 *
 * <pre>
 *  0       1       2              4              8             16            20            24            32
 * +-------+-------+--------------+--------------+-------------+-------------+-------------+-------------+
 * |version| kind  | 0            | mount        | inode       | generation  | sub-export  | MAC         |
 * +-------+-------+--------------+--------------+-------------+-------------+-------------+-------------+
 * </pre>
 */
public final class HandleCodec {
  /** Size of every handle. */
  public static final int BYTES = 32;

  /** RFC 8881, 3.2: NFS4_FHSIZE. */
  public static final int BYTES_MAX = 128;

  private static final long VERSION = 1;
  private static final long KIND_PSEUDO_ROOT = 1;
  private static final long KIND_NODE = 2;

  private final SipHash mac;

  /** With the key that was kept since the first start. */
  public HandleCodec(long key0, long key1) {
    mac = new SipHash(key0, key1);
  }

  /** Writes a handle as {@code nfs_fh4}. */
  public void write(ByteBuf out, Handle handle) {
    out.writeInt(BYTES);
    switch (handle) {
      case Handle.PseudoRoot _ -> writeWords(out, head(KIND_PSEUDO_ROOT, 0), 0, 0);
      case Handle.Node(FileId(var mount, var inode, var generation), var via) ->
          writeWords(out, head(KIND_NODE, mount), inode, (long) generation << 32 | via);
    }
  }

  /** The bytes of a handle. */
  public byte[] bytes(Handle handle) {
    var out = Unpooled.buffer(4 + BYTES);
    write(out, handle);
    return ByteBufUtil.getBytes(out, 4, BYTES);
  }

  private static long head(long kind, int mount) {
    return VERSION << 56 | kind << 48 | mount;
  }

  private void writeWords(ByteBuf out, long head, long inode, long generation) {
    out.writeLong(head).writeLong(inode).writeLong(generation);
    out.writeLong(mac.hash(head, inode, generation));
  }

  /**
   * Reads a handle of its four words.
   *
   * @throws NfsException BADHANDLE where it is not one of ours
   */
  public Handle read(long head, long inode, long generation, long tag) throws NfsException {
    if (tag != mac.hash(head, inode, generation)) {
      throw new NfsException(NfsStatus.BADHANDLE);
    }
    if (head == head(KIND_PSEUDO_ROOT, 0)) {
      return Handle.PSEUDO_ROOT;
    }
    var mount = (int) head;
    var via = (int) generation;
    if (head != head(KIND_NODE, mount) || mount <= 0 || inode <= 0 || via < 0) {
      throw new NfsException(NfsStatus.BADHANDLE);
    }
    return new Handle.Node(new FileId(mount, inode, (int) (generation >>> 32)), via);
  }
}
