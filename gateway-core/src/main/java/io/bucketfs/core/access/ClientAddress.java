package io.bucketfs.core.access;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * The address of a client as two words.
 *
 * @param isV4 whether it is an IPv4 address, also where it came as an IPv4-mapped one
 * @param high first half of an IPv6 address; 0 for IPv4
 * @param low second half of an IPv6 address; the 32 bits of an IPv4 address
 */
public record ClientAddress(boolean isV4, long high, long low) {
  /** The unspecified address, which no client has. */
  public static final ClientAddress UNKNOWN = new ClientAddress(false, 0, 0);

  /** The words of an address. The JDK turns IPv4-mapped addresses into IPv4 ones by itself. */
  public static ClientAddress of(InetAddress address) {
    var bytes = ByteBuffer.wrap(address.getAddress());
    return address instanceof Inet4Address
        ? new ClientAddress(true, 0, bytes.getInt() & 0xffff_ffffL)
        : new ClientAddress(false, bytes.getLong(), bytes.getLong());
  }
}
