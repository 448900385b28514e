package io.bucketfs.nfs.state;

import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.nfs.state.FileState.OwnerKey;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Opens and locks of all files, by stateid and by file. Thread-safe.
 *
 * <p>The file system counts opens, too. Its count is taken before a state is made and given back
 * after the state is gone, outside all locks, so that it never falls to 0 while a state exists.
 */
public final class OpenFiles {
  private static final int RANGES_PER_OWNER_MAX = 65_536;

  private final FileSystem fileSystem;
  private final Execution execution;
  private final int epoch;
  private final int statesPerClientMax;
  private final ConcurrentHashMap<Long, ShareState> byTag = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<FileId, FileState> byFile = new ConcurrentHashMap<>();

  /** Frees what a client holds whose lease ran out, once another needs it. */
  private volatile Consumer<Client> expire = _ -> {};

  /**
   * @param epoch part of every stateid, new at every start
   */
  public OpenFiles(FileSystem fileSystem, Execution execution, int epoch, int statesPerClientMax) {
    this.fileSystem = fileSystem;
    this.execution = execution;
    this.epoch = epoch;
    this.statesPerClientMax = statesPerClientMax;
  }

  void onConflictWithExpired(Consumer<Client> action) {
    expire = action;
  }

  /** How many files are open or locked. */
  public int fileCount() {
    return byFile.size();
  }

  private sealed interface OpenAttempt {
    /**
     * Done.
     *
     * @param surplus which of the file system's counts is to be given back; null for none
     */
    record Granted(StateId id, @Nullable Boolean surplus) implements OpenAttempt {}

    record Refused(Client holder) implements OpenAttempt {}
  }

  /**
   * Opens a file, or adds to what the open-owner has open of it.
   *
   * @throws NfsException SHARE_DENIED
   */
  public StateId open(Client client, Opaque owner, FileId file, int access, int deny)
      throws NfsException {
    var forWriting = (access & Share.WRITE) != 0;
    @Nullable Boolean surplus = forWriting;
    fileSystem.opened(file, forWriting);
    try {
      while (true) {
        switch (tryOpen(new OwnerKey(client, owner), file, access, deny)) {
          case OpenAttempt.Granted(var id, var rest) -> {
            surplus = rest;
            return id;
          }
          case OpenAttempt.Refused(var holder) -> expireOr(NfsStatus.SHARE_DENIED, holder);
        }
      }
    } finally {
      if (surplus != null) {
        fileSystem.closed(file, surplus);
      }
    }
  }

  private OpenAttempt tryOpen(OwnerKey key, FileId file, int access, int deny) throws NfsException {
    var states = locked(file);
    try {
      var conflict = states.conflict(key, access, deny);
      if (conflict != null) {
        return new OpenAttempt.Refused(conflict.client());
      }
      var state = states.open(key);
      var isNew = state == null;
      if (state == null) {
        state = new OpenState(key.client(), key.owner(), file, execution.randomLong());
        register(state);
        states.put(state);
      }
      var wrote = (state.access() & Share.WRITE) != 0;
      var denied = state.deny();
      state.add(access, deny);
      states.countDenying(denied, state.deny());
      if (isNew) {
        return new OpenAttempt.Granted(idOf(state), null);
      }
      var forWriting = (access & Share.WRITE) != 0;
      return new OpenAttempt.Granted(idOf(state), forWriting && wrote);
    } finally {
      unlock(file, states);
    }
  }

  /** The stateid of a state, as of now. */
  public StateId idOf(ShareState state) {
    return new StateId(state.sequence(), epoch, state.tag());
  }

  /**
   * Finds a client's state.
   *
   * @throws NfsException BAD_STATEID where the client has no such state, OLD_STATEID where it
   *     advanced since
   */
  public ShareState require(Client client, StateId id) throws NfsException {
    var state = id.epoch() == epoch ? byTag.get(id.tag()) : null;
    if (state == null || state.client() != client) {
      throw new NfsException(NfsStatus.BAD_STATEID);
    }
    var now = state.sequence();
    if (id.sequence() != 0 && id.sequence() != now) {
      // Sequence numbers wrap; what is not behind must be ahead.
      var behind = now - id.sequence() > 0;
      throw new NfsException(behind ? NfsStatus.OLD_STATEID : NfsStatus.BAD_STATEID);
    }
    return state;
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

  /**
   * Checks I/O without an open against the share reservations of everyone.
   *
   * @throws NfsException LOCKED where an open denies it
   */
  public void requireNotDenied(FileId file, int access) throws NfsException {
    var states = byFile.get(file);
    if (states == null) {
      return;
    }
    states.lock.lock();
    try {
      if (states.conflict(null, access, 0) != null) {
        throw new NfsException(NfsStatus.LOCKED);
      }
    } finally {
      states.lock.unlock();
    }
  }

  /**
   * Checks what {@link #open} would say to share reservations of others.
   *
   * @throws NfsException SHARE_DENIED
   */
  public void requireNoConflict(Client client, Opaque owner, FileId file, int access, int deny)
      throws NfsException {
    while (true) {
      var states = byFile.get(file);
      if (states == null) {
        return;
      }
      OpenState conflict;
      states.lock.lock();
      try {
        conflict = states.conflict(new OwnerKey(client, owner), access, deny);
      } finally {
        states.lock.unlock();
      }
      if (conflict == null) {
        return;
      }
      expireOr(NfsStatus.SHARE_DENIED, conflict.client());
    }
  }

  /** Closes an open, and frees the locks that were taken through it. */
  public void close(Client client, StateId id, FileId file) throws NfsException {
    drop(requireOpen(client, id, file));
  }

  /**
   * Gives up some access or denial of an open.
   *
   * @throws NfsException INVAL where no OPEN asked for what is to be left
   */
  public StateId downgrade(Client client, StateId id, FileId file, int access, int deny)
      throws NfsException {
    var state = requireOpen(client, id, file);
    var forWriting = (access & Share.WRITE) != 0;
    fileSystem.opened(file, forWriting);
    var surplus = forWriting;
    try {
      var states = locked(file);
      try {
        var wrote = (state.access() & Share.WRITE) != 0;
        var denied = state.deny();
        if (!states.holds(state)) {
          throw new NfsException(NfsStatus.BAD_STATEID);
        }
        if (!state.reduce(access, deny)) {
          throw new NfsException(NfsStatus.INVAL);
        }
        states.countDenying(denied, deny);
        surplus = wrote;
        return idOf(state);
      } finally {
        unlock(file, states);
      }
    } finally {
      fileSystem.closed(file, surplus);
    }
  }

  /** How a LOCK or LOCKT ended. */
  public sealed interface LockOutcome {
    record Granted(StateId id) implements LockOutcome {}

    record Denied(LockConflict conflict) implements LockOutcome {}
  }

  /** Locks a range for a lock-owner that may be new, through an open. */
  public LockOutcome lock(
      Client client, Opaque owner, StateId open, FileId file, ByteRange range, boolean exclusive)
      throws NfsException {
    return lock(owner, requireOpen(client, open, file), range, exclusive);
  }

  /** Locks a range for a lock-owner that has locked in this file before. */
  public LockOutcome lock(
      Client client, StateId id, FileId file, ByteRange range, boolean exclusive)
      throws NfsException {
    if (require(client, id, file) instanceof LockState state) {
      return lock(state.owner(), state.open(), range, exclusive);
    }
    throw new NfsException(NfsStatus.BAD_STATEID);
  }

  private LockOutcome lock(Opaque owner, OpenState open, ByteRange range, boolean exclusive)
      throws NfsException {
    if ((open.access() & (exclusive ? Share.WRITE : Share.READ)) == 0) {
      throw new NfsException(NfsStatus.OPENMODE);
    }
    while (true) {
      var outcome = tryLock(new OwnerKey(open.client(), owner), open, range, exclusive);
      if (outcome instanceof LockOutcome.Denied(var conflict)
          && conflict.holder().client().isExpired()) {
        expire.accept(conflict.holder().client());
      } else {
        return outcome;
      }
    }
  }

  private LockOutcome tryLock(OwnerKey key, OpenState open, ByteRange range, boolean exclusive)
      throws NfsException {
    var states = locked(open.file());
    try {
      if (!states.holds(open)) {
        throw new NfsException(NfsStatus.BAD_STATEID);
      }
      var conflict = states.conflict(key, range, exclusive);
      if (conflict != null) {
        return new LockOutcome.Denied(conflict);
      }
      var state = states.locks(key);
      if (state == null) {
        state = new LockState(key.owner(), open, execution.randomLong());
        register(state);
        states.put(state);
      }
      if (state.ranges().size() >= RANGES_PER_OWNER_MAX) {
        throw new NfsException(NfsStatus.DELAY);
      }
      state.ranges().lock(range, exclusive);
      state.advance();
      return new LockOutcome.Granted(idOf(state));
    } finally {
      unlock(open.file(), states);
    }
  }

  /** What would keep a lock-owner from locking a range, or null. */
  public @Nullable LockConflict test(
      Client client, Opaque owner, FileId file, ByteRange range, boolean exclusive) {
    while (true) {
      var states = byFile.get(file);
      if (states == null) {
        return null;
      }
      LockConflict conflict;
      states.lock.lock();
      try {
        conflict = states.conflict(new OwnerKey(client, owner), range, exclusive);
      } finally {
        states.lock.unlock();
      }
      if (conflict == null || !conflict.holder().client().isExpired()) {
        return conflict;
      }
      expire.accept(conflict.holder().client());
    }
  }

  /** Unlocks a range. */
  public StateId unlock(Client client, StateId id, FileId file, ByteRange range)
      throws NfsException {
    if (!(require(client, id, file) instanceof LockState state)) {
      throw new NfsException(NfsStatus.BAD_STATEID);
    }
    var states = locked(file);
    try {
      state.ranges().unlock(range);
      state.advance();
      return idOf(state);
    } finally {
      unlock(file, states);
    }
  }

  /**
   * Frees a stateid that stands for no locks (RFC 8881, 18.38).
   *
   * @throws NfsException LOCKS_HELD
   */
  public void free(Client client, StateId id) throws NfsException {
    if (!(require(client, id) instanceof LockState state)) {
      throw new NfsException(NfsStatus.LOCKS_HELD);
    }
    var states = locked(state.file());
    try {
      if (!state.ranges().isEmpty()) {
        throw new NfsException(NfsStatus.LOCKS_HELD);
      }
      states.remove(state);
      unregister(state);
    } finally {
      unlock(state.file(), states);
    }
  }

  /** Drops all that a client holds; it must be gone already, so that it gets nothing new. */
  void dropAll(Client client) {
    for (var state : List.copyOf(client.states())) {
      if (state instanceof OpenState open) {
        drop(open);
      }
    }
  }

  private void drop(OpenState open) {
    boolean dropped;
    var states = locked(open.file());
    try {
      for (var state : List.copyOf(states.locks())) {
        if (state.open() == open) {
          states.remove(state);
          unregister(state);
        }
      }
      dropped = states.remove(open);
      if (dropped) {
        states.countDenying(open.deny(), 0);
        unregister(open);
      }
    } finally {
      unlock(open.file(), states);
    }
    if (dropped) {
      fileSystem.closed(open.file(), (open.access() & Share.WRITE) != 0);
    }
  }

  private void register(ShareState state) throws NfsException {
    var client = state.client();
    if (client.states().size() >= statesPerClientMax) {
      throw new NfsException(NfsStatus.DELAY);
    }
    byTag.put(state.tag(), state);
    client.states().add(state);
    if (client.isGone()) {
      unregister(state);
      throw new NfsException(NfsStatus.EXPIRED);
    }
  }

  private void unregister(ShareState state) {
    byTag.remove(state.tag());
    state.client().states().remove(state);
  }

  private void expireOr(NfsStatus status, Client holder) throws NfsException {
    if (!holder.isExpired()) {
      throw new NfsException(status);
    }
    expire.accept(holder);
  }

  /** Returns the locked state of a file, made where there is none. */
  @SuppressWarnings("LockNotBeforeTry") // the caller unlocks
  private FileState locked(FileId file) {
    while (true) {
      var states = byFile.computeIfAbsent(file, _ -> new FileState());
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
        byFile.remove(file, states);
      }
    } finally {
      states.lock.unlock();
    }
  }
}
