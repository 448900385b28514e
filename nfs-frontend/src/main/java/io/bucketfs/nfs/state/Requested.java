package io.bucketfs.nfs.state;

import io.bucketfs.core.local.Note;
import io.bucketfs.nfs.status.NfsException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** The ledger of one operation of a client: all that it changes is noted together. */
public abstract class Requested implements Ledger {
  private final List<Note> notes = new ArrayList<>(2);

  @Override
  public final void changed(ShareState state) {
    notes.add(StateNotes.of(state));
  }

  @Override
  public final void gone(ShareState state) {
    notes.add(StateNotes.gone(state));
  }

  @Override
  public final void ranges(
      LockState owner, Collection<HeldLock> before, Collection<HeldLock> after) {
    Journal.addRanges(notes, before, after);
  }

  @Override
  public final void done(StateId id) {
    ended(id, List.copyOf(notes));
    notes.clear();
  }

  /** Notes what was changed. Called under the lock of a file; must not wait. */
  protected abstract void ended(StateId id, List<Note> changes);

  @Override
  public abstract void beforeRevoking(Client expired) throws NfsException;
}
