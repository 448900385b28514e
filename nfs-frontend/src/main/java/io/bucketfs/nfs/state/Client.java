package io.bucketfs.nfs.state;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.access.ClientAddress;
import io.bucketfs.nfs.callback.BackChannel;
import io.bucketfs.nfs.callback.CallbackOperation;
import io.bucketfs.nfs.callback.CallbackOutcome;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A client id and what hangs on it (RFC 8881, 2.4). */
public final class Client {
  private final long id;
  private final Clients.Identity who;
  private final LeaseClock clock;

  /** Opens and locks. Concurrent: files add to it under their own locks. */
  private final Set<ShareState> states = ConcurrentHashMap.newKeySet();

  /** What was taken from the client and not freed by it yet. */
  private final Set<ShareState> lost = ConcurrentHashMap.newKeySet();

  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final List<Session> sessions = new ArrayList<>();

  /** The sequence number of the next CREATE_SESSION. */
  @GuardedBy("lock")
  private int createSequence = 1;

  /** The results of the last CREATE_SESSION, status included. */
  @GuardedBy("lock")
  private byte @Nullable [] createReply;

  private volatile boolean confirmed;

  /** Whether the client could reclaim after a loss of power. */
  private volatile boolean recorded;

  private volatile boolean gone;
  private volatile boolean reclaimComplete;
  private volatile long renewed;
  private volatile String address = "";

  Client(long id, Clients.Identity who, LeaseClock clock) {
    this.id = id;
    this.who = who;
    this.clock = clock;
    renewed = clock.now();
  }

  /** Makes a client again that an earlier process had. */
  static Client resumed(long id, StateNotes.ClientNote note, boolean recorded, LeaseClock clock) {
    var client = new Client(id, note.identity(), clock);
    client.resume(note);
    client.recorded = recorded;
    return client;
  }

  private void resume(StateNotes.ClientNote note) {
    lock.lock();
    try {
      createSequence = note.createSequence();
      createReply = note.createReply();
      reclaimComplete = note.reclaimComplete();
      address = note.address();
      confirmed = true;
    } finally {
      lock.unlock();
    }
  }

  public long id() {
    return id;
  }

  public Opaque owner() {
    return who.owner();
  }

  public long verifier() {
    return who.verifier();
  }

  public Principal principal() {
    return who.principal();
  }

  /** Name and version of the client's software as it gives them. */
  public String implementation() {
    return who.implementation();
  }

  /** Where the client was first seen: to this address counts what it takes. */
  ClientAddress home() {
    return who.home();
  }

  /** What it takes of the heap beside its sessions and states, about. */
  long bytes() {
    return StateBudget.CLIENT_BYTES
        + 2L * who.owner().bytes().length
        + who.implementation().length();
  }

  /** Whether a session was ever created. */
  public boolean isConfirmed() {
    return confirmed;
  }

  void confirm() {
    confirmed = true;
  }

  /** Whether the client could reclaim after a loss of power. */
  public boolean isRecorded() {
    return recorded;
  }

  public void setRecorded(boolean durably) {
    recorded = durably;
  }

  /** Whether nothing is left of what was taken from the client: it freed all of it. */
  public boolean hasFreedAllLost() {
    return lost.isEmpty();
  }

  /** Whether this client was destroyed; it gets no new state then. */
  public boolean isGone() {
    return gone;
  }

  void leave() {
    gone = true;
  }

  public boolean isReclaimComplete() {
    return reclaimComplete;
  }

  /** Notes RECLAIM_COMPLETE. Returns false where it had been sent before. */
  boolean completeReclaim() {
    lock.lock();
    try {
      var first = !reclaimComplete;
      reclaimComplete = true;
      return first;
    } finally {
      lock.unlock();
    }
  }

  /** Where the client was last seen, for people. */
  public String address() {
    return address;
  }

  public void seenAt(Peer peer) {
    address = peer.address();
  }

  /** Begins the lease anew. */
  public void renew() {
    renewed = clock.now();
  }

  /** Whether the lease ran out. A request that runs keeps it. */
  public boolean isExpired() {
    return clock.now() - renewed > clock.lengthNanos() && !isBusy();
  }

  /** Nanoseconds since the lease was renewed. */
  public long idleNanos() {
    return clock.now() - renewed;
  }

  Set<ShareState> states() {
    return states;
  }

  Set<ShareState> lostStates() {
    return lost;
  }

  /** How many stateids the client has, those included that were taken from it. */
  public int stateCount() {
    return states.size() + lost.size();
  }

  /** How many files the client has open, counted by open-owner. */
  public int openCount() {
    return (int) states.stream().filter(OpenState.class::isInstance).count();
  }

  /** How many byte ranges the client has locked; for people, since others may change them now. */
  public int lockCount() {
    return states.stream()
        .mapToInt(state -> state instanceof LockState locks ? locks.ranges().size() : 0)
        .sum();
  }

  void lost(ShareState state) {
    lost.add(state);
    states.remove(state);
    if (gone) {
      lost.remove(state);
    }
  }

  void freed(ShareState state) {
    lost.remove(state);
  }

  /** What SEQUENCE tells the client of states that were taken from it. */
  int revocationFlags() {
    if (lost.isEmpty()) {
      return 0;
    }
    var flags = 0;
    for (var state : lost) {
      flags |=
          switch (state.revocation()) {
            case LEASE_EXPIRED ->
                states.isEmpty()
                    ? SequenceStatus.EXPIRED_ALL_STATE_REVOKED
                    : SequenceStatus.EXPIRED_SOME_STATE_REVOKED;
            case ADMINISTRATIVE -> SequenceStatus.ADMIN_STATE_REVOKED;
            case null -> 0;
          };
    }
    return flags;
  }

  /** A copy of the list of sessions. */
  public List<Session> sessions() {
    lock.lock();
    try {
      return List.copyOf(sessions);
    } finally {
      lock.unlock();
    }
  }

  void add(Session session) {
    lock.lock();
    try {
      sessions.add(session);
    } finally {
      lock.unlock();
    }
  }

  void remove(Session session) {
    lock.lock();
    try {
      sessions.remove(session);
    } finally {
      lock.unlock();
    }
  }

  /** The sequence number that the next CREATE_SESSION must carry. */
  public int createSequence() {
    lock.lock();
    try {
      return createSequence;
    } finally {
      lock.unlock();
    }
  }

  /** The results of the last CREATE_SESSION for its retry, or null. */
  public byte @Nullable [] createReply() {
    lock.lock();
    try {
      return createReply;
    } finally {
      lock.unlock();
    }
  }

  /** Keeps the results of the CREATE_SESSION that carried {@link #createSequence}. */
  public void created(byte[] reply) {
    lock.lock();
    try {
      createReply = reply;
      createSequence++;
    } finally {
      lock.unlock();
    }
  }

  /** Whether callbacks find a way through any session. */
  boolean isReachable() {
    for (var session : sessions()) {
      if (session.back().state() == BackChannel.State.UP) {
        return true;
      }
    }
    return false;
  }

  /**
   * Calls the client through the first of its sessions that leads to it.
   *
   * @param onEnd told once, from any thread; must not wait
   */
  public void callBack(CallbackOperation operation, Consumer<CallbackOutcome> onEnd) {
    callBack(sessions().iterator(), operation, onEnd);
  }

  private static void callBack(
      Iterator<Session> rest, CallbackOperation operation, Consumer<CallbackOutcome> onEnd) {
    if (!rest.hasNext()) {
      onEnd.accept(new CallbackOutcome.Unreachable());
      return;
    }
    rest.next()
        .back()
        .call(
            operation,
            outcome -> {
              switch (outcome) {
                case CallbackOutcome.Answered _ -> onEnd.accept(outcome);
                case CallbackOutcome.Unreachable() -> callBack(rest, operation, onEnd);
              }
            });
  }

  /** Whether a request of any session runs now. */
  boolean isBusy() {
    for (var session : sessions()) {
      if (session.isBusy()) {
        return true;
      }
    }
    return false;
  }
}
