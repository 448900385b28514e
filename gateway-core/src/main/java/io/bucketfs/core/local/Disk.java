package io.bucketfs.core.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A directory of flat files on a local disk, and exactly the calls that durability depends on, so
 * that a test can put a disk under it that forgets everything that was not synced.
 *
 * <p>Thread-safe. Methods wait in native code.
 */
public interface Disk {
  /** Names of all files. */
  List<String> list() throws IOException;

  /** Creates a file that must not exist. It may vanish in a crash until {@link #syncDirectory}. */
  DiskFile create(String name) throws IOException;

  /** Opens an existing file for reading and writing. */
  DiskFile open(String name) throws IOException;

  /** Length of an existing file in bytes. Asked of every file at a start. */
  default long size(String name) throws IOException {
    try (var file = open(name)) {
      return file.size();
    }
  }

  /** Removes a file; open handles go on reading it. */
  void delete(String name) throws IOException;

  /**
   * Gives a file another name, which no file has. A crash before {@link #syncDirectory} may leave
   * it with the old one.
   */
  void rename(String from, String to) throws IOException;

  /** Makes creations, deletions and renames durable. */
  void syncDirectory() throws IOException;

  /** Bytes that the file system below could still take. */
  long usableBytes() throws IOException;

  /** Is told of the end of a read. */
  @FunctionalInterface
  interface ReadEnd {
    /**
     * Must not wait. On any thread.
     *
     * @param bytes as many as were read, or negative where none could be
     */
    void ended(long bytes);
  }

  /** An open file. */
  interface DiskFile extends AutoCloseable {
    /** Writes all remaining bytes at the position; not durable before {@link #sync}. */
    void write(long position, ByteBuffer... parts) throws IOException;

    /** Fills the buffer from the position on; fewer bytes only at the end of the file. */
    int read(long position, ByteBuffer target) throws IOException;

    /** Lets {@link #beginRead} do what it can from now on. */
    default void prepareReads() {}

    /**
     * Begins to read what does not have to be in the page cache, and does not wait. Several reads
     * that are begun in a row go to the disk together.
     *
     * @param target keeps its memory until the end; the position of the buffer is not changed
     * @return false where that cannot be done here or now; nothing happens then
     */
    default boolean beginRead(long position, ByteBuffer target, ReadEnd end) {
      return false;
    }

    /** Cuts the file to a length that is not above its own; not durable before {@link #sync}. */
    void truncate(long size) throws IOException;

    /** Makes the bytes and length durable (fdatasync). After a failure nothing is known. */
    void sync() throws IOException;

    /** Length in bytes. */
    long size() throws IOException;

    @Override
    void close() throws IOException;
  }
}
