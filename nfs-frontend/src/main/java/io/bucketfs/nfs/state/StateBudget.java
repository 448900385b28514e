package io.bucketfs.nfs.state;

import io.bucketfs.core.runtime.Meters;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;

/**
 * Heap that clients take with what they hold, estimated by its kind: clients, sessions, opens,
 * locks and those who wait for locks. Each address has a fair share of it. Thread-safe.
 *
 * <p>What is refused is refused with DELAY, which every operation may answer (RFC 8881, 15.1.1.3)
 * and which clients wait for: what they hold themselves, or what nobody claims any more, becomes
 * free in time.
 */
public final class StateBudget {
  /** An entry in the tables of clients, beside what its client says of itself. */
  static final int CLIENT_BYTES = 2048;

  /** A session without the replies that it keeps. */
  static final int SESSION_BYTES = 4096;

  /** An open or a lock-owner with its entries in the tables, and its file's. */
  static final int STATE_BYTES = 1024;

  /** A range that is locked, in the file's tree and the owner's. */
  static final int RANGE_BYTES = 256;

  /** One who waits for a lock. */
  static final int WAITER_BYTES = 256;

  private final FairShares shares;
  private final Meters.Counter refusals;

  public StateBudget(long bytesMax, Meters.Counter refusals) {
    shares = new FairShares(bytesMax);
    this.refusals = refusals;
  }

  /**
   * Takes bytes for a client.
   *
   * @throws NfsException DELAY where they were more than its share
   */
  void take(Client client, long bytes) throws NfsException {
    if (!tryTake(client, bytes)) {
      throw new NfsException(NfsStatus.DELAY);
    }
  }

  boolean tryTake(Client client, long bytes) {
    var taken = shares.take(client.home(), bytes);
    if (!taken) {
      refusals.add(1);
    }
    return taken;
  }

  /** Takes bytes that cannot be refused, or gives some back where negative. */
  void add(Client client, long bytes) {
    if (bytes != 0) {
      shares.add(client.home(), bytes);
    }
  }

  void give(Client client, long bytes) {
    add(client, -bytes);
  }

  /** Whether most of what a client's address may have is taken. */
  boolean isTight(Client client) {
    return shares.isTight(client.home());
  }

  /** What all clients take. */
  public long takenBytes() {
    return shares.taken();
  }
}
