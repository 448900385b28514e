package io.bucketfs.nfs.exec;

import io.bucketfs.nfs.rpc.Credential;
import io.netty.buffer.ByteBuf;

/**
 * Tells requests apart that carry the same slot and sequence number (RFC 8881, 2.10.6.1.3.1): by
 * caller, length and the first bytes. To look at all of a large WRITE would cost too much.
 */
final class Fingerprint {
  private static final int BYTES_MAX = 512;
  private static final long PRIME = 0x100000001b3L;

  private Fingerprint() {}

  /** Of the request from an index on. */
  static long of(ByteBuf record, int from, Credential credential) {
    var end = record.writerIndex();
    var hash = 0xcbf29ce484222325L ^ end - from;
    if (credential instanceof Credential.Sys sys) {
      hash = (hash ^ sys.uid()) * PRIME;
    }
    var last = Math.min(end, from + BYTES_MAX);
    var at = from;
    for (; at + Long.BYTES <= last; at += Long.BYTES) {
      hash = Long.rotateLeft((hash ^ record.getLong(at)) * PRIME, 29);
    }
    for (; at < last; at++) {
      hash = (hash ^ record.getByte(at)) * PRIME;
    }
    return hash;
  }
}
