package io.bucketfs.core.object;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The bytes of an object in memory. */
sealed interface MemoryBody {
  long sizeBytes();

  /** Copies from the body into an array. */
  void read(long offset, byte[] target, int position, int count);

  /** S3's entity tag, with its quotes. */
  String etag();

  /** Bytes as they came; nobody changes the array. */
  record Bytes(byte[] bytes) implements MemoryBody {
    @Override
    public long sizeBytes() {
      return bytes.length;
    }

    @Override
    public void read(long offset, byte[] target, int position, int count) {
      System.arraycopy(bytes, Math.toIntExact(offset), target, position, count);
    }

    @Override
    public String etag() {
      return quotedMd5(bytes);
    }
  }

  /** Bytes that are made when they are read: see {@link PatternBytes}. */
  record Pattern(long seed, long sizeBytes) implements MemoryBody {
    @Override
    public void read(long offset, byte[] target, int position, int count) {
      PatternBytes.fill(seed, offset, target, position, count);
    }

    /** Not the sum of the content, which would have to be made for it; ETags need not be. */
    @Override
    public String etag() {
      return "\"%016x%016x\"".formatted(PatternBytes.mix(seed), PatternBytes.mix(~sizeBytes));
    }
  }

  private static String quotedMd5(byte[] bytes) {
    try {
      var sum = MessageDigest.getInstance("MD5").digest(bytes);
      return '"' + HexFormat.of().formatHex(sum) + '"';
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has MD5", e);
    }
  }
}
