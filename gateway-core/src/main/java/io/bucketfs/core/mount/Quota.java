package io.bucketfs.core.mount;

/**
 * What a mount may take. What comes from the bucket is never refused, so a mount may have more; it
 * takes no more from its clients then.
 *
 * @param bytesMax lengths of all files; the largest number for no limit
 * @param inodesMax files, directories and everything else; the largest number for no limit
 */
public record Quota(long bytesMax, long inodesMax) {
  public static final Quota NONE = new Quota(Long.MAX_VALUE, Long.MAX_VALUE);
}
