package io.bucketfs.core.store;

/** A local version that lost against the bucket, for the report. */
public record Conflict(String path, String kept, long timeNanos, String reason) {
  byte[] encode() {
    return new RecordWriter(96).text(path).text(kept).i64(timeNanos).text(reason).toBytes();
  }

  /** Reads a stored record, for scans. */
  public static Conflict decode(byte[] value) {
    var reader = new RecordReader(value);
    return new Conflict(reader.text(), reader.text(), reader.i64(), reader.text());
  }
}
