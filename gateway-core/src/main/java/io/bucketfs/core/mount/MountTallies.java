package io.bucketfs.core.mount;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many conflicts and unmapped keys each mount has, kept as they come so that nobody counts
 * records. Any thread.
 */
public final class MountTallies {
  private record Tally(AtomicLong conflicts, AtomicLong unmapped) {}

  private final Map<Integer, Tally> tallies = new ConcurrentHashMap<>();
  private final OtherGateways others = new OtherGateways();

  /** Who else writes to the buckets. */
  public OtherGateways others() {
    return others;
  }

  private Tally of(int mount) {
    return tallies.computeIfAbsent(mount, _ -> new Tally(new AtomicLong(), new AtomicLong()));
  }

  public void addConflicts(int mount, long count) {
    of(mount).conflicts.addAndGet(count);
  }

  public void addUnmapped(int mount, long count) {
    of(mount).unmapped.addAndGet(count);
  }

  public long conflicts(int mount) {
    return of(mount).conflicts.get();
  }

  public long unmapped(int mount) {
    return of(mount).unmapped.get();
  }

  /** Forgets a mount that is gone. */
  public void remove(int mount) {
    tallies.remove(mount);
    others.remove(mount);
  }
}
