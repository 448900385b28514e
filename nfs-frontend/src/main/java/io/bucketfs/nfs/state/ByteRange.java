package io.bucketfs.nfs.state;

import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;

/** Bytes from first to last, both included and unsigned, so that the end of all files fits. */
public record ByteRange(long first, long last) {
  private static final long TO_THE_END = -1;

  /**
   * Makes a range of an offset and length from the wire.
   *
   * @throws NfsException INVAL for a length of 0 and for an end beyond 2^64 - 1
   */
  public static ByteRange of(long offset, long length) throws NfsException {
    if (length == TO_THE_END) {
      return new ByteRange(offset, -1);
    }
    var last = offset + length - 1;
    if (length == 0 || Long.compareUnsigned(last, offset) < 0) {
      throw new NfsException(NfsStatus.INVAL);
    }
    return new ByteRange(offset, last);
  }

  /** The length as LOCK_DENIED gives it. */
  public long length() {
    return last == -1 ? TO_THE_END : last - first + 1;
  }

  boolean overlaps(ByteRange other) {
    return Long.compareUnsigned(first, other.last) <= 0
        && Long.compareUnsigned(other.first, last) <= 0;
  }
}
