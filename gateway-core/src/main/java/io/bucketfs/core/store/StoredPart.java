package io.bucketfs.core.store;

import io.bucketfs.core.object.MultipartStore.Part;

/**
 * A part that the bucket has.
 *
 * @param offset of its first byte in the object
 */
public record StoredPart(long offset, Part part) {
  byte[] encode() {
    return new RecordWriter(96)
        .i64(offset)
        .i32(part.number())
        .text(part.etag())
        .optionalText(part.checksum())
        .i64(part.sizeBytes())
        .toBytes();
  }

  /** Reads a stored record, for scans. */
  public static StoredPart decode(byte[] value) {
    var reader = new RecordReader(value);
    return new StoredPart(
        reader.i64(), new Part(reader.i32(), reader.text(), reader.optionalText(), reader.i64()));
  }
}
