package io.bucketfs.core.store;

import io.bucketfs.core.object.ObjectVersion;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a regular file. Each byte below the file's size is in one of three states: an extent
 * covers it; or, below the base's length and outside every extent, it is that of the base; or it is
 * a hole (zeroes). Extents are keyed by the content's id, so that replacing all bytes is a new id.
 *
 * @param id identity of the content in its mount, never used again
 * @param sequence sequence of the last write or truncate that the metadata reflects: log records up
 *     to it are not replayed
 * @param exportedSequence what of it S3 holds in the base: extents above it are dirty. -1 where
 *     nothing was ever exported or imported
 * @param base the object version that bytes without an extent come from
 * @param exportFloor the least size since the last snapshot for an export was taken: a base made
 *     from that snapshot, or from an earlier one, is not longer than this
 */
public record Content(
    long id, long sequence, long exportedSequence, @Nullable Base base, long exportFloor) {

  /**
   * An object version below a file.
   *
   * @param key where it is in the bucket, which after a rename is not where the file is
   * @param length bytes of it that still show through; only ever shrinks
   */
  public record Base(String key, ObjectVersion version, long length) {
    public Base withLength(long shorter) {
      return shorter >= length ? this : new Base(key, version, shorter);
    }
  }

  /** Nothing yet. */
  public static Content empty(long id) {
    return new Content(id, 0, -1, null, Long.MAX_VALUE);
  }

  /** Nothing local, everything in the given object. */
  public static Content imported(long id, String key, ObjectVersion version) {
    return new Content(id, 0, 0, new Base(key, version, version.sizeBytes()), Long.MAX_VALUE);
  }

  /** Whether S3 does not have these bytes. */
  public boolean isDirty() {
    return sequence != exportedSequence;
  }

  /** Whether the base has the bytes of an extent too, so that it may be dropped. */
  public boolean hasInBase(Extent extent) {
    return base != null && extent.sequence() <= exportedSequence && extent.end() <= base.length;
  }

  public Content withSequence(long newSequence) {
    return new Content(id, newSequence, exportedSequence, base, exportFloor);
  }

  public Content withBase(@Nullable Base newBase) {
    return new Content(id, sequence, exportedSequence, newBase, exportFloor);
  }

  public Content withExportFloor(long newFloor) {
    return new Content(id, sequence, exportedSequence, base, newFloor);
  }

  /** After a truncate to the given size, with the sequence it got. */
  public Content truncated(long size, long newSequence) {
    return new Content(
        id,
        newSequence,
        exportedSequence,
        base == null ? null : base.withLength(size),
        Math.min(exportFloor, size));
  }

  /** After S3 acknowledged a snapshot that was taken at the given sequence and size. */
  public Content exported(
      long snapshotSequence, String key, ObjectVersion version, long snapshotSize) {
    var length = Math.min(snapshotSize, exportFloor);
    return new Content(id, sequence, snapshotSequence, new Base(key, version, length), exportFloor);
  }

  void encode(RecordWriter writer) {
    writer.i64(id).i64(sequence).i64(exportedSequence).i64(exportFloor).bool(base != null);
    if (base != null) {
      writer.text(base.key).i64(base.length);
      Versions.encode(writer, base.version);
    }
  }

  static Content decode(RecordReader reader) {
    var id = reader.i64();
    var sequence = reader.i64();
    var exportedSequence = reader.i64();
    var exportFloor = reader.i64();
    Base base = null;
    if (reader.bool()) {
      var key = reader.text();
      var length = reader.i64();
      base = new Base(key, Versions.decode(reader), length);
    }
    return new Content(id, sequence, exportedSequence, base, exportFloor);
  }
}
