package io.bucketfs.nfs.state;

import io.bucketfs.core.access.ClientAddress;
import io.bucketfs.core.local.Note;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.nfs.callback.CallbackSecurity;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Clients, sessions, opens and locks as notes. They are written whenever what they tell changes,
 * and read once, at the start. Their format is that of {@link Journal#FORMAT}.
 */
final class StateNotes {
  private static final int BYTES_MAX = 1 << 20;
  private static final byte[] NONE = {};

  private StateNotes() {}

  /** What is noted of a client beside its id. */
  record ClientNote(
      Clients.Identity identity,
      int createSequence,
      byte @Nullable [] createReply,
      boolean reclaimComplete,
      String address) {}

  /**
   * What is noted of a session beside its id.
   *
   * @param slots how many the client may use
   * @param calledBack whether the client had given a connection for callbacks
   */
  record SessionNote(ChannelLimits fore, int slots, Clients.Callbacks back, boolean calledBack) {}

  /** What is noted of an open beside its client and stateid. */
  record OpenNote(
      Opaque owner,
      FileId file,
      int sequence,
      OpenState.Rights rights,
      @Nullable Revocation revocation) {}

  /** What is noted of the locks of an owner beside their client and stateid; not the ranges. */
  record LocksNote(
      Opaque owner, FileId file, int sequence, StateId open, @Nullable Revocation revocation) {}

  static Note of(Client client) {
    var out = begin();
    out.writeLong(client.verifier());
    out.writeInt(client.principal().flavor()).writeInt(client.principal().uid());
    var home = client.home();
    Xdr.writeBoolean(out, home.isV4());
    out.writeLong(home.high()).writeLong(home.low());
    out.writeInt(client.createSequence());
    Xdr.writeBoolean(out, client.isReclaimComplete());
    var reply = client.createReply();
    Xdr.writeOpaque(out, reply == null ? NONE : reply);
    Xdr.writeOpaque(out, client.owner().bytes());
    Xdr.writeString(out, client.implementation());
    Xdr.writeString(out, client.address());
    return new Note(NoteKeys.client(client.id()), end(out));
  }

  static ClientNote readClient(byte[] value) {
    var in = open(value);
    var verifier = in.readLong();
    var principal = new Principal(in.readInt(), in.readInt());
    var home = new ClientAddress(Xdr.readBoolean(in), in.readLong(), in.readLong());
    var createSequence = in.readInt();
    var reclaimComplete = Xdr.readBoolean(in);
    var reply = Xdr.readBytes(in, BYTES_MAX);
    var owner = new Opaque(Xdr.readBytes(in, Opaque.BYTES_MAX));
    return new ClientNote(
        new Clients.Identity(owner, verifier, principal, readString(in), home),
        createSequence,
        reply.length == 0 ? null : reply,
        reclaimComplete,
        readString(in));
  }

  static Note gone(Client client) {
    return new Note(NoteKeys.client(client.id()), null);
  }

  static Note of(Session session) {
    var out = begin();
    session.fore().write(out);
    out.writeInt(session.slotLimit());
    var back = session.callbacks();
    out.writeInt(back.program()).writeInt(back.minorVersion()).writeInt(back.slots());
    Xdr.writeBoolean(out, session.isCalledBack());
    CallbackSecurity.writeAll(out, back.offered());
    return new Note(NoteKeys.session(session.id()), end(out));
  }

  static SessionNote readSession(byte[] value) {
    var in = open(value);
    var fore = ChannelLimits.read(in);
    var slots = in.readInt();
    var program = in.readInt();
    var minorVersion = in.readInt();
    var backSlots = in.readInt();
    var calledBack = Xdr.readBoolean(in);
    return new SessionNote(
        fore,
        slots,
        new Clients.Callbacks(program, CallbackSecurity.readAll(in), minorVersion, backSlots),
        calledBack);
  }

  static Note gone(Session session) {
    return new Note(NoteKeys.session(session.id()), null);
  }

  static Note of(SessionId session, int slot, Checkpoint checkpoint) {
    return new Note(NoteKeys.slot(session, slot), checkpoint.encode());
  }

  static Note gone(SessionId session, int slot) {
    return new Note(NoteKeys.slot(session, slot), null);
  }

  /** How far a slot of the backchannel has come. */
  static Note of(SessionId session, int slot, int next) {
    return new Note(NoteKeys.backSlot(session, slot), ByteBuffer.allocate(4).putInt(next).array());
  }

  static int readBackSlot(byte[] value) {
    return ByteBuffer.wrap(value).getInt();
  }

  static Note backSlotGone(SessionId session, int slot) {
    return new Note(NoteKeys.backSlot(session, slot), null);
  }

  static Note of(ShareState state) {
    var out = begin();
    Xdr.writeOpaque(out, state.owner().bytes());
    write(out, state.file());
    out.writeInt(state.sequence());
    var revocation = state.revocation();
    Xdr.writeString(out, revocation == null ? "" : revocation.name());
    switch (state) {
      case OpenState open -> {
        var rights = open.rights();
        out.writeInt(rights.access()).writeInt(rights.deny());
        out.writeInt(rights.accessesAsked()).writeInt(rights.deniesAsked());
      }
      case LockState locks -> locks.open().id().write(out);
    }
    return new Note(key(state), end(out));
  }

  static Note gone(ShareState state) {
    return new Note(key(state), null);
  }

  private static byte[] key(ShareState state) {
    var client = state.client().id();
    return switch (state) {
      case OpenState open -> NoteKeys.open(client, open.id());
      case LockState locks -> NoteKeys.locks(client, locks.id());
    };
  }

  static OpenNote readOpen(byte[] value) {
    var in = open(value);
    var owner = new Opaque(Xdr.readBytes(in, Opaque.BYTES_MAX));
    var file = readFile(in);
    var sequence = in.readInt();
    var revocation = readRevocation(in);
    var rights = new OpenState.Rights(in.readInt(), in.readInt(), in.readInt(), in.readInt());
    return new OpenNote(owner, file, sequence, rights, revocation);
  }

  static LocksNote readLocks(byte[] value) {
    var in = open(value);
    var owner = new Opaque(Xdr.readBytes(in, Opaque.BYTES_MAX));
    var file = readFile(in);
    var sequence = in.readInt();
    var revocation = readRevocation(in);
    return new LocksNote(owner, file, sequence, StateId.read(in), revocation);
  }

  private static @Nullable Revocation readRevocation(ByteBuf in) {
    var name = readString(in);
    return name.isEmpty() ? null : Revocation.valueOf(name);
  }

  static Note of(HeldLock held) {
    var out = begin();
    out.writeLong(held.range().last());
    Xdr.writeBoolean(out, held.exclusive());
    return new Note(key(held), end(out));
  }

  static Note gone(HeldLock held) {
    return new Note(key(held), null);
  }

  private static byte[] key(HeldLock held) {
    var holder = held.holder();
    return NoteKeys.range(holder.client().id(), holder.id(), held.range().first());
  }

  /** A range of a lock-owner, from a note. */
  static HeldLock readRange(LockState holder, long first, byte[] value) {
    var in = open(value);
    return new HeldLock(holder, new ByteRange(first, in.readLong()), Xdr.readBoolean(in));
  }

  private static void write(ByteBuf out, FileId file) {
    out.writeInt(file.mount()).writeLong(file.inode()).writeInt(file.generation());
  }

  private static FileId readFile(ByteBuf in) {
    return new FileId(in.readInt(), in.readLong(), in.readInt());
  }

  private static String readString(ByteBuf in) {
    return new String(Xdr.readBytes(in, BYTES_MAX), StandardCharsets.UTF_8);
  }

  private static ByteBuf begin() {
    return Unpooled.buffer(128);
  }

  private static byte[] end(ByteBuf out) {
    return Arrays.copyOf(out.array(), out.readableBytes());
  }

  private static ByteBuf open(byte[] value) {
    return Unpooled.wrappedBuffer(value);
  }
}
