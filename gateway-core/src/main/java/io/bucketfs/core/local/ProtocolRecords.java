package io.bucketfs.core.local;

import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * Durable records of the protocol engine (clients that may reclaim after a crash), kept in the
 * metadata store so that they ride in its batches. Small: read whole at start. Thread-safe.
 */
public interface ProtocolRecords {
  /** Every record, by key. Waits for the disk. */
  Map<String, byte[]> all();

  /** Writes a record; the stage completes once it is durable. Never blocks. */
  CompletionStage<Void> put(String key, byte[] value);

  /** Removes a record; the stage completes once that is durable. Never blocks. */
  CompletionStage<Void> remove(String key);
}
