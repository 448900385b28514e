package io.bucketfs.nfs;

import java.time.Duration;

/**
 * Everything the NFS server refuses to exceed. Sizes are in bytes.
 *
 * @param connectionsMax connections at once; for more of them, strangers and greedy ones go
 * @param strangerRecordBytesMax a request of a client without a session
 * @param recordBytesMax any request or reply
 * @param ioBytesMax data of one READ or WRITE
 * @param cachedReplyBytesMax a reply that is kept for a retry
 * @param pendingBytesMax requests of one connection that are not answered yet; beyond it the
 *     connection is not read
 * @param clientsMax client records, shared among addresses
 * @param sessionsPerClientMax sessions of one client
 * @param courtesyClientsMax clients whose lease ran out and that keep what nobody else wants
 * @param slotsFirst requests at once that a session begins with; it gets more while they wait for
 *     S3
 * @param replyCacheBytesMax what the replies that all sessions may keep add up to, shared among
 *     addresses
 * @param stateBytesMax heap for clients, sessions, opens and locks, shared among addresses
 * @param traffic what connections may hold, and for how long
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
    long stateBytesMax,
    Traffic traffic,
    Duration operationWait) {
  /**
   * What connections may hold, and for how long.
   *
   * @param memoryBytesMax requests and replies of all connections together; above it greedy ones
   *     are not read, and those whose clients do not take their replies are cut
   * @param strangerIdleMax how long a connection without a session may send nothing
   * @param recordTimeMax how long a request may take to come in
   * @param unreadTimeMax how long a client may take nothing of the replies that wait for it
   */
  public record Traffic(
      long memoryBytesMax,
      Duration strangerIdleMax,
      Duration recordTimeMax,
      Duration unreadTimeMax) {
    /** What holds where nothing is said. */
    public static final Traffic DEFAULT =
        new Traffic(
            256L * 1_048_576, Duration.ofMinutes(2), Duration.ofMinutes(1), Duration.ofMinutes(1));

    public Traffic {
      requireBetween("memory-bytes-max", memoryBytesMax, 1_048_576, 1L << 40);
    }

    /** The same with another limit to memory. */
    public Traffic withMemory(long bytesMax) {
      return new Traffic(bytesMax, strangerIdleMax, recordTimeMax, unreadTimeMax);
    }
  }

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
          128L * 1_048_576,
          Traffic.DEFAULT,
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
    requireBetween("state-bytes-max", stateBytesMax, 262_144, 1L << 40);
  }

  /** The same with other limits to what connections hold. */
  public NfsLimits withTraffic(Traffic newTraffic) {
    return with(connectionsMax, clientsMax, stateBytesMax, replyCacheBytesMax, newTraffic);
  }

  /** The same with another number of clients that keep what they have beyond their lease. */
  public NfsLimits withCourtesyClientsMax(int max) {
    return new NfsLimits(
        connectionsMax,
        strangerRecordBytesMax,
        recordBytesMax,
        ioBytesMax,
        cachedReplyBytesMax,
        pendingBytesMax,
        clientsMax,
        sessionsPerClientMax,
        max,
        slotsFirst,
        replyCacheBytesMax,
        stateBytesMax,
        traffic,
        operationWait);
  }

  /** The same with another number of connections. */
  public NfsLimits withConnectionsMax(int max) {
    return with(max, clientsMax, stateBytesMax, replyCacheBytesMax, traffic);
  }

  /** The same with another number of clients. */
  public NfsLimits withClientsMax(int max) {
    return with(connectionsMax, max, stateBytesMax, replyCacheBytesMax, traffic);
  }

  /** The same with other memory for what clients hold. */
  public NfsLimits withStateBytesMax(long max) {
    return with(connectionsMax, clientsMax, max, replyCacheBytesMax, traffic);
  }

  /** The same with other memory for the replies that sessions keep. */
  public NfsLimits withReplyCacheBytesMax(long max) {
    return with(connectionsMax, clientsMax, stateBytesMax, max, traffic);
  }

  private NfsLimits with(
      int newConnectionsMax,
      int newClientsMax,
      long newStateBytesMax,
      long newReplyCacheBytesMax,
      Traffic newTraffic) {
    return new NfsLimits(
        newConnectionsMax,
        strangerRecordBytesMax,
        recordBytesMax,
        ioBytesMax,
        cachedReplyBytesMax,
        pendingBytesMax,
        newClientsMax,
        sessionsPerClientMax,
        Math.min(courtesyClientsMax, newClientsMax),
        slotsFirst,
        newReplyCacheBytesMax,
        newStateBytesMax,
        newTraffic,
        operationWait);
  }

  private static void requireBetween(String key, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(key + " is " + min + " to " + max + ", not " + value);
    }
  }
}
