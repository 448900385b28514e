package io.bucketfs.core.access;

import io.bucketfs.core.vfs.Caller;

/**
 * Which ids that a client sends are replaced by those of the anonymous user.
 *
 * @param kind which of them
 * @param anonymousUid the user in their place
 * @param anonymousGid the group in their place
 */
public record Squash(Kind kind, int anonymousUid, int anonymousGid) {
  /** The user and group that own nothing. */
  public static final int NOBODY = 65_534;

  /** Ids are taken as they come. */
  public static final Squash NONE = new Squash(Kind.NONE, NOBODY, NOBODY);

  /** Whose ids are replaced. */
  public enum Kind {
    NONE,
    /** User 0 and group 0, each by itself. */
    ROOT,
    ALL
  }

  /** Who a caller that is known by nothing counts as. */
  public Caller anonymous() {
    return new Caller(anonymousUid, anonymousGid);
  }

  /** Who a caller with these ids counts as. */
  public Caller apply(int uid, int gid, int... groups) {
    return switch (kind) {
      case NONE -> new Caller(uid, gid, groups);
      case ROOT ->
          new Caller(
              uid == 0 ? anonymousUid : uid, gid == 0 ? anonymousGid : gid, withoutRoot(groups));
      case ALL -> anonymous();
    };
  }

  private int[] withoutRoot(int... groups) {
    for (var i = 0; i < groups.length; i++) {
      if (groups[i] == 0) {
        var replaced = groups.clone();
        for (var j = i; j < replaced.length; j++) {
          replaced[j] = replaced[j] == 0 ? anonymousGid : replaced[j];
        }
        return replaced;
      }
    }
    return groups;
  }
}
