package io.bucketfs.core.object;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Collects the body of a PUT. Where patterns are to be recognised, nothing is kept as long as the
 * bytes are those of {@link PatternBytes}, from their start or, as in a part of an upload, from a
 * later word on. One thread.
 */
final class IncomingBody {
  private static final int SEED_BYTES = Long.BYTES;

  private final long sizeBytes;
  private final byte[] first = new byte[SEED_BYTES];
  private boolean pattern;
  private long seed;
  private long begin;
  private byte[] bytes = new byte[0];
  private long received;

  /**
   * @param recognisesPatterns whether a body that a seed can make again is dropped
   */
  IncomingBody(long sizeBytes, boolean recognisesPatterns) {
    this.sizeBytes = sizeBytes;
    pattern = recognisesPatterns && sizeBytes >= SEED_BYTES;
    if (!pattern) {
      bytes = new byte[Math.toIntExact(sizeBytes)];
    }
  }

  /** Takes the next bytes and releases the buffer; returns false where there are too many. */
  boolean add(ByteBuf part) {
    try {
      var count = part.readableBytes();
      if (count > sizeBytes - received) {
        return false;
      }
      if (pattern) {
        var copy = new byte[count];
        part.readBytes(copy);
        addToPattern(copy);
      } else {
        part.readBytes(bytes, (int) received, count);
        received += count;
      }
      return true;
    } finally {
      part.release();
    }
  }

  private void addToPattern(byte[] part) {
    var seedPart = (int) Math.min(part.length, Math.max(0, SEED_BYTES - received));
    System.arraycopy(part, 0, first, (int) Math.min(received, SEED_BYTES), seedPart);
    if (received < SEED_BYTES && received + part.length >= SEED_BYTES) {
      seed = PatternBytes.seedOf(first);
    }
    var rest = part.length - seedPart;
    if (rest > 0) {
      var isFirst = received + seedPart == SEED_BYTES;
      if (!isPattern(part, seedPart, rest) && !(isFirst && isRest(part, seedPart, rest))) {
        keepFromNowOn();
        System.arraycopy(part, 0, bytes, (int) received, part.length);
      }
    }
    received += part.length;
  }

  private boolean isPattern(byte[] part, int from, int count) {
    var expected = PatternBytes.of(seed, begin + received + from, count);
    return Arrays.equals(part, from, part.length, expected, 0, count);
  }

  /** Tries whether the body begins at a later word. */
  private boolean isRest(byte[] part, int from, int count) {
    seed = PatternBytes.seedOfRest(first);
    begin = SEED_BYTES;
    return isPattern(part, from, count);
  }

  private void keepFromNowOn() {
    pattern = false;
    bytes = new byte[Math.toIntExact(sizeBytes)];
    if (received < SEED_BYTES) {
      System.arraycopy(first, 0, bytes, 0, (int) received);
    } else {
      PatternBytes.fill(seed, begin, bytes, 0, (int) received);
    }
  }

  boolean isComplete() {
    return received == sizeBytes;
  }

  MemoryBody toBody() {
    return pattern ? new MemoryBody.Pattern(seed, begin, sizeBytes) : new MemoryBody.Bytes(bytes);
  }
}
