package io.bucketfs.core.local;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * What the protocol engine keeps in the metadata store, so that it rides in its batches: few
 * durable records (clients that may reclaim after a loss of power), and many notes (sessions,
 * opens, locks). Both are read whole at start. Thread-safe.
 */
public interface ProtocolRecords {
  /** Every record, by key. Waits for the disk. */
  Map<String, byte[]> all();

  /** Writes a record; the stage completes once it is durable. Never blocks. */
  CompletionStage<Void> put(String key, byte[] value);

  /** Removes a record; the stage completes once that is durable. Never blocks. */
  CompletionStage<Void> remove(String key);

  /**
   * Every note that is there, in the order of the keys; none after a loss of power. Waits for the
   * disk.
   */
  List<Note> notes();

  /**
   * Changes notes, all together, after everything that was noted or put by an earlier call. The
   * stage completes once they outlive the process. Never blocks, never syncs.
   */
  CompletionStage<Void> note(List<Note> changes);
}
