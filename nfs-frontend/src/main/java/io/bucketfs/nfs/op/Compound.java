package io.bucketfs.nfs.op;

import io.bucketfs.core.local.Note;
import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Outcome;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.nfs.export.Grant;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.rpc.Credential;
import io.bucketfs.nfs.state.ChannelLimits;
import io.bucketfs.nfs.state.Checkpoint;
import io.bucketfs.nfs.state.Client;
import io.bucketfs.nfs.state.Ledger;
import io.bucketfs.nfs.state.Peer;
import io.bucketfs.nfs.state.ReplyTarget;
import io.bucketfs.nfs.state.Requested;
import io.bucketfs.nfs.state.Session;
import io.bucketfs.nfs.state.Slot;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the operations of one COMPOUND share: filehandles, stateids, session, reply. Used by one
 * thread at a time.
 */
public final class Compound {
  /** The record marker is no part of a reply. */
  private static final int MARKER_BYTES = 4;

  private static final CompletableFuture<Void> NOTHING_NOTED =
      CompletableFuture.completedFuture(null);

  /** A request that reads more than this and then changes something is run again as a whole. */
  private static final int CHECKPOINT_BYTES_MAX = 1 << 16;

  private final Services services;
  private final Request request;
  private final ReplyBuffer reply;
  private Patience patience = Patience.NONE;
  private @Nullable Handle current;
  private @Nullable Handle saved;
  private @Nullable StateId currentStateId;
  private @Nullable StateId savedStateId;
  private @Nullable Session session;
  private @Nullable Slot slot;
  private boolean cacheThis;
  private Slot.@Nullable Admission admission;
  private int slotNumber;
  private int sequence;

  /** Where the results begin that come after that of SEQUENCE. */
  private int resultsAt;

  /** How many operations came before the one at hand. */
  private int before;

  /** Takes notes while the change that they ride with is on its way; null at all other times. */
  private @Nullable Consumer<Note> rider;

  /** Completes once everything outlives the process that was noted for this request. */
  private CompletableFuture<Void> noted = NOTHING_NOTED;

  /** Attributes that an operation has just seen, so that the next need not ask again. */
  private @Nullable Attributes known;

  /** What the client may do with the current object; null as long as nobody asked. */
  private @Nullable Grant grant;

  private int markedWriterIndex;
  private int markedParts;
  private @Nullable Handle markedCurrent;
  private @Nullable Handle markedSaved;
  private @Nullable StateId markedCurrentStateId;
  private @Nullable StateId markedSavedStateId;

  private @Nullable Grant callerGrant;
  private @Nullable Caller caller;

  /** Whether an operation follows for which a put filehandle must fit the flavor. */
  private boolean flavorMatters;

  /**
   * What is known of a request before its operations.
   *
   * @param fingerprint tells it apart from others with the same slot and sequence number
   */
  public record Request(
      ReplyTarget target,
      Credential credential,
      int minorVersion,
      int operations,
      int recordBytes,
      long fingerprint) {}

  public Compound(Services services, Request request, ReplyBuffer reply) {
    this.services = services;
    this.request = request;
    this.reply = reply;
  }

  Services services() {
    return services;
  }

  /** The file system with no more power than the client has in the current object's export. */
  FileSystem fileSystem() {
    if (current instanceof Handle.Node && (grant == null || grant.readOnly())) {
      return services.readOnlyFileSystem();
    }
    return services.fileSystem();
  }

  public Request request() {
    return request;
  }

  int minorVersion() {
    return request.minorVersion();
  }

  Peer peer() {
    return request.target().peer();
  }

  public ReplyBuffer reply() {
    return reply;
  }

  ByteBuf out() {
    return reply.out();
  }

  /** Bytes that the reply may still grow by. */
  int room() {
    var max =
        session == null ? services.limits().recordBytesMax() : session.fore().responseBytesMax();
    return max - reply.bytes();
  }

  /** What is wrong with a reply that has grown and would grow by so many bytes more. */
  public NfsStatus exceeds(ChannelLimits limits, boolean toBeKept, int moreBytes) {
    var bytes = reply.bytes() - MARKER_BYTES + moreBytes;
    if (bytes > limits.responseBytesMax()) {
      return NfsStatus.REP_TOO_BIG;
    }
    return toBeKept && bytes > limits.cachedResponseBytesMax()
        ? NfsStatus.REP_TOO_BIG_TO_CACHE
        : NfsStatus.OK;
  }

  Patience patience() {
    return patience;
  }

  public void setPatience(Patience newPatience) {
    patience = newPatience;
  }

  /** Notes the point to which the next operation can be undone: the last one noted. */
  public void mark() {
    markedWriterIndex = reply.out().writerIndex();
    markedParts = reply.parts().size();
    markedCurrent = current;
    markedSaved = saved;
    markedCurrentStateId = currentStateId;
    markedSavedStateId = savedStateId;
  }

  /** Goes back to the point that was noted. */
  public void restore() {
    reply.cut(markedWriterIndex, markedParts);
    current = markedCurrent;
    saved = markedSaved;
    currentStateId = markedCurrentStateId;
    savedStateId = markedSavedStateId;
    known = null;
    grant = null;
  }

  /** Enters a session, by SEQUENCE. */
  void enter(Session newSession, Slot newSlot, Sequence request, Slot.Admission how) {
    session = newSession;
    slot = newSlot;
    slotNumber = request.slotId();
    sequence = request.sequence();
    cacheThis = request.cacheThis();
    admission = how;
  }

  /** Notes that the results from here on are those behind SEQUENCE. */
  void beginResults() {
    resultsAt = reply.out().writerIndex();
  }

  /** Notes which operation comes now, counted from 0. */
  public void begin(int operation) {
    before = operation;
  }

  /** Goes on where an earlier process had come to. */
  public void resume(Checkpoint checkpoint) {
    out().writeBytes(checkpoint.results());
    var position = checkpoint.position();
    setCurrent(position.current());
    saved = position.saved();
    currentStateId = position.currentStateId();
    savedStateId = position.savedStateId();
  }

  /** Completes once everything outlives the process that was noted for this request. */
  public CompletableFuture<Void> noted() {
    return noted;
  }

  /** A change of the file system. */
  @FunctionalInterface
  interface Change<T extends Outcome> {
    T run(Caller caller) throws FileSystemException;
  }

  /** Writes the result of a change, and takes the position after it. */
  @FunctionalInterface
  interface Result<T extends Outcome> {
    void write(T outcome) throws NfsException;
  }

  /**
   * Changes the file system once, however often the request is sent: what it came to, and how far
   * the request is, rides with the change. A retry that comes after the process ended goes on
   * behind it.
   *
   * @param place inside the mount that is changed
   * @param result called once; on the thread of the change, while this one waits for it
   */
  <T extends Outcome> T once(FileId place, Class<T> type, Change<T> change, Result<T> result)
      throws NfsException, FileSystemException {
    var ride = new Ride<>(type, result);
    try {
      var outcome = change.run(caller(place).with(ride));
      if (!ride.rode) {
        result.write(outcome); // nothing had to be changed
      }
      return outcome;
    } catch (FileSystemException e) {
      if (ride.refusal != null) {
        throw ride.refusal;
      }
      throw e;
    }
  }

  private final class Ride<T extends Outcome> implements Rider {
    private final Class<T> type;
    private final Result<T> result;
    private boolean rode;
    private @Nullable NfsException refusal;

    Ride(Class<T> type, Result<T> result) {
      this.type = type;
      this.result = result;
    }

    @Override
    public void ride(Outcome outcome, Consumer<Note> notes) throws FileSystemException {
      rode = true;
      rider = notes;
      try {
        result.write(type.cast(outcome));
      } catch (NfsException e) {
        refusal = e;
        throw new FileSystemException(FsError.DELAY, "refused by the protocol");
      } finally {
        rider = null;
      }
      addCheckpoint(notes);
    }
  }

  /**
   * A ledger for what the operation at hand changes of opens and locks.
   *
   * @param result writes the result, and takes the position after it; called under a lock
   */
  Ledger ledger(Consumer<StateId> result) {
    return new Requested() {
      @Override
      protected void ended(StateId id, List<Note> changes) {
        result.accept(id);
        note(changes);
      }

      @Override
      public void beforeRevoking(Client expired) throws NfsException {
        if (rider != null && expired.isRecorded()) {
          throw new NfsException(NfsStatus.DELAY); // not on the thread of all changes
        }
        services.grace().forfeit(expired, patience);
      }
    };
  }

  /** A ledger for what changes nothing of this client's. */
  Ledger ledger() {
    return ledger(_ -> {});
  }

  /** Notes what the operation at hand has changed, its result written. */
  void note(List<Note> changes) {
    if (rider != null) {
      changes.forEach(rider);
      return;
    }
    var all = new ArrayList<>(changes);
    addCheckpoint(all::add);
    noted = services.journal().note(all).toCompletableFuture();
  }

  private void addCheckpoint(Consumer<Note> notes) {
    if (session == null || slot == null) {
      return;
    }
    var results = reply.bytesFrom(resultsAt, CHECKPOINT_BYTES_MAX);
    if (results != null) {
      var position = new Checkpoint.Position(current, saved, currentStateId, savedStateId);
      notes.accept(
          session.checkpoint(
              slot,
              slotNumber,
              new Checkpoint(sequence, request.fingerprint(), before + 1, position, results)));
    }
  }

  public @Nullable Session session() {
    return session;
  }

  public @Nullable Slot slot() {
    return slot;
  }

  /** How SEQUENCE found the slot, or null where there was none. */
  public Slot.@Nullable Admission admission() {
    return admission;
  }

  public boolean cacheThis() {
    return cacheThis;
  }

  Client client() {
    if (session == null) {
      throw new IllegalStateException("checked before the first operation runs");
    }
    return session.client();
  }

  Handle current() throws NfsException {
    if (current == null) {
      throw new NfsException(NfsStatus.NOFILEHANDLE);
    }
    return current;
  }

  /**
   * What the client may do with the current object.
   *
   * @throws NfsException ACCESS where it may nothing, since rules changed or the filehandle is
   *     another client's; STALE where the export is gone
   */
  Grant grant() throws NfsException {
    if (grant == null) {
      grant = grantOf(current());
    }
    return grant;
  }

  private Grant grantOf(Handle handle) throws NfsException {
    if (!(handle instanceof Handle.Node node)) {
      throw new NfsException(NfsStatus.ROFS);
    }
    var export = services.exports().of(node);
    if (export == null) {
      throw new NfsException(NfsStatus.STALE);
    }
    var granted = export.grantTo(peer().clientAddress());
    if (granted == null) {
      throw new NfsException(NfsStatus.ACCESS);
    }
    return granted;
  }

  /** Makes sure, before an operation runs, that the client may use the current object at all. */
  public void requireAccess(OperationCode code) throws NfsException {
    if (current instanceof Handle.Node && ObjectUse.needsAccess(code)) {
      var granted = grant();
      if (!granted.admits(request.credential()) && !ObjectUse.tellsSecurity(code)) {
        throw new NfsException(
            ObjectUse.mayAnswerWrongSecurity(code) ? NfsStatus.WRONGSEC : NfsStatus.ACCESS);
      }
    }
  }

  /** Makes sure that the flavor of the request is good enough for the current object. */
  void requireFlavor() throws NfsException {
    if (current instanceof Handle.Node && !grant().admits(request.credential())) {
      throw new NfsException(NfsStatus.WRONGSEC);
    }
  }

  /** Which operation comes after the one at hand, or null where none does. */
  public void setNext(@Nullable OperationCode next) {
    flavorMatters = next != null && ObjectUse.wantsFlavorOfPut(next);
  }

  /**
   * As {@link #requireFlavor}, but only where RFC 8881, 2.6.3.1.1 lets a put filehandle operation
   * say so: before an operation that cannot say it by itself.
   */
  void requireFlavorAfterPut() throws NfsException {
    if (flavorMatters && current instanceof Handle.Node node) {
      var export = services.exports().of(node);
      var granted = export == null ? null : export.grantTo(peer().clientAddress());
      if (granted != null && !granted.admits(request.credential())) {
        throw new NfsException(NfsStatus.WRONGSEC);
      }
    }
  }

  /** The current object, which is inside a mount. */
  FileId currentFile() throws NfsException {
    return fileOf(current(), NfsStatus.ROFS);
  }

  /** The current object inside a mount, or the given status for the pseudo-root. */
  FileId currentFile(NfsStatus ofPseudoRoot) throws NfsException {
    return fileOf(current(), ofPseudoRoot);
  }

  /** The saved object, which is inside a mount. */
  FileId savedFile() throws NfsException {
    if (saved == null) {
      throw new NfsException(NfsStatus.NOFILEHANDLE);
    }
    var file = fileOf(saved, NfsStatus.ROFS);
    if (!grantOf(saved).admits(request.credential())) {
      throw new NfsException(NfsStatus.ACCESS);
    }
    if (saved instanceof Handle.Node(_, var from)
        && current instanceof Handle.Node(var id, var to)
        && id.mount() == file.mount()
        && from != to) {
      // Other exports are other file systems to clients, also where the mount is the same.
      throw new NfsException(NfsStatus.XDEV);
    }
    return file;
  }

  private static FileId fileOf(Handle handle, NfsStatus ofPseudoRoot) throws NfsException {
    return switch (handle) {
      case Handle.PseudoRoot _ -> throw new NfsException(ofPseudoRoot);
      case Handle.Node(var id, _) -> id;
    };
  }

  /** Changes the current filehandle; there is no current stateid then (RFC 8881, 16.2.3.1.2). */
  void setCurrent(@Nullable Handle handle) {
    current = handle;
    currentStateId = null;
    known = null;
    grant = null;
  }

  /** Goes on to an object of the same export whose attributes are known. */
  void setCurrent(Attributes attributes) throws NfsException {
    enter(grant(), attributes);
  }

  /** Changes the current filehandle to an object of an export whose attributes are known. */
  void enter(Grant to, Attributes attributes) {
    setCurrent(new Handle.Node(attributes.id(), to.export().via()));
    grant = to;
    known = attributes;
  }

  void save() throws NfsException {
    saved = current();
    savedStateId = currentStateId;
  }

  void restoreSaved() throws NfsException {
    if (saved == null) {
      throw new NfsException(NfsStatus.NOFILEHANDLE);
    }
    setCurrent(saved);
    currentStateId = savedStateId;
  }

  void setCurrentStateId(StateId id) {
    currentStateId = id;
  }

  /** Puts the current stateid in the place of the one that stands for it. */
  StateId resolve(StateId id) throws NfsException {
    if (id.equals(StateId.INVALID)) {
      throw new NfsException(NfsStatus.BAD_STATEID);
    }
    if (!id.equals(StateId.CURRENT)) {
      return id;
    }
    if (currentStateId == null || currentStateId.equals(StateId.INVALID)) {
      throw new NfsException(NfsStatus.BAD_STATEID);
    }
    return currentStateId;
  }

  /** As {@link #resolve}, for the saved object. */
  StateId resolveSaved(StateId id) throws NfsException {
    if (!id.equals(StateId.CURRENT)) {
      return resolve(id);
    }
    if (savedStateId == null || savedStateId.equals(StateId.INVALID)) {
      throw new NfsException(NfsStatus.BAD_STATEID);
    }
    return savedStateId;
  }

  /** Forgets what is known of the current object, since it changes. */
  void forgetKnown() {
    known = null;
  }

  void know(Attributes attributes) {
    known = attributes;
  }

  /** Attributes of an object, asked for at most once as long as nothing changes. */
  Attributes attributes(FileId file) throws FileSystemException {
    if (known != null && known.id().equals(file)) {
      return known;
    }
    known = fileSystem().attributes(file, patience);
    return known;
  }

  /** Who asks, as far as the export of the current or the saved object is concerned. */
  Caller caller(FileId file) throws NfsException {
    var granted = grant();
    if (saved != null && file.mount() != granted.export().mount()) {
      granted = grantOf(saved);
    }
    if (caller == null || !granted.equals(callerGrant)) {
      caller = granted.caller(request.credential());
      callerGrant = granted;
    }
    return caller;
  }
}
