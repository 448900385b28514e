package io.bucketfs.core.access;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.regex.Pattern;

/**
 * A set of client addresses: all, or those that share their first bits (CIDR, RFC 4632, 4291).
 *
 * @param family which addresses it can hold
 * @param first the lowest address in it
 * @param bits how many leading bits count
 */
public record Network(Family family, ClientAddress first, int bits) {
  /** Kinds of addresses. A network of one kind holds none of another. */
  public enum Family {
    ANY(0),
    IPV4(32),
    IPV6(128);

    private final int bitsMax;

    Family(int bitsMax) {
      this.bitsMax = bitsMax;
    }
  }

  /** All addresses. */
  public static final Network ANY = new Network(Family.ANY, ClientAddress.UNKNOWN, 0);

  private static final String ANY_TEXT = "any";
  private static final Pattern LITERAL =
      Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

  public Network {
    if (bits < 0 || bits > family.bitsMax) {
      throw new IllegalArgumentException("a prefix has 0 to " + family.bitsMax + " bits: " + bits);
    }
  }

  /**
   * Reads {@code any}, an address, or an address with a prefix length.
   *
   * @throws IllegalArgumentException with what to write instead
   */
  public static Network parse(String text) {
    if (text.equals(ANY_TEXT)) {
      return ANY;
    }
    var slash = text.indexOf('/');
    var literal = slash < 0 ? text : text.substring(0, slash);
    if (!LITERAL.matcher(literal).matches()) {
      throw wrong(text);
    }
    var colons = literal.indexOf(':') >= 0;
    ClientAddress address;
    try {
      address = ClientAddress.of(InetAddress.ofLiteral(literal));
    } catch (IllegalArgumentException _) {
      throw wrong(text);
    }
    if (colons && address.isV4()) {
      throw new IllegalArgumentException("'" + text + "' is an IPv4 address: write it as one");
    }
    var family = address.isV4() ? Family.IPV4 : Family.IPV6;
    var bits = slash < 0 ? family.bitsMax : bits(text, slash + 1, family);
    var first = masked(family, address, bits);
    var network = new Network(family, first, bits);
    if (!first.equals(address)) {
      throw new IllegalArgumentException(
          "'" + text + "' has bits beyond its prefix: write " + network);
    }
    return network;
  }

  private static int bits(String text, int from, Family family) {
    var digits = text.substring(from);
    if (digits.matches("[0-9]{1,3}") && Integer.parseInt(digits) <= family.bitsMax) {
      return Integer.parseInt(digits);
    }
    throw wrong(text);
  }

  private static IllegalArgumentException wrong(String text) {
    return new IllegalArgumentException(
        "'"
            + text
            + "' is no network: write any, an address, or a network such as 10.0.0.0/8 or"
            + " fd00::/8");
  }

  private static ClientAddress masked(Family family, ClientAddress address, int bits) {
    return switch (family) {
      case ANY -> ClientAddress.UNKNOWN;
      case IPV4 -> new ClientAddress(true, 0, address.low() & ones(bits) >>> 32);
      case IPV6 ->
          new ClientAddress(
              false,
              address.high() & ones(Math.min(bits, 64)),
              address.low() & ones(Math.max(bits - 64, 0)));
    };
  }

  /** A word whose so many highest bits are set. */
  private static long ones(int bits) {
    return bits == 0 ? 0 : -1L << (64 - bits);
  }

  /** Whether a client's address is in it. */
  public boolean contains(ClientAddress address) {
    return switch (family) {
      case ANY -> true;
      case IPV4 -> address.isV4() && (address.low() ^ first.low()) >>> (32 - bits) == 0;
      case IPV6 ->
          !address.isV4()
              && ((address.high() ^ first.high()) & ones(Math.min(bits, 64))) == 0
              && ((address.low() ^ first.low()) & ones(Math.max(bits - 64, 0))) == 0;
    };
  }

  /** The text that {@link #parse} reads. */
  @Override
  public String toString() {
    if (family == Family.ANY) {
      return ANY_TEXT;
    }
    var v4 = family == Family.IPV4;
    var bytes = ByteBuffer.allocate(v4 ? 4 : 16);
    if (v4) {
      bytes.putInt((int) first.low());
    } else {
      bytes.putLong(first.high()).putLong(first.low());
    }
    try {
      return InetAddress.getByAddress(bytes.array()).getHostAddress() + "/" + bits;
    } catch (UnknownHostException e) {
      throw new IllegalStateException("4 and 16 bytes are addresses", e);
    }
  }
}
