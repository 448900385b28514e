package io.bucketfs.core.vfs;

/**
 * Who asks, after squashing: the ids that permissions are checked against.
 *
 * @param groups supplementary groups; the array is not copied and not changed
 */
public record Caller(int uid, int gid, int... groups) {
  /** The superuser. */
  public static final Caller ROOT = new Caller(0, 0);

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
