package io.bucketfs.core.vfs;

import io.bucketfs.core.local.Note;
import java.util.function.Consumer;

/**
 * What is noted if, and only if, a change of the file system happens: the notes are part of the
 * change's own transaction and cost no write of their own. The protocol engine notes the results of
 * requests so, to know after a crash which of them were run.
 */
@FunctionalInterface
public interface Rider {
  /** Notes nothing. */
  Rider NONE = (_, _) -> {};

  /**
   * Called at most once for a change, as the last step of its transaction: before anybody sees the
   * change, on the thread of all transactions. Must not wait, nor call the file system's changes.
   *
   * @param outcome what the change returns; {@link ChangeInfo#NONE} for a change of attributes, and
   *     where it returns nothing; of a clone what a copy returns
   * @param notes takes what is to be noted
   * @throws FileSystemException undoes the change, which fails with it
   */
  void ride(Outcome outcome, Consumer<Note> notes) throws FileSystemException;
}
