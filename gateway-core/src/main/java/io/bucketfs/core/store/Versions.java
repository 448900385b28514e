package io.bucketfs.core.store;

import io.bucketfs.core.object.ObjectVersion;
import java.time.Instant;

/** The stored form of an {@link ObjectVersion}. */
final class Versions {
  private Versions() {}

  static void encode(RecordWriter writer, ObjectVersion version) {
    writer.text(version.etag()).i64(version.sizeBytes()).bool(version.lastModified() != null);
    var time = version.lastModified();
    if (time != null) {
      writer.i64(time.getEpochSecond()).i32(time.getNano());
    }
    writer.optionalText(version.versionId());
  }

  static ObjectVersion decode(RecordReader reader) {
    var etag = reader.text();
    var size = reader.i64();
    var time = reader.bool() ? Instant.ofEpochSecond(reader.i64(), reader.i32()) : null;
    return new ObjectVersion(etag, size, time, reader.optionalText());
  }
}
