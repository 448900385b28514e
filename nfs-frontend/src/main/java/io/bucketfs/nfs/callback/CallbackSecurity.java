package io.bucketfs.nfs.callback;

import io.bucketfs.nfs.rpc.Credential;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code callback_sec_parms4}: how callbacks show who they are from (RFC 8881, 18.33, 18.36). */
public sealed interface CallbackSecurity {
  /** AUTH_NONE. */
  record None() implements CallbackSecurity {}

  /**
   * AUTH_SYS.
   *
   * @param body the credential as the client wants it; not changed
   */
  record Sys(byte[] body) implements CallbackSecurity {}

  /** RPCSEC_GSS, which this server does not speak. */
  record Gss() implements CallbackSecurity {}

  private static CallbackSecurity read(ByteBuf in) {
    return switch (Xdr.readInt(in)) {
      case 0 -> new None();
      case 1 -> {
        var from = in.readerIndex();
        Xdr.readInt(in);
        Xdr.skipOpaque(in, 255);
        Xdr.skip(in, 8);
        Xdr.skip(in, 4 * Xdr.readLength(in, Credential.GROUPS_MAX));
        yield new Sys(ByteBufUtil.getBytes(in, from, in.readerIndex() - from));
      }
      case 6 -> {
        Xdr.readInt(in);
        Xdr.skipOpaque(in, 1024);
        Xdr.skipOpaque(in, 1024);
        yield new Gss();
      }
      default -> throw BadXdr.INSTANCE;
    };
  }

  /** Reads what a client offers. */
  static List<CallbackSecurity> readAll(ByteBuf in) {
    var offered = new ArrayList<CallbackSecurity>();
    for (var left = Xdr.readLength(in, 16); left > 0; left--) {
      offered.add(read(in));
    }
    return offered;
  }

  /** Writes what {@link #readAll} reads. */
  static void writeAll(ByteBuf out, List<CallbackSecurity> offered) {
    out.writeInt(offered.size());
    for (var one : offered) {
      switch (one) {
        case None() -> out.writeInt(0);
        case Sys(var body) -> out.writeInt(1).writeBytes(body);
        case Gss() -> out.writeInt(6).writeLong(0).writeInt(0);
      }
    }
  }

  /** The first that this server can use, or null. */
  static @Nullable CallbackSecurity choose(List<CallbackSecurity> offered) {
    for (var one : offered) {
      if (!(one instanceof Gss)) {
        return one;
      }
    }
    return null;
  }

  /** Writes credential and verifier of a call. */
  default void write(ByteBuf out) {
    switch (this) {
      case Sys(var body) -> {
        out.writeInt(1);
        Xdr.writeOpaque(out, body);
      }
      case None(), Gss() -> out.writeLong(0);
    }
    out.writeLong(0);
  }
}
