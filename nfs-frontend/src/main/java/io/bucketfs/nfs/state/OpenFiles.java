package io.bucketfs.nfs.state;

import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.nfs.state.FileState.OwnerKey;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Opens and locks of all files, by stateid and by file. Thread-safe.
 *
 * <p>The file system counts opens, too. Its count is taken before a state is made and given back
 * after the state is gone, outside all locks, so that it never falls to 0 while a state exists.
 *
 * <p>What a client holds whose lease ran out stays until somebody else needs it; then exactly that
 * is revoked (RFC 8881, 8.4.2.4).
 *
 * <p>Over 500 lines, since what one file's lock guards is changed only here.
 */
public final class OpenFiles {
  private static final int RANGES_PER_OWNER_MAX = 65_536;

  private final FileSystem fileSystem;
  private final Execution execution;
  private final StateTable table;
  private final StateBudget budget;
  private final Journal journal;
  private final ConcurrentHashMap<FileId, FileState> byFile = new ConcurrentHashMap<>();

  /** Files in which somebody waits for a lock. */
  private final Set<FileId> waitedFor = ConcurrentHashMap.newKeySet();

  /** Tells a waiter that it may try again; does not wait. */
  private volatile Consumer<LockWaiter> wakeUp = _ -> {};

  /**
   * @param epoch part of every new stateid, new at every start
   */
  public OpenFiles(
      FileSystem fileSystem, Execution execution, int epoch, StateBudget budget, Journal journal) {
    this.fileSystem = fileSystem;
    this.execution = execution;
    this.journal = journal;
    this.budget = budget;
    table = new StateTable(execution, epoch, budget);
  }

  /** Sets how a waiter is told that it may try again. */
  public void onWakeUp(Consumer<LockWaiter> action) {
    wakeUp = action;
  }

  /** How many files are open or locked. */
  public int fileCount() {
    return byFile.size();
  }

  /** How many stateids there are. */
  public int stateCount() {
    return table.size();
  }

  private sealed interface OpenAttempt {
    /**
     * Done.
     *
     * @param surplus which of the file system's counts is to be given back; null for none
     */
    record Granted(StateId id, @Nullable Boolean surplus) implements OpenAttempt {}

    record Refused(OpenState holder) implements OpenAttempt {}
  }

  /**
   * Opens a file, or adds to what the open-owner has open of it.
   *
   * @throws NfsException SHARE_DENIED
   */
  public StateId open(Client client, Opaque owner, FileId file, int access, int deny, Ledger ledger)
      throws NfsException {
    var forWriting = (access & Share.WRITE) != 0;
    @Nullable Boolean surplus = forWriting;
    fileSystem.opened(file, forWriting);
    try {
      while (true) {
        switch (tryOpen(new OwnerKey(client, owner), file, access, deny, ledger)) {
          case OpenAttempt.Granted(var id, var rest) -> {
            surplus = rest;
            return id;
          }
          case OpenAttempt.Refused(var holder) -> revokeOr(NfsStatus.SHARE_DENIED, holder, ledger);
        }
      }
    } finally {
      if (surplus != null) {
        fileSystem.closed(file, surplus);
      }
    }
  }

  private OpenAttempt tryOpen(OwnerKey key, FileId file, int access, int deny, Ledger ledger)
      throws NfsException {
    var states = locked(file);
    try {
      var conflict = states.conflict(key, access, deny);
      if (conflict != null) {
        return new OpenAttempt.Refused(conflict);
      }
      var state = states.open(key);
      var isNew = state == null;
      if (state == null) {
        state = new OpenState(key.client(), key.owner(), file, table.newId());
        table.add(state);
        states.put(state);
        states.count(state, 1);
      }
      var wrote = (state.access() & Share.WRITE) != 0;
      states.count(state, -1);
      state.add(access, deny);
      states.count(state, 1);
      ledger.changed(state);
      ledger.done(state.id());
      if (isNew) {
        return new OpenAttempt.Granted(state.id(), null);
      }
      var forWriting = (access & Share.WRITE) != 0;
      return new OpenAttempt.Granted(state.id(), forWriting && wrote);
    } finally {
      unlock(file, states);
    }
  }

  /**
   * Finds a client's state.
   *
   * @throws NfsException BAD_STATEID where the client has no such state, OLD_STATEID where it
   *     advanced since, EXPIRED or ADMIN_REVOKED where the client lost it
   */
  public ShareState require(Client client, StateId id) throws NfsException {
    return table.require(client, id);
  }

  /** As {@link #require(Client, StateId)}, where the state must belong to the given file. */
  public ShareState require(Client client, StateId id, FileId file) throws NfsException {
    var state = require(client, id);
    if (!state.file().equals(file)) {
      throw new NfsException(NfsStatus.BAD_STATEID);
    }
    return state;
  }

  private OpenState requireOpen(Client client, StateId id, FileId file) throws NfsException {
    if (require(client, id, file) instanceof OpenState open) {
      return open;
    }
    throw new NfsException(NfsStatus.BAD_STATEID);
  }

  private LockState requireLocks(Client client, StateId id, FileId file) throws NfsException {
    if (require(client, id, file) instanceof LockState locks) {
      return locks;
    }
    throw new NfsException(NfsStatus.BAD_STATEID);
  }

  /** What TEST_STATEID says of a stateid. */
  public NfsStatus test(Client client, StateId id) {
    return table.test(client, id);
  }

  /**
   * Checks I/O without an open against the share reservations of everyone.
   *
   * @throws NfsException LOCKED where an open denies it
   */
  public void requireNotDenied(FileId file, int access, Ledger ledger) throws NfsException {
    requireNoConflict(null, file, access, 0, NfsStatus.LOCKED, ledger);
  }

  /**
   * Checks what {@link #open} would say to share reservations of others.
   *
   * @throws NfsException SHARE_DENIED
   */
  public void requireNoConflict(
      Client client, Opaque owner, FileId file, int access, int deny, Ledger ledger)
      throws NfsException {
    requireNoConflict(
        new OwnerKey(client, owner), file, access, deny, NfsStatus.SHARE_DENIED, ledger);
  }

  private void requireNoConflict(
      @Nullable OwnerKey key, FileId file, int access, int deny, NfsStatus refusal, Ledger ledger)
      throws NfsException {
    while (true) {
      var states = byFile.get(file);
      if (states == null) {
        return;
      }
      OpenState conflict;
      states.lock.lock();
      try {
        conflict = states.conflict(key, access, deny);
      } finally {
        states.lock.unlock();
      }
      if (conflict == null) {
        return;
      }
      revokeOr(refusal, conflict, ledger);
    }
  }

  /** Whether an open is one for writing. */
  public boolean isForWriting(Client client, StateId id, FileId file) throws NfsException {
    return (requireOpen(client, id, file).access() & Share.WRITE) != 0;
  }

  /** Closes an open, and frees the locks that were taken through it. */
  public void close(Client client, StateId id, FileId file, Ledger ledger) throws NfsException {
    drop(requireOpen(client, id, file), null, ledger);
  }

  /**
   * Gives up some access or denial of an open.
   *
   * @throws NfsException INVAL where no OPEN asked for what is to be left
   */
  public StateId downgrade(
      Client client, StateId id, FileId file, int access, int deny, Ledger ledger)
      throws NfsException {
    var state = requireOpen(client, id, file);
    var forWriting = (access & Share.WRITE) != 0;
    fileSystem.opened(file, forWriting);
    var surplus = forWriting;
    try {
      var states = locked(file);
      try {
        var wrote = (state.access() & Share.WRITE) != 0;
        if (!states.holds(state)) {
          throw new NfsException(NfsStatus.BAD_STATEID);
        }
        states.count(state, -1);
        var reduced = state.reduce(access, deny);
        states.count(state, 1);
        if (!reduced) {
          throw new NfsException(NfsStatus.INVAL);
        }
        surplus = wrote;
        ledger.changed(state);
        ledger.done(state.id());
        return state.id();
      } finally {
        unlock(file, states);
      }
    } finally {
      fileSystem.closed(file, surplus);
    }
  }

  /**
   * A lock that is asked for.
   *
   * @param handle of the file as the client knows it, where it wants to be told when it may try
   *     again; else null
   */
  public record Wish(FileId file, ByteRange range, boolean exclusive, @Nullable Opaque handle) {}

  /** How a LOCK or LOCKT ended. */
  public sealed interface LockOutcome {
    record Granted(StateId id) implements LockOutcome {}

    record Denied(HeldLock conflict) implements LockOutcome {}
  }

  /** Locks a range for a lock-owner that may be new, through an open. */
  public LockOutcome lock(Client client, Opaque owner, StateId open, Wish wish, Ledger ledger)
      throws NfsException {
    return lock(owner, requireOpen(client, open, wish.file), wish, ledger);
  }

  /** Locks a range for a lock-owner that has locked in this file before. */
  public LockOutcome lock(Client client, StateId id, Wish wish, Ledger ledger) throws NfsException {
    var state = requireLocks(client, id, wish.file);
    return lock(state.owner(), state.open(), wish, ledger);
  }

  private LockOutcome lock(Opaque owner, OpenState open, Wish wish, Ledger ledger)
      throws NfsException {
    if ((open.access() & (wish.exclusive ? Share.WRITE : Share.READ)) == 0) {
      throw new NfsException(NfsStatus.OPENMODE);
    }
    while (true) {
      var outcome = tryLock(new OwnerKey(open.client(), owner), open, wish, ledger);
      if (outcome instanceof LockOutcome.Denied(var conflict)
          && conflict.holder().client().isExpired()) {
        ledger.beforeRevoking(conflict.holder().client());
        revoke(conflict.holder(), Revocation.LEASE_EXPIRED);
      } else {
        return outcome;
      }
    }
  }

  private LockOutcome tryLock(OwnerKey key, OpenState open, Wish wish, Ledger ledger)
      throws NfsException {
    var woken = List.<LockWaiter>of();
    var states = locked(open.file());
    try {
      if (!states.holds(open)) {
        throw new NfsException(NfsStatus.BAD_STATEID);
      }
      var conflict = states.conflict(key, wish.range, wish.exclusive);
      if (conflict != null) {
        if (wish.handle != null) {
          var waiter =
              new LockWaiter(key.client(), key.owner(), wish.handle, wish.range, wish.exclusive);
          states.waiters().add(waiter, execution.nanoTime());
          waitedFor.add(wish.file);
        }
        return new LockOutcome.Denied(conflict);
      }
      var known = states.locks(key);
      var state =
          known != null ? known : new LockState(key.owner(), open, table.newId(), states.held());
      var ranges = state.ranges();
      var before = ranges.around(wish.range);
      makeRoom(state, ranges.splits(wish.range) ? 2 : 1);
      try {
        if (known == null) {
          table.add(state);
          states.put(state);
        }
        ranges.lock(wish.range, wish.exclusive);
      } finally {
        settleRoom(state);
      }
      state.advance();
      ledger.ranges(state, before, state.ranges().around(wish.range));
      ledger.changed(state);
      ledger.done(state.id());
      states.waiters().remove(key.client(), key.owner(), wish.range);
      woken = states.wake(execution.nanoTime()); // an exclusive lock may have become a shared one
      return new LockOutcome.Granted(state.id());
    } finally {
      unlock(open.file(), states);
      woken.forEach(wakeUp);
    }
  }

  /**
   * Makes room for more ranges of a lock-owner.
   *
   * @throws NfsException DELAY where there is none
   */
  private void makeRoom(LockState state, int more) throws NfsException {
    if (state.ranges().size() + more > RANGES_PER_OWNER_MAX) {
      throw new NfsException(NfsStatus.DELAY);
    }
    budget.take(state.client(), (long) more * StateBudget.RANGE_BYTES);
    state.setRoom(state.room() + more);
  }

  /** Takes as much room as there are ranges now. */
  private void settleRoom(LockState state) {
    var excess = state.room() - state.ranges().size();
    budget.give(state.client(), (long) excess * StateBudget.RANGE_BYTES);
    state.setRoom(state.ranges().size());
  }

  /** What would keep a lock-owner from locking a range, or null. */
  public @Nullable HeldLock test(Client client, Opaque owner, Wish wish, Ledger ledger)
      throws NfsException {
    while (true) {
      var states = byFile.get(wish.file);
      if (states == null) {
        return null;
      }
      HeldLock conflict;
      states.lock.lock();
      try {
        conflict = states.conflict(new OwnerKey(client, owner), wish.range, wish.exclusive);
      } finally {
        states.lock.unlock();
      }
      if (conflict == null || !conflict.holder().client().isExpired()) {
        return conflict;
      }
      ledger.beforeRevoking(conflict.holder().client());
      revoke(conflict.holder(), Revocation.LEASE_EXPIRED);
    }
  }

  /** Unlocks a range. */
  public StateId unlock(Client client, StateId id, FileId file, ByteRange range, Ledger ledger)
      throws NfsException {
    var state = requireLocks(client, id, file);
    var woken = List.<LockWaiter>of();
    var states = locked(file);
    try {
      if (!states.holds(state)) {
        throw new NfsException(NfsStatus.BAD_STATEID);
      }
      var before = state.ranges().around(range);
      if (state.ranges().splits(range)) {
        makeRoom(state, 1);
      }
      state.ranges().unlock(range);
      settleRoom(state);
      state.advance();
      ledger.ranges(state, before, state.ranges().around(range));
      ledger.changed(state);
      ledger.done(state.id());
      states.waiters().remove(client, state.owner(), range);
      woken = states.wake(execution.nanoTime());
      return state.id();
    } finally {
      unlock(file, states);
      woken.forEach(wakeUp);
    }
  }

  /** Tells those whose turn came since one before them did not use his. */
  void wakeWaiters() {
    waitedFor.removeIf(file -> !wakeWaiters(file));
  }

  /** Returns whether anybody goes on waiting. */
  private boolean wakeWaiters(FileId file) {
    var states = byFile.get(file);
    if (states == null) {
      return false;
    }
    List<LockWaiter> woken;
    boolean waiting;
    states.lock.lock();
    try {
      woken = states.wake(execution.nanoTime());
      waiting = !states.waiters().isEmpty();
    } finally {
      states.lock.unlock();
    }
    woken.forEach(wakeUp);
    return waiting;
  }

  /**
   * Frees a stateid that stands for no locks, or one that the client lost (RFC 8881, 18.38).
   *
   * @throws NfsException LOCKS_HELD
   */
  public void free(Client client, StateId id, Ledger ledger) throws NfsException {
    var lost = table.find(client, id);
    if (lost != null && lost.revocation() != null) {
      table.free(lost);
      ledger.gone(lost);
      ledger.done(StateId.INVALID);
      return;
    }
    if (!(require(client, id) instanceof LockState state)) {
      throw new NfsException(NfsStatus.LOCKS_HELD);
    }
    var states = locked(state.file());
    try {
      if (!state.ranges().isEmpty()) {
        throw new NfsException(NfsStatus.LOCKS_HELD);
      }
      if (states.holds(state)) {
        states.remove(state);
        table.remove(state);
        ledger.gone(state);
      }
      ledger.done(StateId.INVALID);
    } finally {
      unlock(state.file(), states);
    }
  }

  /** Drops all that a client holds; it must be gone already, so that it gets nothing new. */
  void dropAll(Client client) {
    var ledger = journal.unasked();
    for (var state : List.copyOf(client.states())) {
      if (state instanceof OpenState open) {
        drop(open, null, ledger);
      }
    }
    for (var lost : List.copyOf(client.lostStates())) {
      table.free(lost);
      ledger.gone(lost);
    }
    ledger.done(StateId.INVALID);
  }

  /** Takes all that a client holds away from it. */
  public void revokeAll(Client client, Revocation why) {
    for (var state : List.copyOf(client.states())) {
      if (state instanceof OpenState) {
        revoke(state, why);
      }
    }
  }

  private void revokeOr(NfsStatus refusal, OpenState holder, Ledger ledger) throws NfsException {
    if (!holder.client().isExpired()) {
      throw new NfsException(refusal);
    }
    ledger.beforeRevoking(holder.client());
    revoke(holder, Revocation.LEASE_EXPIRED);
  }

  private void revoke(ShareState state, Revocation why) {
    switch (state) {
      case OpenState open -> drop(open, why, journal.unasked());
      case LockState locks -> {
        var ledger = journal.unasked();
        var woken = List.<LockWaiter>of();
        var states = locked(locks.file());
        try {
          drop(states, locks, why, ledger);
          ledger.done(StateId.INVALID);
          woken = states.wake(execution.nanoTime());
        } finally {
          unlock(locks.file(), states);
          woken.forEach(wakeUp);
        }
      }
    }
  }

  /**
   * Drops an open and the locks that were taken through it.
   *
   * @param why null where the client gives them up
   */
  private void drop(OpenState open, @Nullable Revocation why, Ledger ledger) {
    var dropped = false;
    var woken = List.<LockWaiter>of();
    var states = locked(open.file());
    try {
      if (states.holds(open)) {
        dropped = true;
        for (var locks : states.locksThrough(open)) {
          drop(states, locks, why, ledger);
        }
        states.count(open, -1);
        states.remove(open);
        forget(open, why, ledger);
        woken = states.wake(execution.nanoTime());
      }
      ledger.done(StateId.INVALID);
    } finally {
      unlock(open.file(), states);
      woken.forEach(wakeUp);
    }
    if (dropped) {
      fileSystem.closed(open.file(), (open.access() & Share.WRITE) != 0);
    }
  }

  private void drop(FileState states, LockState locks, @Nullable Revocation why, Ledger ledger) {
    if (states.holds(locks)) {
      ledger.ranges(locks, List.copyOf(locks.ranges().all()), List.of());
      states.remove(locks);
      settleRoom(locks);
      forget(locks, why, ledger);
    }
  }

  private void forget(ShareState state, @Nullable Revocation why, Ledger ledger) {
    if (why == null) {
      table.remove(state);
      ledger.gone(state);
    } else {
      table.revoke(state, why);
      ledger.changed(state);
    }
  }

  /** Takes over an open of an earlier process, which counts as one of the file system again. */
  void resume(Client client, int epoch, long tag, StateNotes.OpenNote note) {
    var id = new StateId(note.sequence(), epoch, tag);
    var state = new OpenState(client, note.owner(), note.file(), id);
    state.resume(note.rights());
    if (note.revocation() == null) {
      fileSystem.opened(note.file(), (state.access() & Share.WRITE) != 0);
      var states = locked(note.file());
      try {
        states.put(state);
        states.count(state, 1);
      } finally {
        unlock(note.file(), states);
      }
    }
    table.resume(state, note.revocation());
  }

  /** Takes over the locks of an owner; the ranges follow. Returns false where they have no open. */
  boolean resume(Client client, int epoch, long tag, StateNotes.LocksNote note) {
    var id = new StateId(note.sequence(), epoch, tag);
    if (note.revocation() != null) {
      // It serves to tell what became of it; the open may be gone.
      var nothing = new OpenState(client, note.owner(), note.file(), note.open());
      table.resume(new LockState(note.owner(), nothing, id, new LockTree()), note.revocation());
      return true;
    }
    if (!(table.find(client, note.open()) instanceof OpenState open)) {
      return false;
    }
    var states = locked(note.file());
    try {
      var state = new LockState(note.owner(), open, id, states.held());
      states.put(state);
      table.resume(state, null);
      return true;
    } finally {
      unlock(note.file(), states);
    }
  }

  /** Takes over a locked range. Returns false where its owner is not known. */
  boolean resume(Client client, int epoch, long tag, long first, byte[] value) {
    if (!(table.find(client, new StateId(0, epoch, tag)) instanceof LockState owner)) {
      return false;
    }
    var states = locked(owner.file());
    try {
      owner.ranges().resume(StateNotes.readRange(owner, first, value));
      settleRoom(owner);
      return true;
    } finally {
      unlock(owner.file(), states);
    }
  }

  /** Returns the locked state of a file, made where there is none. */
  @SuppressWarnings("LockNotBeforeTry") // the caller unlocks
  private FileState locked(FileId file) {
    while (true) {
      var states = byFile.computeIfAbsent(file, _ -> new FileState(budget));
      states.lock.lock();
      if (!states.dead) {
        return states;
      }
      states.lock.unlock();
    }
  }

  private void unlock(FileId file, FileState states) {
    try {
      if (states.isEmpty()) {
        states.dead = true;
        states.waiters().clear();
        byFile.remove(file, states);
      }
    } finally {
      states.lock.unlock();
    }
  }
}
