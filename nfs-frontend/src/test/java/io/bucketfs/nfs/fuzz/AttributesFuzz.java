package io.bucketfs.nfs.fuzz;

import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.attr.AttributeReader;
import io.bucketfs.nfs.attr.RawAttributes;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.xdr.BadXdr;
import io.netty.buffer.Unpooled;

/** Attributes to set: understood, or refused with a status. Bitmaps: written as they were read. */
public final class AttributesFuzz {
  private AttributesFuzz() {}

  /** The first byte chooses the minor version. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    var minorVersion = 1 + (input[0] & 1);
    var in = Unpooled.wrappedBuffer(input, 1, input.length - 1);
    try {
      var raw = RawAttributes.read(in);
      var again = Unpooled.buffer();
      raw.mask().write(again);
      if (!raw.mask().beyond() && !AttributeMask.read(again).equals(raw.mask())) {
        throw new AssertionError(raw.mask() + " is not read as it is written");
      }
      var wanted = AttributeReader.read(raw, minorVersion);
      if (!wanted.mask().isWithin(Attribute.settable(minorVersion))) {
        throw new AssertionError(wanted.mask() + " is not settable");
      }
    } catch (BadXdr | NfsException _) {
      // That is the answer.
    }
  }
}
