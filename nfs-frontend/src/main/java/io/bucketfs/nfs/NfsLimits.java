package io.bucketfs.nfs;

import java.time.Duration;

/**
 * Everything the NFS server refuses to exceed. Sizes are in bytes.
 *
 * @param connectionsMax connections at once; more are closed at once
 * @param strangerRecordBytesMax a request of a client without a session
 * @param recordBytesMax any request or reply
 * @param ioBytesMax data of one READ or WRITE
 * @param cachedReplyBytesMax a reply that is kept for a retry
 * @param pendingBytesMax requests of one connection that are not answered yet; beyond it the
 *     connection is not read
 * @param clientsMax client records
 * @param sessionsPerClientMax sessions of one client
 * @param courtesyClientsMax clients whose lease ran out and that keep what nobody else wants
 * @param slotsFirst requests at once that a session begins with; it gets more while they wait for
 *     S3
 * @param replyCacheBytesMax what the replies that all sessions may keep add up to
 * @param statesPerClientMax opens and lock owners of one client
 * @param operationWait how long an operation waits for S3 before it answers DELAY
 */
public record NfsLimits(
    int connectionsMax,
    int strangerRecordBytesMax,
    int recordBytesMax,
    int ioBytesMax,
    int cachedReplyBytesMax,
    long pendingBytesMax,
    int clientsMax,
    int sessionsPerClientMax,
    int courtesyClientsMax,
    int slotsFirst,
    long replyCacheBytesMax,
    int statesPerClientMax,
    Duration operationWait) {
  /** What holds where nothing is said. */
  public static final NfsLimits DEFAULT =
      new NfsLimits(
          4096,
          65_536,
          1_048_576 + 65_536,
          1_048_576,
          8192,
          128L * 1_048_576,
          10_000,
          64,
          1000,
          64,
          256L * 1_048_576,
          1_000_000,
          Duration.ofSeconds(15));

  public NfsLimits {
    requireBetween("connections-max", connectionsMax, 1, 1_000_000);
    requireBetween("stranger-record-bytes-max", strangerRecordBytesMax, 8192, 16_777_216);
    requireBetween("record-bytes-max", recordBytesMax, 65_536, 16_777_216);
    requireBetween("io-bytes-max", ioBytesMax, 4096, recordBytesMax - 4096);
    requireBetween("cached-reply-bytes-max", cachedReplyBytesMax, 512, 1_048_576);
    requireBetween("pending-bytes-max", pendingBytesMax, recordBytesMax, 1L << 40);
    requireBetween("clients-max", clientsMax, 1, 1_000_000);
    requireBetween("sessions-per-client-max", sessionsPerClientMax, 1, 1024);
    requireBetween("courtesy-clients-max", courtesyClientsMax, 0, clientsMax);
    requireBetween("slots-first", slotsFirst, 1, 1024);
    requireBetween("reply-cache-bytes-max", replyCacheBytesMax, 1_048_576, 1L << 40);
    requireBetween("states-per-client-max", statesPerClientMax, 16, 100_000_000);
  }

  private static void requireBetween(String key, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(key + " is " + min + " to " + max + ", not " + value);
    }
  }
}
