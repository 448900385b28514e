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
 * @param bytes content that was written since the last snapshot for an export, or since it was
 *     clean. What was overwritten counts again; what is shared with another file does not count.
 *     For a stale key: the size of the object
 * @param snapshotBytes content that was written before the last snapshot and is not exported
 * @param job the {@link BulkJob} that it is a part of; 0 for none
 */
public record Dirty(
    long sinceNanos,
    long changedNanos,
    int attempts,
    long notBeforeNanos,
    @Nullable String failure,
    boolean subtree,
    long bytes,
    long snapshotBytes,
    long job) {

  /** Dirty from now on. */
  public static Dirty since(long nanos, boolean subtree) {
    return new Dirty(nanos, nanos, 0, 0, null, subtree, 0, 0, 0);
  }

  /** Changed once more: earlier failures do not count any longer. */
  public Dirty changedAgain(long nanos) {
    return new Dirty(sinceNanos, nanos, 0, 0, null, subtree, bytes, snapshotBytes, job);
  }

  /** With so many more bytes that were written. */
  public Dirty written(long more) {
    return new Dirty(
        sinceNanos,
        changedNanos,
        attempts,
        notBeforeNanos,
        failure,
        subtree,
        bytes + more,
        snapshotBytes,
        job);
  }

  /** A snapshot was taken: an export of it covers everything so far. */
  public Dirty snapshotTaken() {
    return new Dirty(
        sinceNanos,
        changedNanos,
        attempts,
        notBeforeNanos,
        failure,
        subtree,
        0,
        snapshotBytes + bytes,
        job);
  }

  /** The last snapshot's content was exported. */
  public Dirty contentExported() {
    return new Dirty(
        sinceNanos, changedNanos, attempts, notBeforeNanos, failure, subtree, bytes, 0, job);
  }

  /** What a snapshot held is exported, and what changed since counts from now on. */
  public Dirty advanced() {
    return new Dirty(changedNanos, changedNanos, 0, 0, null, false, bytes, snapshotBytes, 0);
  }

  /** As old as this one, of something else that is a part of the same job. */
  public Dirty derived(long objectBytes) {
    return new Dirty(sinceNanos, changedNanos, 0, 0, null, false, objectBytes, 0, job);
  }

  /** The same as a part of another job; 0 for none. */
  public Dirty ofJob(long other) {
    return new Dirty(
        sinceNanos,
        changedNanos,
        attempts,
        notBeforeNanos,
        failure,
        subtree,
        bytes,
        snapshotBytes,
        other);
  }

  /** For all that begins with its key. */
  public Dirty asSubtree() {
    return new Dirty(sinceNanos, changedNanos, attempts, notBeforeNanos, failure, true, 0, 0, job);
  }

  /** Of a key whose object has so many bytes. */
  public Dirty ofObject(long objectBytes) {
    return new Dirty(
        sinceNanos, changedNanos, attempts, notBeforeNanos, failure, subtree, objectBytes, 0, job);
  }

  /** An attempt failed. */
  public Dirty failed(String reason, long notBefore) {
    return new Dirty(
        sinceNanos,
        changedNanos,
        attempts + 1,
        notBefore,
        reason,
        subtree,
        bytes,
        snapshotBytes,
        job);
  }

  /** How many bytes of a file's content S3 does not have, at most. */
  public long heldBytes(Inode inode) {
    var content = inode.content();
    return content != null && content.isDirty()
        ? Math.min(bytes + snapshotBytes, inode.sizeBytes())
        : 0;
  }

  byte[] encode() {
    return new RecordWriter(64)
        .i64(sinceNanos)
        .i64(changedNanos)
        .i32(attempts)
        .i64(notBeforeNanos)
        .optionalText(failure)
        .bool(subtree)
        .i64(bytes)
        .i64(snapshotBytes)
        .i64(job)
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
        reader.bool(),
        reader.i64(),
        reader.i64(),
        // Marks of earlier versions end here, and are a part of nothing.
        reader.isAtEnd() ? 0 : reader.i64());
  }
}
