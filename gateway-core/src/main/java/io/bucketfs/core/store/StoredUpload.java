package io.bucketfs.core.store;

/**
 * A multipart upload of ours that is neither completed nor aborted: committed before the first of
 * its parts is sent, so that whatever holds bytes in the bucket is known by its id. It belongs to
 * the content of one snapshot for ever.
 *
 * @param number names its parts in the family PARTS; never used again
 * @param uploadId the store's name for it
 * @param job of its completion, whose token the upload carries
 */
public record StoredUpload(long number, String uploadId, Job job) {
  byte[] encode() {
    return new RecordWriter(160).i64(number).text(uploadId).raw(job.encode()).toBytes();
  }

  /** Reads a stored record, for scans. */
  public static StoredUpload decode(byte[] value) {
    var reader = new RecordReader(value);
    return new StoredUpload(reader.i64(), reader.text(), Job.decode(reader.rest()));
  }

  /** Whether it is about the same bytes as a job. */
  public boolean isOfContentOf(Job other) {
    return job.inode() == other.inode()
        && job.content() == other.content()
        && job.contentSequence() == other.contentSequence()
        && job.sizeBytes() == other.sizeBytes();
  }
}
