package io.bucketfs.nfs.state;

import io.bucketfs.core.local.Note;
import io.bucketfs.core.local.ProtocolRecords;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where clients, sessions, opens and locks are noted, so that a server whose process was stopped or
 * killed goes on with them. Any thread; never waits.
 */
public final class Journal {
  private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

  /** Another number for each change of how anything is noted. */
  static final byte FORMAT = 2;

  private final ProtocolRecords records;

  public Journal(ProtocolRecords records) {
    this.records = records;
  }

  /**
   * Everything that was noted, in the order in which it is put together again; to be called once,
   * at the start. Notes of another version of this server count as lost in a loss of power.
   */
  public List<Note> begin() {
    var notes = records.notes();
    var known = notes.isEmpty() || isFormat(notes.getFirst());
    if (!known) {
      LOG.warn("Sessions and locks of another version are left behind: clients are to reclaim");
      noteSoon(notes.stream().map(note -> new Note(note.key(), null)).toList());
    }
    noteSoon(List.of(new Note(NoteKeys.format(), new byte[] {FORMAT})));
    return known ? notes : List.of();
  }

  private static boolean isFormat(Note first) {
    var value = first.value();
    return first.key()[0] == NoteKeys.FORMAT && value != null && value[0] == FORMAT;
  }

  /** Whether it was noted that nobody is awaited to take back what he held before. */
  public boolean isWhole(List<Note> all) {
    return all.stream().anyMatch(note -> note.key()[0] == NoteKeys.WHOLE);
  }

  /** Notes that nobody is awaited to take back what he held before: all of it is noted. */
  public void noteWhole() {
    noteSoon(List.of(new Note(NoteKeys.whole(), new byte[] {1})));
  }

  /** Notes; the stage completes once it outlives the process. */
  public CompletionStage<Void> note(List<Note> changes) {
    return records.note(changes);
  }

  /** Notes what nobody waits for. */
  void noteSoon(List<Note> changes) {
    if (!changes.isEmpty()) {
      var _ =
          note(changes)
              .whenComplete((_, failure) -> {
                if (failure != null) {
                  LOG.warn("cannot note what became of sessions and locks", failure);
                }
              });
    }
  }

  /** A ledger for what no request asks for: it is noted bit by bit, and nobody waits for it. */
  Ledger unasked() {
    return new Unasked();
  }

  private final class Unasked implements Ledger {
    private final List<Note> notes = new ArrayList<>();

    @Override
    public void changed(ShareState state) {
      notes.add(StateNotes.of(state));
    }

    @Override
    public void gone(ShareState state) {
      notes.add(StateNotes.gone(state));
    }

    @Override
    public void ranges(LockState owner, Collection<HeldLock> before, Collection<HeldLock> after) {
      addRanges(notes, before, after);
    }

    @Override
    public void done(StateId id) {
      noteSoon(List.copyOf(notes));
      notes.clear();
    }

    @Override
    public void beforeRevoking(Client expired) {}
  }

  /** Adds what turns the notes of some ranges into those of others. */
  static void addRanges(List<Note> notes, Collection<HeldLock> before, Collection<HeldLock> after) {
    for (var range : before) {
      if (!after.contains(range)) {
        notes.add(StateNotes.gone(range));
      }
    }
    for (var range : after) {
      if (!before.contains(range)) {
        notes.add(StateNotes.of(range));
      }
    }
  }
}
