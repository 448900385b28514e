package io.bucketfs.cache.sim;

import java.util.HexFormat;
import java.util.zip.CRC32C;

/** Short names for byte arrays. */
final class Digests {
  private Digests() {}

  static String of(byte[] bytes) {
    var crc = new CRC32C();
    crc.update(bytes);
    return HexFormat.of().toHexDigits((int) crc.getValue()) + "/" + bytes.length;
  }
}
