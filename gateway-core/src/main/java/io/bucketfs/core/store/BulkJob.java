package io.bucketfs.core.store;

/**
 * A rename or removal of many objects, as an operator sees it. What is left to be done stands in
 * the marks of its keys, which refer to it; only what they cannot tell is kept here: how much there
 * was in all. What is left is counted in the same transactions that change the marks, so that
 * nobody counts marks to show it, and that the last one takes the job away.
 *
 * @param number identity in its mount, positive, never used again
 * @param path what was renamed, or the nearest directory above all that was removed; inside the
 *     mount, without slashes at its ends, empty for its root
 * @param directory inode of the directory that was renamed; 0 for a removal
 * @param sinceNanos when it began
 * @param changedNanos when something was last added to it
 * @param found whether all of its keys have marks of their own; else they stand behind that of
 *     their common prefix
 * @param objects how many objects it is about
 * @param bytes of them
 * @param left how many of them are not gone from their old keys
 * @param leftBytes of those
 */
public record BulkJob(
    long number,
    String path,
    long directory,
    long sinceNanos,
    long changedNanos,
    boolean found,
    long objects,
    long bytes,
    long left,
    long leftBytes) {

  public boolean isRename() {
    return directory != 0;
  }

  static BulkJob rename(long number, String path, long directory, long nanos) {
    return new BulkJob(number, path, directory, nanos, nanos, false, 0, 0, 0, 0);
  }

  static BulkJob removal(long number, String path, long nanos) {
    return new BulkJob(number, path, 0, nanos, nanos, true, 0, 0, 0, 0);
  }

  /** Whether nothing is left of it. */
  boolean isDone() {
    return found && left == 0;
  }

  /** With one more object. */
  BulkJob with(long objectBytes) {
    return new BulkJob(
        number,
        path,
        directory,
        sinceNanos,
        changedNanos,
        found,
        objects + 1,
        bytes + objectBytes,
        left + 1,
        leftBytes + objectBytes);
  }

  /** With one object less to be done. */
  BulkJob without(long objectBytes) {
    return new BulkJob(
        number,
        path,
        directory,
        sinceNanos,
        changedNanos,
        found,
        objects,
        bytes,
        left - 1,
        leftBytes - objectBytes);
  }

  /** All its keys have marks. */
  BulkJob allFound() {
    return new BulkJob(
        number, path, directory, sinceNanos, changedNanos, true, objects, bytes, left, leftBytes);
  }

  /** Something below another directory was added. */
  BulkJob at(String commonPath, long nanos) {
    return new BulkJob(
        number, commonPath, directory, sinceNanos, nanos, found, objects, bytes, left, leftBytes);
  }

  byte[] encode() {
    return new RecordWriter(80 + path.length())
        .i64(number)
        .text(path)
        .i64(directory)
        .i64(sinceNanos)
        .i64(changedNanos)
        .bool(found)
        .i64(objects)
        .i64(bytes)
        .i64(left)
        .i64(leftBytes)
        .toBytes();
  }

  /** Reads a stored record, for scans. */
  public static BulkJob decode(byte[] value) {
    var reader = new RecordReader(value);
    return new BulkJob(
        reader.i64(),
        reader.text(),
        reader.i64(),
        reader.i64(),
        reader.i64(),
        reader.bool(),
        reader.i64(),
        reader.i64(),
        reader.i64(),
        reader.i64());
  }
}
