package io.bucketfs.nfs.exec;

import io.bucketfs.nfs.rpc.Credential;
import io.netty.buffer.ByteBuf;

/**
 * Tells requests apart that carry the same slot and sequence number (RFC 8881, 2.10.6.1.3.1): by
 * caller, length, and the first and last bytes. Another caller must be refused; of other
 * differences a server need not see all, and to look at all of a large WRITE would cost too much.
 * So only what differs in nothing but the middle of more than 640 bytes is taken for a retry.
 */
final class Fingerprint {
  private static final int FIRST_BYTES = 512;
  private static final int LAST_BYTES = 128;
  private static final long PRIME = 0x100000001b3L;

  private Fingerprint() {}

  /** Of the request from an index on. */
  static long of(ByteBuf record, int from, Credential credential) {
    var end = record.writerIndex();
    var hash = 0xcbf29ce484222325L ^ end - from;
    if (credential instanceof Credential.Sys sys) {
      hash = (hash ^ sys.uid()) * PRIME;
    }
    var last = Math.min(end, from + FIRST_BYTES);
    hash = add(hash, record, from, last);
    return add(hash, record, Math.max(last, end - LAST_BYTES), end);
  }

  private static long add(long before, ByteBuf record, int from, int to) {
    var hash = before;
    var at = from;
    for (; at + Long.BYTES <= to; at += Long.BYTES) {
      hash = Long.rotateLeft((hash ^ record.getLong(at)) * PRIME, 29);
    }
    for (; at < to; at++) {
      hash = (hash ^ record.getByte(at)) * PRIME;
    }
    return hash;
  }
}
