package io.bucketfs.nfs.attr;

import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/**
 * An fattr4 as it came, not yet understood.
 *
 * @param values a slice of the request, not retained
 */
public record RawAttributes(AttributeMask mask, ByteBuf values) {
  private static final int BYTES_MAX = 16_384;

  /** Reads bitmap and values. */
  public static RawAttributes read(ByteBuf in) {
    return new RawAttributes(AttributeMask.read(in), Xdr.readSlice(in, BYTES_MAX));
  }
}
