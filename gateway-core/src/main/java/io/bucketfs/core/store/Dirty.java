package io.bucketfs.core.store;

import org.jspecify.annotations.Nullable;

/**
 * Why and since when something differs from the bucket: an inode (family DIRTY) or a key that may
 * have to go (family STALE).
 *
 * @param sinceNanos when it became dirty
 * @param changedNanos when it last changed
 * @param attempts exports that failed since it last changed
 * @param notBeforeNanos when the next attempt is due, 0 for as soon as it is idle
 * @param failure why it cannot be exported, for the report; null where nothing is known against it
 * @param subtree for a stale key: whether it is a prefix under which everything may have to go
 */
public record Dirty(
    long sinceNanos,
    long changedNanos,
    int attempts,
    long notBeforeNanos,
    @Nullable String failure,
    boolean subtree) {

  /** Dirty from now on. */
  public static Dirty since(long nanos, boolean subtree) {
    return new Dirty(nanos, nanos, 0, 0, null, subtree);
  }

  /** Changed once more: earlier failures do not count any longer. */
  public Dirty changedAgain(long nanos) {
    return new Dirty(sinceNanos, nanos, 0, 0, null, subtree);
  }

  /** An attempt failed. */
  public Dirty failed(String reason, long notBefore) {
    return new Dirty(sinceNanos, changedNanos, attempts + 1, notBefore, reason, subtree);
  }

  byte[] encode() {
    return new RecordWriter(40)
        .i64(sinceNanos)
        .i64(changedNanos)
        .i32(attempts)
        .i64(notBeforeNanos)
        .optionalText(failure)
        .bool(subtree)
        .toBytes();
  }

  /** Reads a stored record, for scans. */
  public static Dirty decode(byte[] value) {
    var reader = new RecordReader(value);
    return new Dirty(
        reader.i64(),
        reader.i64(),
        reader.i32(),
        reader.i64(),
        reader.optionalText(),
        reader.bool());
  }
}
