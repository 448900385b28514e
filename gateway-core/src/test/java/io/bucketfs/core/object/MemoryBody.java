package io.bucketfs.core.object;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

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

  /**
   * Bytes that are made when they are read: see {@link PatternBytes}.
   *
   * @param begin offset in the seed's content at which the body begins
   */
  record Pattern(long seed, long begin, long sizeBytes) implements MemoryBody {
    @Override
    public void read(long offset, byte[] target, int position, int count) {
      PatternBytes.fill(seed, begin + offset, target, position, count);
    }

    /** Not the sum of the content, which would have to be made for it; ETags need not be. */
    @Override
    public String etag() {
      return "\"%016x%016x\""
          .formatted(PatternBytes.mix(seed + begin), PatternBytes.mix(~sizeBytes));
    }
  }

  /** A range of another body. Its tag is made once, since bodies of bodies can be deep. */
  record Slice(MemoryBody whole, long offset, long sizeBytes, String etag) implements MemoryBody {
    /** The tag is not the sum of the content, as with {@link Pattern}. */
    static Slice of(MemoryBody whole, long offset, long sizeBytes) {
      var tag = quotedMd5((whole.etag() + "@" + offset + "+" + sizeBytes).getBytes(UTF_8));
      return new Slice(whole, offset, sizeBytes, tag);
    }

    @Override
    public void read(long from, byte[] target, int position, int count) {
      whole.read(offset + from, target, position, count);
    }
  }

  /** Bodies one after another. */
  record Joined(List<MemoryBody> parts, String etag) implements MemoryBody {
    /** The tag is a sum of sums and their number, as S3 has it. */
    static Joined of(List<MemoryBody> parts) {
      var sums = parts.stream().map(MemoryBody::etag).collect(joining());
      var sum = quotedMd5(sums.getBytes(UTF_8));
      return new Joined(parts, sum.substring(0, sum.length() - 1) + '-' + parts.size() + '"');
    }

    @Override
    public long sizeBytes() {
      return parts.stream().mapToLong(MemoryBody::sizeBytes).sum();
    }

    @Override
    public void read(long offset, byte[] target, int position, int count) {
      var begin = 0L;
      for (var part : parts) {
        var end = begin + part.sizeBytes();
        var from = Math.max(begin, offset);
        var to = Math.min(end, offset + count);
        if (from < to) {
          part.read(from - begin, target, position + (int) (from - offset), (int) (to - from));
        }
        begin = end;
      }
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
