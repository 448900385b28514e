package io.bucketfs.nfs.exec;

import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * What comes before the operations of a COMPOUND (RFC 8881, 16.2).
 *
 * @param status OK, or why none of its operations is run
 */
record CompoundHeader(byte[] tag, int minorVersion, int operations, NfsStatus status) {
  private static final int TAG_BYTES_MAX = 1024;
  private static final int MINOR_VERSION_MAX = 2;

  /** Throws {@link io.bucketfs.nfs.xdr.BadXdr} where not even this can be read. */
  static CompoundHeader read(ByteBuf in) {
    var tag = Xdr.readBytes(in, TAG_BYTES_MAX);
    var minorVersion = Xdr.readInt(in);
    var operations = Xdr.readLength(in, Integer.MAX_VALUE);
    return new CompoundHeader(tag, minorVersion, operations, check(tag, minorVersion));
  }

  private static NfsStatus check(byte[] tag, int minorVersion) {
    if (minorVersion < 1 || minorVersion > MINOR_VERSION_MAX) {
      return NfsStatus.MINOR_VERS_MISMATCH;
    }
    return isText(tag) ? NfsStatus.OK : NfsStatus.INVAL;
  }

  /** Whether a tag is UTF-8; mostly it is empty. */
  private static boolean isText(byte[] tag) {
    var ascii = true;
    for (var b : tag) {
      ascii &= b >= 0;
    }
    if (ascii) {
      return true;
    }
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(tag));
      return true;
    } catch (CharacterCodingException _) {
      return false;
    }
  }
}
