package io.bucketfs.e2e.gateway;

/** How many requests the gateway has sent to S3, by what they cost a user. */
public record S3Requests(long list, long head, long get, long put) {
  private static final String NAME = "bucketfs_s3_requests_total";

  static S3Requests of(Metrics metrics) {
    return new S3Requests(
        count(metrics, "list"),
        count(metrics, "head"),
        count(metrics, "get"),
        count(metrics, "put"));
  }

  private static long count(Metrics metrics, String kind) {
    return Math.round(metrics.sum(NAME, "operation=\"" + kind + "\""));
  }

  /** What was sent between an earlier moment and this one. */
  public S3Requests since(S3Requests earlier) {
    return new S3Requests(
        list - earlier.list, head - earlier.head, get - earlier.get, put - earlier.put);
  }
}
