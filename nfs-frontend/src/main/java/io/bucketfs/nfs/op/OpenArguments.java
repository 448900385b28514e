package io.bucketfs.nfs.op;

import io.bucketfs.nfs.attr.RawAttributes;
import io.bucketfs.nfs.state.Opaque;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** The arguments of OPEN (RFC 8881, 18.16.1). The client id of the owner means nothing in 4.1. */
record OpenArguments(int shareAccess, int shareDeny, Opaque owner, How how, Claim claim) {
  /** Whether and how a file is created. */
  sealed interface How {
    record NoCreate() implements How {}

    record Unchecked(RawAttributes attributes) implements How {}

    record Guarded(RawAttributes attributes) implements How {}

    record Exclusive4(long verifier) implements How {}

    record Exclusive41(long verifier, RawAttributes attributes) implements How {}
  }

  /** What is opened, and on which grounds. */
  sealed interface Claim {
    record Null(ByteBuf name) implements Claim {}

    record Previous() implements Claim {}

    record FileHandle() implements Claim {}

    /** With a delegation, of which none is ever given. */
    record Delegated() implements Claim {}

    /** With a delegation from before a restart. */
    record DelegatedBefore() implements Claim {}
  }

  static OpenArguments read(ByteBuf in) {
    Xdr.readInt(in); // the sequence number of 4.0
    var access = Xdr.readInt(in);
    var deny = Xdr.readInt(in);
    Xdr.readLong(in);
    var owner = new Opaque(Xdr.readBytes(in, Opaque.BYTES_MAX));
    return new OpenArguments(access, deny, owner, readHow(in), readClaim(in));
  }

  private static How readHow(ByteBuf in) {
    if (!Xdr.readBoolean(in)) {
      return new How.NoCreate();
    }
    return switch (Xdr.readInt(in)) {
      case 0 -> new How.Unchecked(RawAttributes.read(in));
      case 1 -> new How.Guarded(RawAttributes.read(in));
      case 2 -> new How.Exclusive4(Xdr.readLong(in));
      case 3 -> new How.Exclusive41(Xdr.readLong(in), RawAttributes.read(in));
      default -> throw BadXdr.INSTANCE;
    };
  }

  private static Claim readClaim(ByteBuf in) {
    return switch (Xdr.readInt(in)) {
      case 0 -> new Claim.Null(Names.read(in));
      case 1 -> {
        Xdr.readInt(in); // the delegation it had: not given again
        yield new Claim.Previous();
      }
      case 2 -> {
        StateId.read(in);
        Names.read(in);
        yield new Claim.Delegated();
      }
      case 3 -> {
        Names.read(in);
        yield new Claim.DelegatedBefore();
      }
      case 4 -> new Claim.FileHandle();
      case 5 -> {
        StateId.read(in);
        yield new Claim.Delegated();
      }
      case 6 -> new Claim.DelegatedBefore();
      default -> throw BadXdr.INSTANCE;
    };
  }
}
