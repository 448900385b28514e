package io.bucketfs.nfs.state;

import io.bucketfs.core.local.Note;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Puts together from notes what an earlier process had when it was stopped or killed. Keys sort so
 * that whatever a note belongs to was read before it. One whose owner is missing came too late,
 * when that was dropped already, and is dropped now.
 */
final class Resumption {
  private final Clients clients;
  private final OpenFiles files;
  private final Set<Opaque> recorded;
  private final List<Note> orphans = new ArrayList<>();

  /**
   * @param recorded owners of clients that could reclaim after a loss of power
   */
  Resumption(Clients clients, OpenFiles files, Set<Opaque> recorded) {
    this.clients = clients;
    this.files = files;
    this.recorded = recorded;
  }

  /** Reads the notes, and returns what is to be dropped of them. */
  List<Note> read(List<Note> notes) {
    for (var note : notes) {
      var value = note.value();
      if (value != null && !read(ByteBuffer.wrap(note.key()), value)) {
        orphans.add(new Note(note.key(), null));
      }
    }
    return orphans;
  }

  /** Returns false where there is nothing that the note could belong to. */
  private boolean read(ByteBuffer key, byte[] value) {
    var kind = key.get();
    if (kind == NoteKeys.FORMAT || kind == NoteKeys.WHOLE) {
      return true;
    }
    var id = key.getLong();
    if (kind == NoteKeys.CLIENT) {
      var note = StateNotes.readClient(value);
      clients.resume(id, note, recorded.contains(note.identity().owner()));
      return true;
    }
    var client = clients.byId(id);
    return client != null
        && switch (kind) {
          case NoteKeys.SESSION ->
              clients.resume(
                  client, new SessionId(id, key.getLong()), StateNotes.readSession(value));
          case NoteKeys.SLOT -> {
            var session = clients.session(new SessionId(id, key.getLong()));
            yield session != null && session.resume(key.getInt(), Checkpoint.decode(value));
          }
          case NoteKeys.BACK_SLOT -> {
            var session = clients.session(new SessionId(id, key.getLong()));
            yield session != null
                && session.back().resume(key.getInt(), StateNotes.readBackSlot(value));
          }
          case NoteKeys.OPEN -> {
            files.resume(client, key.getInt(), key.getLong(), StateNotes.readOpen(value));
            yield true;
          }
          case NoteKeys.LOCKS ->
              files.resume(client, key.getInt(), key.getLong(), StateNotes.readLocks(value));
          case NoteKeys.RANGE ->
              files.resume(client, key.getInt(), key.getLong(), key.getLong(), value);
          default -> throw new IllegalStateException("a note of kind " + kind);
        };
  }
}
