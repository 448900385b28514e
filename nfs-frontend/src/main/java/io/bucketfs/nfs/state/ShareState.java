package io.bucketfs.nfs.state;

import io.bucketfs.core.vfs.FileId;
import org.jspecify.annotations.Nullable;

/**
 * State that a stateid stands for: an open, or the byte-range locks of a lock-owner on a file.
 *
 * <p>Mutable fields are written under the lock of the {@link FileState} and may be read without.
 */
public abstract sealed class ShareState permits OpenState, LockState {
  private final Client client;
  private final Opaque owner;
  private final FileId file;
  private final int epoch;
  private final long tag;
  private volatile int sequence;
  private volatile @Nullable Revocation revocation;

  ShareState(Client client, Opaque owner, FileId file, StateId id) {
    this.client = client;
    this.owner = owner;
    this.file = file;
    epoch = id.epoch();
    tag = id.tag();
    sequence = id.sequence();
  }

  public final Client client() {
    return client;
  }

  /** The open-owner or lock-owner. */
  public final Opaque owner() {
    return owner;
  }

  public final FileId file() {
    return file;
  }

  /** The stateid, as of now. */
  public final StateId id() {
    return new StateId(sequence, epoch, tag);
  }

  /** What it takes of the heap, about; of locks without their ranges. */
  final long bytes() {
    return StateBudget.STATE_BYTES + (long) owner.bytes().length;
  }

  final long tag() {
    return tag;
  }

  final int epoch() {
    return epoch;
  }

  /** The version of the state, as of now. */
  final int sequence() {
    return sequence;
  }

  /** Counts a change of the state; 0 is left out, since it stands for the newest. */
  final void advance() {
    sequence = sequence == -1 ? 1 : sequence + 1;
  }

  /** Why the client lost it, or null where it did not. */
  public final @Nullable Revocation revocation() {
    return revocation;
  }

  final void revoke(Revocation why) {
    revocation = why;
  }

  /** The open whose access rights hold. */
  public abstract OpenState open();
}
