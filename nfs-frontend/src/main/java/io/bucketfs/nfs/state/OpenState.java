package io.bucketfs.nfs.state;

import io.bucketfs.core.vfs.FileId;

/** A file held open by an open-owner (RFC 8881, 9.7). */
public final class OpenState extends ShareState {
  private volatile int access;
  private volatile int deny;

  /** Bit n: some OPEN of this owner asked for access n; OPEN_DOWNGRADE may go back to it. */
  private int accessesAsked;

  private int deniesAsked;

  OpenState(Client client, Opaque owner, FileId file, StateId id) {
    super(client, owner, file, id);
  }

  /**
   * Everything that is held, as it is noted.
   *
   * @param accessesAsked bit n: some OPEN asked for access n
   */
  record Rights(int access, int deny, int accessesAsked, int deniesAsked) {}

  Rights rights() {
    return new Rights(access, deny, accessesAsked, deniesAsked);
  }

  /** Takes over what was noted. */
  void resume(Rights rights) {
    access = rights.access;
    deny = rights.deny;
    accessesAsked = rights.accessesAsked;
    deniesAsked = rights.deniesAsked;
  }

  @Override
  public OpenState open() {
    return this;
  }

  /** {@link Share} bits that are held. */
  public int access() {
    return access;
  }

  /** {@link Share} bits that others may not have. */
  public int deny() {
    return deny;
  }

  void add(int moreAccess, int moreDeny) {
    access |= moreAccess;
    deny |= moreDeny;
    accessesAsked |= 1 << moreAccess;
    deniesAsked |= 1 << moreDeny;
    advance();
  }

  /** Gives up bits. Returns false where no OPEN had asked for the rest. */
  boolean reduce(int newAccess, int newDeny) {
    if ((accessesAsked & 1 << newAccess) == 0 || (deniesAsked & 1 << newDeny) == 0) {
      return false;
    }
    access = newAccess;
    deny = newDeny;
    accessesAsked &= subsetsOf(newAccess);
    deniesAsked &= subsetsOf(newDeny);
    advance();
    return true;
  }

  private static int subsetsOf(int bits) {
    var subsets = 0;
    for (var n = 0; n <= 3; n++) {
      if ((n & ~bits) == 0) {
        subsets |= 1 << n;
      }
    }
    return subsets;
  }
}
