package io.bucketfs.core.vfs;

import org.jspecify.annotations.Nullable;

/**
 * Attributes to set; null leaves one as it is.
 *
 * @param mode permission bits, 07777
 * @param sizeBytes new length in bytes, not negative
 * @param accessTime new access time
 * @param modifyTime new modification time
 */
public record SetAttributes(
    @Nullable Integer mode,
    @Nullable Integer uid,
    @Nullable Integer gid,
    @Nullable Long sizeBytes,
    @Nullable TimeChange accessTime,
    @Nullable TimeChange modifyTime) {

  /** Changes nothing. */
  public static final SetAttributes NONE = new SetAttributes(null, null, null, null, null, null);

  /** A time to set: that of the server, or one that the client names. */
  public sealed interface TimeChange {
    /** The server's time when the change is committed. */
    record ServerTime() implements TimeChange {}

    /** The given nanoseconds since the epoch. */
    record ClientTime(long nanos) implements TimeChange {}
  }

  /** Only the given permission bits. */
  public static SetAttributes ofMode(int mode) {
    return new SetAttributes(mode, null, null, null, null, null);
  }

  /** Only the given length. */
  public static SetAttributes ofSize(long sizeBytes) {
    return new SetAttributes(null, null, null, sizeBytes, null, null);
  }

  /** Whether nothing at all is to be set. */
  public boolean isEmpty() {
    return mode == null
        && uid == null
        && gid == null
        && sizeBytes == null
        && accessTime == null
        && modifyTime == null;
  }
}
