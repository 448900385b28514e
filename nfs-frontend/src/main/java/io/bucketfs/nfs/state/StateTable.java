package io.bucketfs.nfs.state;

import io.bucketfs.core.runtime.Execution;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * All states by their stateids, those included that their clients lost and have not freed yet.
 * Thread-safe.
 */
final class StateTable {
  private final Execution execution;
  private final int epoch;
  private final StateBudget budget;
  private final ConcurrentHashMap<Long, ShareState> byTag = new ConcurrentHashMap<>();

  /**
   * @param epoch part of every new stateid
   */
  StateTable(Execution execution, int epoch, StateBudget budget) {
    this.execution = execution;
    this.epoch = epoch;
    this.budget = budget;
  }

  /** The stateid of a state in the making. */
  StateId newId() {
    return new StateId(0, epoch, execution.randomLong());
  }

  int size() {
    return byTag.size();
  }

  /**
   * Takes in a state.
   *
   * @throws NfsException DELAY where the client has its share of memory, EXPIRED where it is gone
   */
  void add(ShareState state) throws NfsException {
    var client = state.client();
    budget.take(client, state.bytes());
    byTag.put(state.tag(), state);
    client.states().add(state);
    if (client.isGone()) {
      remove(state);
      throw new NfsException(NfsStatus.EXPIRED);
    }
  }

  /** Takes in a state that an earlier process had. */
  void resume(ShareState state, @Nullable Revocation revocation) {
    budget.add(state.client(), state.bytes());
    byTag.put(state.tag(), state);
    if (revocation == null) {
      state.client().states().add(state);
    } else {
      revoke(state, revocation);
    }
  }

  /** Forgets a state that its client gave up. */
  void remove(ShareState state) {
    forget(state);
    state.client().states().remove(state);
  }

  /** Notes that a client lost a state; it is forgotten once the client freed it. */
  void revoke(ShareState state, Revocation why) {
    state.revoke(why);
    state.client().lost(state);
  }

  /** Frees a state that the client lost. */
  void free(ShareState revoked) {
    forget(revoked);
    revoked.client().freed(revoked);
  }

  private void forget(ShareState state) {
    if (byTag.remove(state.tag(), state)) {
      budget.give(state.client(), state.bytes());
    }
  }

  /**
   * Finds a client's state.
   *
   * @throws NfsException BAD_STATEID where the client has no such state, OLD_STATEID where it
   *     advanced since, EXPIRED or ADMIN_REVOKED where the client lost it
   */
  ShareState require(Client client, StateId id) throws NfsException {
    var state = find(client, id);
    var status = state == null ? NfsStatus.BAD_STATEID : statusOf(state, id);
    if (state == null || status != NfsStatus.OK) {
      throw new NfsException(status);
    }
    return state;
  }

  /** A client's state, lost or not, whatever its version; or null. */
  @Nullable ShareState find(Client client, StateId id) {
    var state = byTag.get(id.tag());
    return state != null && state.epoch() == id.epoch() && state.client() == client ? state : null;
  }

  /** What TEST_STATEID says (RFC 8881, 18.48). */
  NfsStatus test(Client client, StateId id) {
    var state = find(client, id);
    return state == null ? NfsStatus.BAD_STATEID : statusOf(state, id);
  }

  private static NfsStatus statusOf(ShareState state, StateId id) {
    var revocation = state.revocation();
    if (revocation != null) {
      return revocation.status();
    }
    var now = state.sequence();
    if (id.sequence() == 0 || id.sequence() == now) {
      return NfsStatus.OK;
    }
    // Sequence numbers wrap; what is not behind must be ahead.
    return now - id.sequence() > 0 ? NfsStatus.OLD_STATEID : NfsStatus.BAD_STATEID;
  }
}
