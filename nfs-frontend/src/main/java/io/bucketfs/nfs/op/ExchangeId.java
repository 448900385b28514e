package io.bucketfs.nfs.op;

import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.rpc.Credential;
import io.bucketfs.nfs.state.Clients;
import io.bucketfs.nfs.state.Opaque;
import io.bucketfs.nfs.state.Principal;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** EXCHANGE_ID (RFC 8881, 18.35), without protection of state by machine credentials. */
record ExchangeId(long verifier, Opaque owner, int flags, int protection, String implementation)
    implements Operation {
  private static final int UPDATE = 0x4000_0000;
  private static final int CONFIRMED = 0x8000_0000;
  private static final int USE_NON_PNFS = 0x0001_0000;

  /** Flags that a client may set. */
  private static final int KNOWN_41 = 0x4007_0103;

  /** With SUPP_FENCE_OPS (RFC 7862, 14.1). */
  private static final int KNOWN_42 = 0x4007_0107;

  private static final int SP4_NONE = 0;
  private static final int SP4_MACH_CRED = 1;
  private static final int SP4_SSV = 2;
  private static final int OPAQUE_BYTES_MAX = 1024;
  private static final int LIST_MAX = 64;

  static ExchangeId read(ByteBuf in) {
    var verifier = Xdr.readLong(in);
    var owner = new Opaque(Xdr.readBytes(in, Opaque.BYTES_MAX));
    var flags = Xdr.readInt(in);
    var protection = Xdr.readInt(in);
    switch (protection) {
      case SP4_NONE -> {}
      case SP4_MACH_CRED -> skipOperations(in);
      case SP4_SSV -> {
        skipOperations(in);
        skipOids(in);
        skipOids(in);
        Xdr.skip(in, 8);
      }
      default -> throw BadXdr.INSTANCE;
    }
    var implementation = "";
    if (Xdr.readLength(in, 1) == 1) {
      Xdr.skipOpaque(in, OPAQUE_BYTES_MAX);
      implementation = Xdr.readSlice(in, OPAQUE_BYTES_MAX).toString(StandardCharsets.UTF_8);
      Xdr.skip(in, 12);
    }
    return new ExchangeId(verifier, owner, flags, protection, implementation);
  }

  private static void skipOperations(ByteBuf in) {
    AttributeMask.read(in); // bitmaps are alike, whatever they are of
    AttributeMask.read(in);
  }

  private static void skipOids(ByteBuf in) {
    for (var left = Xdr.readLength(in, LIST_MAX); left > 0; left--) {
      Xdr.skipOpaque(in, OPAQUE_BYTES_MAX);
    }
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException {
    if ((flags & ~(c.minorVersion() >= 2 ? KNOWN_42 : KNOWN_41)) != 0) {
      throw new NfsException(NfsStatus.INVAL);
    }
    switch (protection) {
      case SP4_MACH_CRED -> throw new NfsException(NfsStatus.INVAL);
      case SP4_SSV -> throw new NfsException(NfsStatus.ENCR_ALG_UNSUPP);
      default -> {}
    }
    var identity =
        new Clients.Identity(
            owner,
            verifier,
            principal(c.request().credential()),
            implementation,
            c.peer().clientAddress());
    var clients = c.services().clients();
    var client = (flags & UPDATE) != 0 ? clients.update(identity) : clients.exchange(identity);
    client.seenAt(c.peer());
    var out = c.out();
    out.writeLong(client.id()).writeInt(client.createSequence());
    out.writeInt(USE_NON_PNFS | (client.isConfirmed() ? CONFIRMED : 0));
    out.writeInt(SP4_NONE);
    out.writeLong(0);
    Xdr.writeOpaque(out, c.services().serverOwner());
    Xdr.writeOpaque(out, c.services().serverOwner());
    out.writeInt(0); // nothing about our implementation
    return NfsStatus.OK;
  }

  static Principal principal(Credential credential) {
    return credential instanceof Credential.Sys sys
        ? new Principal(1, sys.uid())
        : new Principal(0, 0);
  }
}
