package io.bucketfs.core.store;

/**
 * A request that changes an object, committed before it is sent, so that after a lost reply or a
 * crash its effect is recognised as our own by the token that travels as object metadata.
 *
 * @param token gateway id and nonce
 * @param deletion whether it deletes, so that there is no token to be found
 * @param inode whose state it carries
 * @param content id of the content; 0 without one
 * @param contentSequence of the snapshot
 * @param sizeBytes of the snapshot
 * @param metadataHash of the POSIX metadata it carries
 * @param copied whether the store makes the object from one that it has, so that no bytes are sent;
 *     what earlier versions stored does not tell, and counts as sent
 */
public record Job(
    String token,
    boolean deletion,
    long inode,
    long content,
    long contentSequence,
    long sizeBytes,
    long metadataHash,
    boolean copied) {
  byte[] encode() {
    var writer =
        new RecordWriter(80)
            .text(token)
            .bool(deletion)
            .i64(inode)
            .i64(content)
            .i64(contentSequence)
            .i64(sizeBytes)
            .i64(metadataHash);
    return (copied ? writer.bool(true) : writer).toBytes();
  }

  public static Job decode(byte[] value) {
    var reader = new RecordReader(value);
    return new Job(
        reader.text(),
        reader.bool(),
        reader.i64(),
        reader.i64(),
        reader.i64(),
        reader.i64(),
        reader.i64(),
        reader.hasMore() && reader.bool());
  }
}
