package io.bucketfs.nfs.state;

/**
 * A lock-owner that was refused a lock and asked to be told when it may try again (RFC 8881, 9.6).
 * The client asks again by itself after a while, so nothing is lost with a waiter.
 *
 * @param handle of the file as the client knows it
 */
public record LockWaiter(
    Client client, Opaque owner, Opaque handle, ByteRange range, boolean exclusive) {

  /** What it takes of the heap, about. */
  long bytes() {
    return StateBudget.WAITER_BYTES + (long) owner.bytes().length + handle.bytes().length;
  }

  boolean isOf(Client ofClient, Opaque ofOwner) {
    return client == ofClient && owner.equals(ofOwner);
  }

  /** Whether both could not have their locks. */
  boolean excludes(LockWaiter other) {
    return (exclusive || other.exclusive)
        && range.overlaps(other.range)
        && !isOf(other.client, other.owner);
  }
}
