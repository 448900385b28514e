package io.bucketfs.core.local;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An ordered map of bytes to bytes in {@link Family families}, with atomic batches and a
 * write-ahead log. Keys sort as unsigned bytes. One thread at a time writes, any number read.
 *
 * <p>Arrays that are passed in or returned are not changed afterwards by either side. Methods wait
 * in native code: call them from a virtual thread (the store moves itself to a platform thread, by
 * {@code Execution.offload}), or from a dedicated platform thread.
 */
public interface KeyValueStore extends AutoCloseable {

  /** The value at a key, or null. */
  byte @Nullable [] get(Family family, byte[] key) throws IOException;

  /**
   * The value at a key if memory can tell. Never waits, for event loops.
   *
   * @throws io.bucketfs.core.vfs.WouldBlock where only the disk knows
   */
  byte @Nullable [] getFromMemory(Family family, byte[] key);

  /**
   * Entries with {@code from <= key < to}, in order; at most {@code max}.
   *
   * @param to null for the end of the family
   */
  List<Entry> scan(Family family, byte[] from, byte @Nullable [] to, int max) throws IOException;

  /** The last entry with {@code from <= key <= at}, or null. */
  @Nullable Entry floor(Family family, byte[] from, byte[] at) throws IOException;

  /** A key and its value. */
  record Entry(byte[] key, byte[] value) {}

  /**
   * Applies all changes or none, in order. With {@code sync} it returns only after the log is on
   * stable storage, together with every earlier batch.
   */
  void write(List<Change> batch, boolean sync) throws IOException;

  /** A change of one key, or of a range of keys. */
  sealed interface Change {
    record Put(Family family, byte[] key, byte[] value) implements Change {}

    record Delete(Family family, byte[] key) implements Change {}

    /** Deletes every key with {@code from <= key < to}. */
    record DeleteRange(Family family, byte[] from, byte[] to) implements Change {}
  }

  /** Bytes on disk, log included. Never waits long. */
  long diskBytes();

  @Override
  void close();
}
