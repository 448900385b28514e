package io.bucketfs.nfs.state;

import io.bucketfs.nfs.status.NfsException;
import java.util.Collection;

/**
 * Takes down what one request changes of opens and locks, so that it outlives the process.
 *
 * <p>Told of changes under the lock of the file concerned, in the order in which they happen; must
 * not wait then.
 */
public interface Ledger {
  /** A state is new, has another version, or was revoked. */
  void changed(ShareState state);

  /** A state is no more. */
  void gone(ShareState state);

  /** Some of an owner's ranges made way for others. */
  void ranges(LockState owner, Collection<HeldLock> before, Collection<HeldLock> after);

  /** Nothing more is going to change, and this is the stateid of what did. */
  void done(StateId id);

  /**
   * Asked before something is taken from a client whose lease ran out, outside all locks: the
   * client must not reclaim it from a later server, which would not know that another had it.
   * Returns once that is durable.
   */
  void beforeRevoking(Client expired) throws NfsException;
}
