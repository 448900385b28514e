package io.bucketfs.nfs.fuzz;

import io.bucketfs.nfs.rpc.Credential;
import io.bucketfs.nfs.rpc.RpcCall;
import io.bucketfs.nfs.xdr.BadXdr;
import io.netty.buffer.Unpooled;

/** Headers of calls with their credentials: read within their bounds, or refused as no XDR. */
public final class CallFuzz {
  private CallFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    try {
      var call = RpcCall.read(1, Unpooled.wrappedBuffer(input));
      if (call.credential() instanceof Credential.Sys sys
          && sys.groups().length > Credential.GROUPS_MAX) {
        throw new AssertionError(sys.groups().length + " groups");
      }
    } catch (BadXdr _) {
      // That is the answer.
    }
  }
}
