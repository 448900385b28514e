package io.bucketfs.core.store;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.vfs.FileSystemException;
import org.jspecify.annotations.Nullable;

/**
 * The crash epoch: it grows whenever writes that were acknowledged as unstable may have been lost.
 * Clients see it as the write verifier, and as the upper bits of every change attribute, so that a
 * change counter that goes back to its durable value is never taken for one that was seen before.
 */
public final class Epoch {
  static final byte[] EPOCH = Keys.text(0, "epoch");
  private static final byte[] GATEWAY = Keys.text(0, "gateway-id");

  private final Committer committer;
  private final long gatewayId;
  private volatile long value;

  private Epoch(Committer committer, long gatewayId, long value) {
    this.committer = committer;
    this.gatewayId = gatewayId;
    this.value = value;
  }

  /**
   * Reads the epoch, and begins a new one where data may have been lost.
   *
   * @param newGatewayId identity for a state directory that has none yet
   */
  public static Epoch open(Committer committer, boolean lost, long newGatewayId)
      throws FileSystemException {
    record Stored(long gatewayId, long epoch) {}
    var stored =
        committer.commit(tx -> {
          var id = number(tx.get(Family.GATEWAY, GATEWAY), newGatewayId);
          var epoch = number(tx.get(Family.GATEWAY, EPOCH), 0);
          var next = lost || epoch == 0 ? epoch + 1 : epoch;
          tx.put(Family.GATEWAY, GATEWAY, Keys.number(id));
          tx.put(Family.GATEWAY, EPOCH, Keys.number(next));
          return new Stored(id, next);
        });
    return new Epoch(committer, stored.gatewayId, stored.epoch);
  }

  private static long number(byte @Nullable [] stored, long otherwise) {
    return stored == null ? otherwise : new RecordReader(stored).i64();
  }

  /** The present epoch, from 1. */
  public long value() {
    return value;
  }

  /** Random identity of this state directory. */
  public long gatewayId() {
    return gatewayId;
  }

  /** The write verifier of the present epoch. */
  public long writeVerifier() {
    return gatewayId + value;
  }

  /** Begins a new epoch: acknowledged unstable writes were lost while running. */
  public synchronized void advance() throws FileSystemException {
    var next = value + 1;
    committer.commit(tx -> {
      tx.put(Family.GATEWAY, EPOCH, Keys.number(next));
      return next;
    });
    value = next;
  }
}
