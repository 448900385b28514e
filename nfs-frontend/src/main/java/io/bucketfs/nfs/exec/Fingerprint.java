package io.bucketfs.nfs.exec;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.rpc.Credential;
import io.netty.buffer.ByteBuf;

/**
 * Tells requests apart that carry the same slot and sequence number (RFC 8881, 2.10.6.1.3.1): by
 * caller, length, and the first and last bytes. Another caller must be refused; of other
 * differences a server need not see all, and to look at all of a large WRITE would cost too much.
 * So only what differs in nothing but the middle of more than 640 bytes is taken for a retry.
 *
 * <p>The highest slot that SEQUENCE tells is left out: it says what the client uses at the moment.
 * Linux encodes a request anew when its connection broke, and other slots may be in use by then; to
 * refuse that as a false retry would make the client send the same change with the next number.
 */
final class Fingerprint {
  private static final int FIRST_BYTES = 512;
  private static final int LAST_BYTES = 128;
  private static final long PRIME = 0x100000001b3L;

  /** Before it: number of the operation, session, sequence number, slot (RFC 8881, 18.46.1). */
  private static final int HIGHEST_SLOT_AT = 4 + 16 + 4 + 4;

  private Fingerprint() {}

  /**
   * Of a COMPOUND.
   *
   * @param from where it begins
   * @param operationsAt where its first operation begins
   */
  static long of(ByteBuf record, int from, int operationsAt, Credential credential) {
    var end = record.writerIndex();
    var hash = 0xcbf29ce484222325L ^ end - from;
    if (credential instanceof Credential.Sys sys) {
      hash = (hash ^ sys.uid()) * PRIME;
    }
    var last = Math.min(end, from + FIRST_BYTES);
    if (isSequence(record, operationsAt)) {
      var highestSlotAt = operationsAt + HIGHEST_SLOT_AT;
      hash = add(hash, record, from, Math.min(last, highestSlotAt));
      hash = add(hash, record, Math.min(last, highestSlotAt + Integer.BYTES), last);
    } else {
      hash = add(hash, record, from, last);
    }
    return add(hash, record, Math.max(last, end - LAST_BYTES), end);
  }

  private static boolean isSequence(ByteBuf record, int operationsAt) {
    return record.writerIndex() - operationsAt >= HIGHEST_SLOT_AT + Integer.BYTES
        && record.getInt(operationsAt) == OperationCode.SEQUENCE.number();
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
