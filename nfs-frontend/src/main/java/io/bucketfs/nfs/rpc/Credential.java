package io.bucketfs.nfs.rpc;

import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** Who an RPC call says it is from (RFC 5531, 8.2). */
public sealed interface Credential {
  /** Opaque credentials and verifiers have at most this many bytes. */
  int BYTES_MAX = 400;

  /** AUTH_SYS carries at most this many supplementary groups. */
  int GROUPS_MAX = 16;

  /** AUTH_NONE: nobody in particular. */
  record None() implements Credential {}

  /**
   * AUTH_SYS: ids that the client's kernel vouches for.
   *
   * @param groups supplementary groups; the array is not changed
   */
  record Sys(int uid, int gid, int... groups) implements Credential {}

  /** AUTH_TLS: the question whether this server speaks RPC-with-TLS (RFC 9289, 4.1). */
  record TlsProbe() implements Credential {}

  /** A flavor that is not offered. */
  record Unknown(int flavor) implements Credential {}

  /** A flavor that is offered, with a body that is not right. */
  record Broken() implements Credential {}

  /** Reads the flavor and body of a credential. */
  static Credential read(ByteBuf in) {
    var flavor = Xdr.readInt(in);
    var length = Xdr.readLength(in, BYTES_MAX);
    var end = in.readerIndex() + length;
    Xdr.requireReadable(in, length + Xdr.padding(length));
    var credential =
        switch (flavor) {
          case 0 -> new None();
          case 1 -> readSys(in, end);
          case 7 -> new TlsProbe();
          default -> new Unknown(flavor);
        };
    in.readerIndex(end + Xdr.padding(length));
    return credential;
  }

  /** Reads a body that ends at an index, beyond which nothing is looked at. */
  private static Credential readSys(ByteBuf body, int end) {
    var recordEnd = body.writerIndex();
    body.writerIndex(end);
    try {
      Xdr.readInt(body); // a stamp, of no use
      Xdr.skipOpaque(body, 255);
      var uid = Xdr.readInt(body);
      var gid = Xdr.readInt(body);
      var groups = new int[Xdr.readLength(body, GROUPS_MAX)];
      for (var i = 0; i < groups.length; i++) {
        groups[i] = Xdr.readInt(body);
      }
      return new Sys(uid, gid, groups);
    } catch (BadXdr _) {
      return new Broken();
    } finally {
      body.writerIndex(recordEnd);
    }
  }
}
