package io.bucketfs.core.mount;

import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.PosixMetadata;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Other gateways that write to the buckets of our mounts, which they should not: each takes the
 * other's objects for those of a stranger. They are known by the tokens of their objects. What they
 * wrote before this gateway began is a predecessor's and no matter. Any thread.
 */
public final class OtherGateways {
  private static final Logger LOG = LoggerFactory.getLogger(OtherGateways.class);

  /** How far the clocks of a store and of this machine may be apart. */
  private static final Duration SKEW = Duration.ofMinutes(5);

  private static final Duration SILENCE = Duration.ofHours(1);

  /**
   * Another gateway.
   *
   * @param id as in its tokens
   * @param seen when an object of it was last met
   */
  public record Other(String id, Instant seen) {}

  /** Who we are. */
  private record Self(String id, Execution clock, Meters.Counter objects, Instant began) {}

  private final Map<Integer, Other> others = new ConcurrentHashMap<>();
  private final Map<Integer, Instant> warned = new ConcurrentHashMap<>();
  private volatile @Nullable Self self;

  /** Says who we are; before that nobody is another one. */
  public void begin(String ownId, Execution clock, Meters meters) {
    self = new Self(ownId, clock, meters.counter("other_gateway_objects"), clock.now());
  }

  /** Takes note of an object that somebody wrote. */
  public void saw(Mount mount, ObjectHead head) {
    var own = self;
    var token = head.metadata().get(PosixMetadata.TOKEN);
    var end = token == null ? -1 : token.indexOf('-');
    if (own == null || token == null || end <= 0 || token.substring(0, end).equals(own.id)) {
      return;
    }
    var written = head.version().lastModified();
    if (written != null && written.isBefore(own.began.minus(SKEW))) {
      return;
    }
    var id = token.substring(0, end);
    var now = own.clock.now();
    own.objects.add(1);
    others.put(mount.number(), new Other(id, now));
    var last = warned.get(mount.number());
    if (last == null || Duration.between(last, now).compareTo(SILENCE) >= 0) {
      warned.put(mount.number(), now);
      LOG.warn(
          "Another gateway ({}) writes to the bucket {} of mount {}: each of the two takes the"
              + " other's changes for those of a stranger; stop one of them",
          id,
          mount.location().bucket(),
          mount.name());
    }
  }

  /** The last one that was met at a mount; null for none. */
  public @Nullable Other of(int mount) {
    return others.get(mount);
  }

  /** Forgets a mount that is gone. */
  void remove(int mount) {
    others.remove(mount);
    warned.remove(mount);
  }
}
