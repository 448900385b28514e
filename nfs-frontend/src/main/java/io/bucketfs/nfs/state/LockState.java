package io.bucketfs.nfs.state;

/** The byte-range locks of one lock-owner on one file. */
public final class LockState extends ShareState {
  private final OpenState open;
  private final LockRanges ranges;

  /** How many ranges there is room for in the memory that clients may take. */
  private int room;

  LockState(Opaque owner, OpenState open, StateId id, LockTree tree) {
    super(open.client(), owner, open.file(), id);
    this.open = open;
    ranges = new LockRanges(this, tree);
  }

  @Override
  public OpenState open() {
    return open;
  }

  LockRanges ranges() {
    return ranges;
  }

  int room() {
    return room;
  }

  void setRoom(int rangesNow) {
    room = rangesNow;
  }
}
