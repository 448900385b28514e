package io.bucketfs.core.store;

import io.bucketfs.core.object.ObjectHeaders;
import io.bucketfs.core.object.ObjectVersion;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The last known state of an object in the bucket.
 *
 * @param version its version
 * @param inode the inode whose bytes or marker it holds
 * @param content id of that content; 0 for markers, symlinks and special files
 * @param contentSequence how far it holds that content
 * @param metadataHash of the POSIX metadata that it carries; 0 where they were not read yet
 * @param foreignMetadata user metadata that is not ours and survives a rewrite
 * @param contentType survives a rewrite; null where unknown
 * @param headers survive a rewrite as well
 */
public record RemoteEntry(
    ObjectVersion version,
    long inode,
    long content,
    long contentSequence,
    long metadataHash,
    Map<String, String> foreignMetadata,
    @Nullable String contentType,
    ObjectHeaders headers) {
  public RemoteEntry {
    foreignMetadata = Map.copyOf(foreignMetadata);
  }

  /** An object of which no headers are known. */
  public RemoteEntry(
      ObjectVersion version,
      long inode,
      long content,
      long contentSequence,
      long metadataHash,
      Map<String, String> foreignMetadata,
      @Nullable String contentType) {
    this(
        version,
        inode,
        content,
        contentSequence,
        metadataHash,
        foreignMetadata,
        contentType,
        ObjectHeaders.NONE);
  }

  byte[] encode() {
    var writer = new RecordWriter(96);
    Versions.encode(writer, version);
    writer.i64(inode).i64(content).i64(contentSequence).i64(metadataHash);
    writer.i32(foreignMetadata.size());
    foreignMetadata.forEach((name, value) -> writer.text(name).text(value));
    writer.optionalText(contentType);
    // Most have none, and so did all that earlier versions wrote.
    if (!headers.equals(ObjectHeaders.NONE)) {
      writer
          .optionalText(headers.cacheControl())
          .optionalText(headers.contentDisposition())
          .optionalText(headers.contentEncoding())
          .optionalText(headers.contentLanguage())
          .optionalText(headers.expires())
          .optionalText(headers.storageClass())
          .bool(headers.tagged());
    }
    return writer.toBytes();
  }

  /** Reads a stored record, for scans. */
  public static RemoteEntry decode(byte[] value) {
    var reader = new RecordReader(value);
    var version = Versions.decode(reader);
    var inode = reader.i64();
    var content = reader.i64();
    var sequence = reader.i64();
    var hash = reader.i64();
    var foreign = new HashMap<String, String>();
    for (var left = reader.i32(); left > 0; left--) {
      foreign.put(reader.text(), reader.text());
    }
    var type = reader.optionalText();
    var headers = reader.hasMore() ? headers(reader) : ObjectHeaders.NONE;
    return new RemoteEntry(version, inode, content, sequence, hash, foreign, type, headers);
  }

  private static ObjectHeaders headers(RecordReader reader) {
    return new ObjectHeaders(
        reader.optionalText(),
        reader.optionalText(),
        reader.optionalText(),
        reader.optionalText(),
        reader.optionalText(),
        reader.optionalText(),
        reader.bool());
  }
}
