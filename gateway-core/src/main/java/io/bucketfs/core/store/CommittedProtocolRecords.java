package io.bucketfs.core.store;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.Note;
import io.bucketfs.core.local.ProtocolRecords;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** The protocol's records in the family PROTOCOL, and its notes in the family NOTES. */
public final class CommittedProtocolRecords implements ProtocolRecords {
  private static final int PAGE = 1_024;
  private static final byte[] FROM = Keys.mount(Keys.NO_MOUNT);
  private static final byte[] TO = Keys.mount(Keys.NO_MOUNT + 1);

  private final Committer committer;
  private final KeyValueStore store;

  private CommittedProtocolRecords(Committer committer, KeyValueStore store) {
    this.committer = committer;
    this.store = store;
  }

  /**
   * Opens the records.
   *
   * @param unsyncedMayBeLost after a loss of power the notes go, durably: what is left of them may
   *     be of any time, and a lock that was given up since must not come back
   */
  public static CommittedProtocolRecords open(
      Committer committer, KeyValueStore store, boolean unsyncedMayBeLost)
      throws FileSystemException {
    if (unsyncedMayBeLost) {
      committer.commit(tx -> {
        tx.deleteRange(Family.NOTES, FROM, TO);
        return true;
      });
    }
    return new CommittedProtocolRecords(committer, store);
  }

  @Override
  public Map<String, byte[]> all() {
    var records = new HashMap<String, byte[]>();
    forEach(Family.PROTOCOL, entry -> records.put(Keys.textOf(entry.key()), entry.value()));
    return records;
  }

  @Override
  public List<Note> notes() {
    var notes = new ArrayList<Note>();
    forEach(Family.NOTES, entry -> notes.add(new Note(Keys.noteOf(entry.key()), entry.value())));
    return notes;
  }

  private void forEach(Family family, Consumer<KeyValueStore.Entry> action) {
    var from = FROM;
    try {
      while (true) {
        var page = store.scan(family, from, TO, PAGE);
        page.forEach(action);
        if (page.size() < PAGE) {
          return;
        }
        from = Keys.after(page.getLast().key());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public CompletionStage<Void> put(String key, byte[] value) {
    return committer
        .submit(
            tx -> {
              tx.put(Family.PROTOCOL, Keys.text(Keys.NO_MOUNT, key), value);
              return true;
            },
            true)
        .thenAccept(_ -> {});
  }

  @Override
  public CompletionStage<Void> remove(String key) {
    return committer
        .submit(
            tx -> {
              tx.delete(Family.PROTOCOL, Keys.text(Keys.NO_MOUNT, key));
              return true;
            },
            true)
        .thenAccept(_ -> {});
  }

  @Override
  public CompletionStage<Void> note(List<Note> changes) {
    return committer
        .submit(
            tx -> {
              changes.forEach(tx::note);
              return true;
            },
            false)
        .thenAccept(_ -> {});
  }
}
