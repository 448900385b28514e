package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.rpc.Credential;
import io.bucketfs.nfs.state.Client;
import io.bucketfs.nfs.state.Peer;
import io.bucketfs.nfs.state.ReplyTarget;
import io.bucketfs.nfs.state.Session;
import io.bucketfs.nfs.state.Slot;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * What the operations of one COMPOUND share: filehandles, stateids, session, reply. Used by one
 * thread at a time.
 */
public final class Compound {
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

  /** Attributes that an operation has just seen, so that the next need not ask again. */
  private @Nullable Attributes known;

  private int callerMount;
  private @Nullable Caller caller;

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

  /** A point to which an operation can be undone. */
  public record Mark(
      ReplyBuffer.Mark reply,
      @Nullable Handle current,
      @Nullable Handle saved,
      @Nullable StateId currentStateId,
      @Nullable StateId savedStateId) {}

  public Compound(Services services, Request request, ReplyBuffer reply) {
    this.services = services;
    this.request = request;
    this.reply = reply;
  }

  Services services() {
    return services;
  }

  FileSystem fileSystem() {
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

  Patience patience() {
    return patience;
  }

  public void setPatience(Patience newPatience) {
    patience = newPatience;
  }

  public Mark mark() {
    return new Mark(reply.mark(), current, saved, currentStateId, savedStateId);
  }

  public void restore(Mark mark) {
    reply.restore(mark.reply);
    current = mark.current;
    saved = mark.saved;
    currentStateId = mark.currentStateId;
    savedStateId = mark.savedStateId;
    known = null;
  }

  /** Enters a session, by SEQUENCE. */
  void enter(Session newSession, Slot newSlot, boolean cache, Slot.Admission how) {
    session = newSession;
    slot = newSlot;
    cacheThis = cache;
    admission = how;
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
    return fileOf(saved, NfsStatus.ROFS);
  }

  private static FileId fileOf(Handle handle, NfsStatus ofPseudoRoot) throws NfsException {
    return switch (handle) {
      case Handle.PseudoRoot _ -> throw new NfsException(ofPseudoRoot);
      case Handle.Node(var id) -> id;
    };
  }

  /** Changes the current filehandle; there is no current stateid then (RFC 8881, 16.2.3.1.2). */
  void setCurrent(@Nullable Handle handle) {
    current = handle;
    currentStateId = null;
    known = null;
  }

  /** Changes the current filehandle to an object whose attributes are known. */
  void setCurrent(Attributes attributes) {
    setCurrent(new Handle.Node(attributes.id()));
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

  /** Who asks, as far as a mount is concerned. */
  Caller caller(FileId file) {
    if (caller == null || callerMount != file.mount()) {
      caller = services.policy().caller(request.credential(), peer().address(), file.mount());
      callerMount = file.mount();
    }
    return caller;
  }
}
