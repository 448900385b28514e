package io.bucketfs.core.store;

import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.KeyValueStore.Entry;
import org.jspecify.annotations.Nullable;

/**
 * A run of bytes of a content that does not come from its base.
 *
 * @param offset in the content
 * @param length in bytes
 * @param sequence of the write that made it: a higher one lies over a lower one; 0 for a fill from
 *     the base, which lies under everything
 * @param record where the bytes are; null for a hole that hides the base
 * @param skip bytes of the record's payload before the first of this extent, as after a split
 */
public record Extent(
    long offset, long length, long sequence, @Nullable ExtentRecord record, int skip) {

  public long end() {
    return offset + length;
  }

  /** The record of an extent that is not a hole. */
  public ExtentRecord requireRecord() {
    if (record == null) {
      throw new IllegalStateException("a hole has no record");
    }
    return record;
  }

  /** Whether it is a copy of base bytes, which can be had again. */
  public boolean isFill() {
    return sequence == 0;
  }

  /** The part of this extent between two offsets that lie inside it. */
  public Extent slice(long from, long to) {
    return new Extent(
        from, to - from, sequence, record, record == null ? 0 : skip + (int) (from - offset));
  }

  byte[] encode() {
    var writer = new RecordWriter(80).i64(length).i64(sequence).bool(record != null);
    if (record != null) {
      writer
          .i32(skip)
          .i64(record.file())
          .i64(record.position())
          .i32(record.length())
          .i32(record.mount())
          .i64(record.content())
          .i64(record.sequence());
      for (var checksum : record.checksums()) {
        writer.i32(checksum);
      }
    }
    return writer.toBytes();
  }

  /** The extent of an entry of the family EXTENTS. */
  public static Extent ofEntry(Entry entry) {
    var key = new RecordReader(entry.key());
    key.i32();
    key.i64();
    return decode(key.i64(), entry.value());
  }

  private static Extent decode(long offset, byte[] value) {
    var reader = new RecordReader(value);
    var length = reader.i64();
    var sequence = reader.i64();
    if (!reader.bool()) {
      return new Extent(offset, length, sequence, null, 0);
    }
    var skip = reader.i32();
    var file = reader.i64();
    var position = reader.i64();
    var recordLength = reader.i32();
    var mount = reader.i32();
    var content = reader.i64();
    var recordSequence = reader.i64();
    var checksums =
        new int[(recordLength + ExtentRecord.BLOCK_BYTES - 1) / ExtentRecord.BLOCK_BYTES];
    for (var i = 0; i < checksums.length; i++) {
      checksums[i] = reader.i32();
    }
    return new Extent(
        offset,
        length,
        sequence,
        new ExtentRecord(file, position, recordLength, mount, content, recordSequence, checksums),
        skip);
  }
}
