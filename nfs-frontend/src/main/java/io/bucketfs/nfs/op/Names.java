package io.bucketfs.nfs.op;

import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Names on the wire: UTF-8, of one path component (RFC 8881, 14.5). */
final class Names {
  private static final int COMPONENT_BYTES_MAX = 255;

  /** A longer name is NAMETOOLONG up to here, and no XDR beyond. */
  private static final int WIRE_BYTES_MAX = 65_536;

  private Names() {}

  /** Reads a component's bytes; {@link #component} makes a name of them. */
  static ByteBuf read(ByteBuf in) {
    return Xdr.readSlice(in, WIRE_BYTES_MAX);
  }

  /**
   * Makes a name.
   *
   * @throws NfsException INVAL where it is empty or no UTF-8, NAMETOOLONG, BADCHAR, BADNAME
   */
  static String component(ByteBuf bytes) throws NfsException {
    var length = bytes.readableBytes();
    if (length == 0) {
      throw new NfsException(NfsStatus.INVAL);
    }
    if (length > COMPONENT_BYTES_MAX) {
      throw new NfsException(NfsStatus.NAMETOOLONG);
    }
    var copy = new byte[length];
    bytes.getBytes(bytes.readerIndex(), copy);
    var name = decode(copy);
    if (name.indexOf('/') >= 0 || name.indexOf('\0') >= 0) {
      throw new NfsException(NfsStatus.BADCHAR);
    }
    if (name.equals(".") || name.equals("..")) {
      throw new NfsException(NfsStatus.BADNAME);
    }
    return name;
  }

  /**
   * Makes the name of an extended attribute, which may have slashes and dots.
   *
   * @throws NfsException INVAL where it is empty or no UTF-8, NAMETOOLONG, BADCHAR
   */
  static String xattr(ByteBuf bytes) throws NfsException {
    var length = bytes.readableBytes();
    if (length == 0) {
      throw new NfsException(NfsStatus.INVAL);
    }
    if (length > COMPONENT_BYTES_MAX) {
      throw new NfsException(NfsStatus.NAMETOOLONG);
    }
    var copy = new byte[length];
    bytes.getBytes(bytes.readerIndex(), copy);
    var name = decode(copy);
    if (name.indexOf('\0') >= 0) {
      throw new NfsException(NfsStatus.BADCHAR);
    }
    return name;
  }

  private static String decode(byte[] bytes) throws NfsException {
    for (var b : bytes) {
      if (b < 0) {
        try {
          return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException _) {
          throw new NfsException(NfsStatus.INVAL);
        }
      }
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
