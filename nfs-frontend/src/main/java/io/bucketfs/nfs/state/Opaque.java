package io.bucketfs.nfs.state;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Bytes that only their maker understands, compared by value: owners of clients, opens and locks.
 *
 * @param bytes not copied and not changed
 */
public record Opaque(byte[] bytes) {
  /** RFC 8881, 3.2: NFS4_OPAQUE_LIMIT. */
  public static final int BYTES_MAX = 1024;

  @Override
  public boolean equals(Object other) {
    return other instanceof Opaque(var others) && Arrays.equals(bytes, others);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** Text where the bytes are printable ASCII, else hexadecimal. */
  @Override
  public String toString() {
    for (var b : bytes) {
      if (b < 0x20 || b == 0x7f) {
        return HexFormat.of().formatHex(bytes);
      }
    }
    return new String(bytes, StandardCharsets.US_ASCII);
  }
}
