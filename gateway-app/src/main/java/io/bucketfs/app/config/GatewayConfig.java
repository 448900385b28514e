package io.bucketfs.app.config;

import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.mount.ExportPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The settings of one gateway, checked.
 *
 * @param state the state directory, absolute
 * @param listen the address that NFS listens on
 * @param port the NFS port
 * @param adminPort the port of the admin API and of the metrics, on loopback
 * @param memoryBytes what the process may use, heap and everything else
 * @param cacheSizeBytes what the local tier may occupy; empty for the size of the first start
 * @param freeSpaceBytes what the file system of the state directory keeps free
 * @param lease how long an NFS client may be silent before others may have what it holds
 * @param mounts those of the file
 * @param file where the mounts come from; null without a file
 * @param webhook where stores tell of changes; null for nowhere
 * @param isMemoryGiven whether {@code memoryBytes} was said, and is not the default
 * @param writebackBytesPerSecondMax what all mounts together send to their buckets in a second
 */
public record GatewayConfig(
    Path state,
    String listen,
    int port,
    int adminPort,
    long memoryBytes,
    OptionalLong cacheSizeBytes,
    long freeSpaceBytes,
    Duration lease,
    List<MountRequest> mounts,
    @Nullable Path file,
    @Nullable Webhook webhook,
    boolean isMemoryGiven,
    long writebackBytesPerSecondMax) {
  public GatewayConfig {
    mounts = List.copyOf(mounts);
  }

  /** A gateway without a webhook and a bound of exports. */
  public GatewayConfig(
      Path state,
      String listen,
      int port,
      int adminPort,
      long memoryBytes,
      OptionalLong cacheSizeBytes,
      long freeSpaceBytes,
      Duration lease,
      List<MountRequest> mounts,
      @Nullable Path file) {
    this(
        state,
        listen,
        port,
        adminPort,
        memoryBytes,
        cacheSizeBytes,
        freeSpaceBytes,
        lease,
        mounts,
        file,
        null,
        true,
        ExportPolicy.NO_LIMIT);
  }

  /**
   * Where stores tell of changes.
   *
   * @param port listened on at the same address as NFS
   * @param secretFile a file whose text senders must show
   */
  public record Webhook(int port, Path secretFile) {}

  /** The same on another NFS port. */
  public GatewayConfig withPort(int other) {
    return new GatewayConfig(
        state,
        listen,
        other,
        adminPort,
        memoryBytes,
        cacheSizeBytes,
        freeSpaceBytes,
        lease,
        mounts,
        file,
        webhook,
        isMemoryGiven,
        writebackBytesPerSecondMax);
  }

  /** The NFS port that clients try where none is given. */
  public static final int DEFAULT_PORT = 2049;

  /** The port of the admin API. */
  public static final int DEFAULT_ADMIN_PORT = 9049;

  /** All addresses of the machine. */
  public static final String DEFAULT_LISTEN = "0.0.0.0";

  /** As other servers have it. */
  public static final Duration DEFAULT_LEASE = Duration.ofSeconds(90);

  /** Below this clients do little but renew. */
  public static final Duration LEASE_MIN = Duration.ofSeconds(10);

  /** Above this a client that is gone for good keeps its locks for too long. */
  public static final Duration LEASE_MAX = Duration.ofHours(1);

  /** Below this the caches would be too small to be of use. */
  public static final long MEMORY_BYTES_MIN = 512L << 20;

  /** Below this the log and two extent files would not fit. */
  public static final long CACHE_SIZE_BYTES_MIN = 1L << 30;

  /** Enough for the machine to go on. */
  public static final long DEFAULT_FREE_SPACE_BYTES = 1L << 30;
}
