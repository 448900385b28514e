package io.bucketfs.nfs.state;

import java.nio.ByteBuffer;

/**
 * Keys of the notes. They begin with their kind, then the client's id, so that a client's parts
 * follow it in the order in which they are put together again.
 *
 * <pre>
 *  0                                         how all others are written
 *  1                                          nobody is awaited any more: no grace after a restart
 *  2 client                                   a client
 *  3 client tag                               a session
 *  4 client tag slot                          the last change that was asked for on a slot
 *  5 client epoch tag                         an open
 *  6 client epoch tag                         the locks of a lock-owner on a file
 *  7 client epoch tag first                   a range of them
 *  8 client tag slot                          how far a slot of a session's backchannel has come
 * </pre>
 */
final class NoteKeys {
  static final byte FORMAT = 0;
  static final byte WHOLE = 1;
  static final byte CLIENT = 2;
  static final byte SESSION = 3;
  static final byte SLOT = 4;
  static final byte OPEN = 5;
  static final byte LOCKS = 6;
  static final byte RANGE = 7;
  static final byte BACK_SLOT = 8;

  private static final int LONGEST = 1 + 8 + 12 + 8;

  private NoteKeys() {}

  static byte[] format() {
    return new byte[] {FORMAT};
  }

  static byte[] whole() {
    return new byte[] {WHOLE};
  }

  static byte[] client(long id) {
    return bytes(begin(CLIENT, id));
  }

  static byte[] session(SessionId id) {
    return bytes(begin(SESSION, id.clientId()).putLong(id.tag()));
  }

  static byte[] slot(SessionId id, int slot) {
    return bytes(begin(SLOT, id.clientId()).putLong(id.tag()).putInt(slot));
  }

  static byte[] backSlot(SessionId id, int slot) {
    return bytes(begin(BACK_SLOT, id.clientId()).putLong(id.tag()).putInt(slot));
  }

  static byte[] open(long client, StateId id) {
    return bytes(begin(OPEN, client).putInt(id.epoch()).putLong(id.tag()));
  }

  static byte[] locks(long client, StateId id) {
    return bytes(begin(LOCKS, client).putInt(id.epoch()).putLong(id.tag()));
  }

  static byte[] range(long client, StateId id, long first) {
    return bytes(begin(RANGE, client).putInt(id.epoch()).putLong(id.tag()).putLong(first));
  }

  private static ByteBuffer begin(byte kind, long client) {
    return ByteBuffer.allocate(LONGEST).put(kind).putLong(client);
  }

  private static byte[] bytes(ByteBuffer key) {
    var bytes = new byte[key.position()];
    key.get(0, bytes);
    return bytes;
  }
}
