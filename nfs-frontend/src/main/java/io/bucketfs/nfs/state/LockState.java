package io.bucketfs.nfs.state;

import io.bucketfs.core.vfs.FileId;

/** The byte-range locks of one lock-owner on one file. Guarded like {@link OpenState}. */
public final class LockState implements ShareState {
  private final Opaque owner;
  private final OpenState open;
  private final long tag;
  private volatile int sequence;
  private final LockRanges ranges = new LockRanges();

  LockState(Opaque owner, OpenState open, long tag) {
    this.owner = owner;
    this.open = open;
    this.tag = tag;
  }

  @Override
  public Client client() {
    return open.client();
  }

  public Opaque owner() {
    return owner;
  }

  @Override
  public FileId file() {
    return open.file();
  }

  @Override
  public long tag() {
    return tag;
  }

  @Override
  public int sequence() {
    return sequence;
  }

  @Override
  public OpenState open() {
    return open;
  }

  LockRanges ranges() {
    return ranges;
  }

  void advance() {
    sequence = sequence == -1 ? 1 : sequence + 1;
  }
}
