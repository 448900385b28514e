package io.bucketfs.nfs.export;

/** SipHash-2-4 (Aumasson, Bernstein): a keyed hash that cannot be forged without the key. */
final class SipHash {
  private final long key0;
  private final long key1;

  SipHash(long key0, long key1) {
    this.key0 = key0;
    this.key1 = key1;
  }

  /** Hashes words as their little-endian bytes. */
  long hash(long... words) {
    var v =
        new long[] {
          key0 ^ 0x736f6d6570736575L,
          key1 ^ 0x646f72616e646f6dL,
          key0 ^ 0x6c7967656e657261L,
          key1 ^ 0x7465646279746573L
        };
    for (var word : words) {
      absorb(v, word);
    }
    absorb(v, ((long) words.length * Long.BYTES) << 56);
    v[2] ^= 0xff;
    for (var i = 0; i < 4; i++) {
      round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
  }

  private static void absorb(long[] v, long word) {
    v[3] ^= word;
    round(v);
    round(v);
    v[0] ^= word;
  }

  private static void round(long[] v) {
    v[0] += v[1];
    v[1] = Long.rotateLeft(v[1], 13) ^ v[0];
    v[0] = Long.rotateLeft(v[0], 32);
    v[2] += v[3];
    v[3] = Long.rotateLeft(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = Long.rotateLeft(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = Long.rotateLeft(v[1], 17) ^ v[2];
    v[2] = Long.rotateLeft(v[2], 32);
  }
}
