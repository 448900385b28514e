package io.bucketfs.nfs;

import io.bucketfs.nfs.exec.DispatchLimits;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * How the NFS server is set up.
 *
 * @param address where to listen; port 0 takes any
 * @param lease how long a client may be silent before its state may be taken (RFC 8881, 8.3)
 * @param courtesy how long after that it keeps what nobody else wants
 * @param replyCourtesy how long after that one that holds nothing still finds the replies to what
 *     it had asked for: a {@code mkdir} that is sent again in a new session finds its own directory
 * @param transport how sockets are driven
 * @param eventLoops threads that drive them; 0 for one a processor
 * @param limits what clients may ask for
 * @param dispatch what one client may take before others have their turn
 */
public record NfsConfig(
    InetSocketAddress address,
    Duration lease,
    Duration courtesy,
    Duration replyCourtesy,
    Transport transport,
    int eventLoops,
    NfsLimits limits,
    DispatchLimits dispatch) {
  /** What drives sockets. */
  public enum Transport {
    /** Linux epoll where it can be loaded, else NIO. */
    AUTO,
    /** Java's own. */
    NIO
  }

  public NfsConfig {
    if (lease.compareTo(Duration.ofSeconds(1)) < 0) {
      throw new IllegalArgumentException("lease is at least 1 s: " + lease);
    }
    requireNotNegative("courtesy", courtesy);
    requireNotNegative("reply-courtesy", replyCourtesy);
    if (eventLoops < 0 || eventLoops > 1024) {
      throw new IllegalArgumentException("event-loops is 0 to 1024: " + eventLoops);
    }
  }

  private static void requireNotNegative(String name, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(name + " is not negative: " + value);
    }
  }

  /** The defaults, listening at an address. */
  public static NfsConfig at(InetSocketAddress address) {
    return new NfsConfig(
        address,
        Duration.ofSeconds(90),
        Duration.ofHours(24),
        Duration.ofMinutes(10),
        Transport.AUTO,
        0,
        NfsLimits.DEFAULT,
        DispatchLimits.DEFAULT);
  }

  /** The same with another lease. */
  public NfsConfig withLease(Duration newLease) {
    return new NfsConfig(
        address, newLease, courtesy, replyCourtesy, transport, eventLoops, limits, dispatch);
  }

  /** The same with another courtesy. */
  public NfsConfig withCourtesy(Duration newCourtesy) {
    return new NfsConfig(
        address, lease, newCourtesy, replyCourtesy, transport, eventLoops, limits, dispatch);
  }

  /** The same with another courtesy for those that hold nothing. */
  public NfsConfig withReplyCourtesy(Duration newCourtesy) {
    return new NfsConfig(
        address, lease, courtesy, newCourtesy, transport, eventLoops, limits, dispatch);
  }

  /** The same with other limits. */
  public NfsConfig withLimits(NfsLimits newLimits) {
    return new NfsConfig(
        address, lease, courtesy, replyCourtesy, transport, eventLoops, newLimits, dispatch);
  }

  /** The same with another transport. */
  public NfsConfig withTransport(Transport newTransport) {
    return new NfsConfig(
        address, lease, courtesy, replyCourtesy, newTransport, eventLoops, limits, dispatch);
  }

  /** The same with other event loops and shares of clients. */
  public NfsConfig withDispatch(int newEventLoops, DispatchLimits newDispatch) {
    return new NfsConfig(
        address, lease, courtesy, replyCourtesy, transport, newEventLoops, limits, newDispatch);
  }
}
