package io.bucketfs.nfs.state;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.access.ClientAddress;
import io.bucketfs.core.local.Note;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.nfs.callback.BackChannel;
import io.bucketfs.nfs.callback.CallbackSecurity;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** All clients and sessions (RFC 8881, 18.35, 18.36, 18.37, 18.50). Thread-safe. */
public final class Clients {
  private final Execution execution;
  private final LeaseClock clock;
  private final OpenFiles openFiles;
  private final ClientLimits limits;
  private final long epoch;
  private final Journal journal;
  private final Forgetting forgetting;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private int lastNumber;

  @GuardedBy("lock")
  private final Map<Opaque, Client> confirmed = new HashMap<>();

  @GuardedBy("lock")
  private final SequencedMap<Opaque, Client> unconfirmed = new LinkedHashMap<>();

  private final ConcurrentHashMap<Long, Client> byId = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<SessionId, Session> sessions = new ConcurrentHashMap<>();

  /** What the kept replies of all slots may take. */
  private final FairShares replyBytes;

  /** How many clients there may be. */
  private final FairShares places;

  private final StateBudget budget;

  /** Who sees to it that a client may not reclaim any more. */
  public interface Forgetting {
    /** A client is to be forgotten; the stage completes once it can durably not reclaim. */
    CompletionStage<Void> forget(Client client);

    /** A client that was to be forgotten came back in the last moment. */
    void remember(Client client);
  }

  /**
   * @param epoch first half of every new client id, new at every start
   */
  public Clients(
      Execution execution,
      LeaseClock clock,
      OpenFiles openFiles,
      ClientLimits limits,
      StateBudget budget,
      int epoch,
      Journal journal,
      Forgetting forgetting) {
    this.execution = execution;
    this.clock = clock;
    this.openFiles = openFiles;
    this.limits = limits;
    this.epoch = epoch;
    this.journal = journal;
    this.forgetting = forgetting;
    this.budget = budget;
    replyBytes = new FairShares(limits.replyCacheBytesMax());
    places = new FairShares(limits.clientsMax());
  }

  /**
   * What a client says of itself in EXCHANGE_ID.
   *
   * @param home whence it says so first: to this address counts what it takes
   */
  public record Identity(
      Opaque owner,
      long verifier,
      Principal principal,
      String implementation,
      ClientAddress home) {}

  /** EXCHANGE_ID without the update flag: finds or makes a client record. */
  public Client exchange(Identity who) throws NfsException {
    @Nullable Client replaced = null;
    lock.lock();
    try {
      var known = confirmed.get(who.owner());
      if (known != null) {
        if (!known.principal().equals(who.principal())) {
          if (!known.isExpired() && (known.stateCount() > 0 || !known.sessions().isEmpty())) {
            throw new NfsException(NfsStatus.CLID_INUSE);
          }
          confirmed.remove(who.owner());
          replaced = known;
        } else if (known.verifier() == who.verifier()) {
          return known;
        }
      }
      var pending = unconfirmed.remove(who.owner());
      if (pending != null) {
        pending.leave();
        unlist(pending);
      }
      var client = new Client(epoch << 32 | ++lastNumber, who, clock);
      makePlace(client);
      unconfirmed.put(who.owner(), client);
      byId.put(client.id(), client);
      return client;
    } finally {
      lock.unlock();
      if (replaced != null) {
        discard(replaced);
      }
    }
  }

  /**
   * Takes a place for a client. Whoever asks for ids and does not use them makes way, the oldest
   * first: those of the same address, then, where it has no place at all, those of others.
   *
   * @throws NfsException DELAY; there will be a place once leases ran out
   */
  @GuardedBy("lock")
  private void makePlace(Client client) throws NfsException {
    var home = client.home();
    while (!tryPlace(client)) {
      var all = unconfirmed.values().stream();
      var victim =
          (places.heldBy(home) == 0 ? all : all.filter(other -> other.home().equals(home)))
              .findFirst()
              .orElse(null);
      if (victim == null) {
        throw new NfsException(NfsStatus.DELAY);
      }
      unconfirmed.remove(victim.owner());
      victim.leave();
      unlist(victim);
    }
  }

  private boolean tryPlace(Client client) {
    if (!places.take(client.home(), 1)) {
      return false;
    }
    if (!budget.tryTake(client, client.bytes())) {
      places.give(client.home(), 1);
      return false;
    }
    return true;
  }

  /** Takes a client out of the list and gives its place back. */
  private void unlist(Client client) {
    if (byId.remove(client.id(), client)) {
      places.give(client.home(), 1);
      budget.give(client, client.bytes());
    }
  }

  /** EXCHANGE_ID with the update flag: the confirmed record must be there and match. */
  public Client update(Identity who) throws NfsException {
    lock.lock();
    try {
      var known = confirmed.get(who.owner());
      if (known == null) {
        throw new NfsException(NfsStatus.NOENT);
      }
      if (known.verifier() != who.verifier()) {
        throw new NfsException(NfsStatus.NOT_SAME);
      }
      if (!known.principal().equals(who.principal())) {
        throw new NfsException(NfsStatus.PERM);
      }
      return known;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Finds a client by its id.
   *
   * @throws NfsException STALE_CLIENTID
   */
  public Client require(long id) throws NfsException {
    var client = byId.get(id);
    if (client == null) {
      throw new NfsException(NfsStatus.STALE_CLIENTID);
    }
    return client;
  }

  /**
   * Confirms a client and makes a session. An older incarnation of the client and all it holds is
   * dropped.
   *
   * @param sequence which CREATE_SESSION this is; another one may have come first
   */
  public Session createSession(Client client, int sequence, ChannelLimits fore, Callbacks back)
      throws NfsException {
    @Nullable Client older = null;
    @Nullable SlotTable slots = null;
    lock.lock();
    try {
      if (client.isGone() || byId.get(client.id()) != client) {
        throw new NfsException(NfsStatus.STALE_CLIENTID);
      }
      if (client.createSequence() != sequence) {
        throw new NfsException(NfsStatus.DELAY);
      }
      if (client.sessions().size() >= limits.sessionsPerClientMax()) {
        throw new NfsException(NfsStatus.DELAY);
      }
      budget.take(client, StateBudget.SESSION_BYTES);
      slots =
          SlotTable.reserve(slotBudget(client), fore.cachedResponseBytesMax(), fore.requestsMax());
      if (slots == null) {
        budget.give(client, StateBudget.SESSION_BYTES);
        throw new NfsException(NfsStatus.DELAY);
      }
      if (!client.isConfirmed()) {
        unconfirmed.remove(client.owner(), client);
        older = confirmed.put(client.owner(), client);
        client.confirm();
      }
      var id = new SessionId(client.id(), execution.randomLong());
      var session = new Session(id, client, fore, slots, back, backChannel(id, back), journal);
      client.add(session);
      client.renew();
      sessions.put(session.id(), session);
      return session;
    } finally {
      lock.unlock();
      if (older != null) {
        discard(older);
      }
    }
  }

  private SlotBudget slotBudget(Client client) {
    return new SlotBudget(replyBytes, client.home());
  }

  /**
   * How a client wants to be called back.
   *
   * @param slots how many calls may run at once
   */
  public record Callbacks(
      int program, List<CallbackSecurity> offered, int minorVersion, int slots) {}

  private BackChannel backChannel(SessionId id, Callbacks back) {
    var setup =
        new BackChannel.Setup(id.bytes(), back.minorVersion, back.slots, BackChannel.ANSWER_MAX);
    var channel = new BackChannel(execution, setup, back.program, back.offered);
    channel.onNumber((slot, number) -> journal.noteSoon(List.of(StateNotes.of(id, slot, number))));
    return channel;
  }

  /** The session with the given id, or null. */
  public @Nullable Session session(SessionId id) {
    return sessions.get(id);
  }

  /** The number of sessions. */
  public int sessionCount() {
    return sessions.size();
  }

  /** What is to be noted of a client that changed, and of a session that is new. */
  public List<Note> notes(Client client, @Nullable Session session) {
    return session == null
        ? List.of(StateNotes.of(client))
        : List.of(StateNotes.of(client), StateNotes.of(session));
  }

  /** Goes on with what an earlier process had when it was stopped or killed. */
  public void resume(List<Note> notes, Set<Opaque> recorded) {
    journal.noteSoon(new Resumption(this, openFiles, recorded).read(notes));
  }

  void resume(long id, StateNotes.ClientNote note, boolean recorded) {
    var client = Client.resumed(id, note, recorded, clock);
    byId.put(id, client);
    places.add(client.home(), 1);
    budget.add(client, client.bytes());
    lock.lock();
    try {
      confirmed.put(client.owner(), client);
    } finally {
      lock.unlock();
    }
  }

  /** Returns false where there is no memory for the session; its client makes another. */
  boolean resume(Client client, SessionId id, StateNotes.SessionNote note) {
    var slots =
        SlotTable.resume(slotBudget(client), note.fore().cachedResponseBytesMax(), note.slots());
    if (slots == null) {
      return false;
    }
    var back = note.back();
    var session = new Session(id, client, note.fore(), slots, back, backChannel(id, back), journal);
    session.back().resume(note.calledBack());
    budget.add(client, StateBudget.SESSION_BYTES);
    client.add(session);
    sessions.put(id, session);
    return true;
  }

  @Nullable Client byId(long id) {
    return byId.get(id);
  }

  /** Ends a session. What its client holds open stays. */
  public void destroy(Session session) {
    if (sessions.remove(session.id(), session)) {
      budget.give(session.client(), StateBudget.SESSION_BYTES);
    }
    session.client().remove(session);
    journal.noteSoon(session.gone());
    session.dispose();
  }

  /**
   * DESTROY_CLIENTID.
   *
   * @throws NfsException CLIENTID_BUSY where it has sessions or state
   */
  public void destroyIdle(Client client) throws NfsException {
    if (!client.sessions().isEmpty() || client.stateCount() > 0) {
      throw new NfsException(NfsStatus.CLIENTID_BUSY);
    }
    destroy(client);
  }

  /** Forgets a client with all it holds. */
  public void destroy(Client client) {
    lock.lock();
    try {
      confirmed.remove(client.owner(), client);
      unconfirmed.remove(client.owner(), client);
    } finally {
      lock.unlock();
    }
    discard(client);
    if (client.isConfirmed()) {
      var _ = forgetting.forget(client);
    }
  }

  /**
   * Forgets a client whose lease ran out, once it can durably not reclaim: what it held may go to
   * others then, of which a later server would not know.
   */
  private void expire(Client client) {
    if (!client.isConfirmed() || client.stateCount() == 0) {
      destroy(client);
      return;
    }
    var _ =
        forgetting
            .forget(client)
            .thenRun(() -> {
              if (client.isExpired()) {
                destroy(client);
              } else {
                forgetting.remember(client);
              }
            });
  }

  private void discard(Client client) {
    client.leave();
    unlist(client);
    for (var session : client.sessions()) {
      destroy(session);
    }
    openFiles.dropAll(client);
    if (client.isConfirmed()) {
      journal.noteSoon(List.of(StateNotes.gone(client)));
    }
  }

  /** All clients, in no order. */
  public List<Client> all() {
    return List.copyOf(byId.values());
  }

  /**
   * To be called regularly. Renews clients whose requests still run, drops those whose lease ran
   * out so long ago that courtesy ends, or that are too many, or where memory or places for clients
   * are short, and steers the numbers of slots.
   *
   * @param pressed whether memory is short
   */
  public void sweep(boolean pressed) {
    for (var session : sessions.values()) {
      session.relax(pressed || slotBudget(session.client()).isTight());
    }
    for (var client : byId.values()) {
      if (client.isBusy()) {
        client.renew();
      }
    }
    var expired = expired();
    var tooMany = expired.size() - limits.courtesyClientsMax();
    for (var n = 0; n < expired.size(); n++) {
      var client = expired.get(n).client;
      if (n < tooMany
          || expired.get(n).idleNanos - clock.lengthNanos() >= courtesyNanos(client)
          || budget.isTight(client)
          || places.isTight(client.home())) {
        expire(client);
      }
    }
    openFiles.wakeWaiters();
  }

  /**
   * How long after its lease a client is kept. One that holds nothing is kept for the replies in
   * its sessions: one that was cut off asks for them again, and would make its change twice
   * without.
   */
  private long courtesyNanos(Client client) {
    if (client.stateCount() > 0) {
      return limits.courtesy().toNanos();
    }
    return client.sessions().isEmpty() || slotBudget(client).isTight()
        ? 0
        : limits.replyCourtesy().toNanos();
  }

  /** A client whose lease ran out, as it was when it was looked at. */
  private record Expired(Client client, boolean holdsSomething, long idleNanos) {
    Expired(Client client) {
      this(client, client.stateCount() > 0, client.idleNanos());
    }
  }

  /** Clients whose lease ran out: those that hold nothing first, then the longest. */
  private List<Expired> expired() {
    return byId.values().stream()
        .filter(Client::isExpired)
        .map(Expired::new)
        .sorted(
            Comparator.comparing(Expired::holdsSomething)
                .thenComparing(Comparator.comparingLong(Expired::idleNanos).reversed()))
        .toList();
  }

  /** Bytes that are reserved for kept replies. */
  public long replyCacheBytes() {
    return replyBytes.taken();
  }

  /** Heap that clients take with what they hold, about. */
  public long stateBytes() {
    return budget.takenBytes();
  }

  /** Lets go of memory when the server stops. The next one goes on with all clients. */
  public void close() {
    sessions.values().forEach(Session::dispose);
    sessions.clear();
    byId.clear();
  }

  /** Notes RECLAIM_COMPLETE. */
  public void completeReclaim(Client client) throws NfsException {
    if (!client.completeReclaim()) {
      throw new NfsException(NfsStatus.COMPLETE_ALREADY);
    }
  }
}
