package io.bucketfs.core.vfs;

/**
 * Who asks, after squashing: the ids that permissions are checked against.
 *
 * @param rider what is noted together with the change that is asked for
 * @param groups supplementary groups; the array is not copied and not changed
 */
public record Caller(int uid, int gid, Rider rider, int... groups) {
  /** The superuser. */
  public static final Caller ROOT = new Caller(0, 0);

  /** Somebody whose changes are noted nowhere. */
  public Caller(int uid, int gid, int... groups) {
    this(uid, gid, Rider.NONE, groups);
  }

  /** The same, asking for a change that something is noted with. */
  public Caller with(Rider newRider) {
    return new Caller(uid, gid, newRider, groups);
  }

  /** Whether the caller belongs to the group. */
  public boolean isMember(int group) {
    if (gid == group) {
      return true;
    }
    for (var other : groups) {
      if (other == group) {
        return true;
      }
    }
    return false;
  }
}
