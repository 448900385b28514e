package io.bucketfs.nfs.fuzz;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.xdr.BadXdr;
import io.netty.buffer.Unpooled;

/** The arguments of every operation: read without taking more memory than they have bytes. */
public final class OperationFuzz {
  private OperationFuzz() {}

  /** Operations one after the other, as in a COMPOUND. */
  public static void fuzzerTestOneInput(byte[] input) {
    var in = Unpooled.wrappedBuffer(input);
    while (in.readableBytes() >= 4) {
      var number = in.readInt();
      var code = OperationCode.of(Math.floorMod(number, 80), 2);
      if (code == null) {
        continue;
      }
      try {
        var before = in.readerIndex();
        code.read(in);
        if (in.readerIndex() < before) {
          throw new AssertionError(code + " went back");
        }
      } catch (BadXdr _) {
        return;
      }
    }
  }
}
