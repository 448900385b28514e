package io.bucketfs.core.local;

import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Append-only extent files and the RAM tier in front of them. Nothing is overwritten in place. Two
 * files are open for appending: one takes client writes, one takes fills from S3; a full one is
 * sealed and a new one with a new number begins.
 *
 * <p>Thread-safe. Called from virtual threads, whose native waits move themselves to platform
 * threads, or from threads that may wait in native code.
 */
public interface ExtentStore extends AutoCloseable {
  /** Which of the two open files takes a record. */
  enum Stream {
    WRITE,
    FILL
  }

  /**
   * Appends a record. The operating system has it when this returns, so that it survives the end of
   * the process, but not a power loss before {@link #sync}.
   *
   * <p>Records of one stream are written in the order of their positions, so that {@link #replay}
   * finds all that were appended before the end of the process.
   *
   * @param offset of the payload in the file's content, kept in the header for {@link #replay}
   * @param data borrowed; at most {@link ExtentRecord#LENGTH_MAX} bytes
   * @throws IOException when the disk is full or broken; nothing was appended
   */
  ExtentRecord append(
      Stream stream, int mount, long inode, long content, long sequence, long offset, ByteBuf data)
      throws IOException;

  /**
   * As {@link #append} to the write stream, on a thread that may wait in native code. Where as many
   * large records are being written as may be at a time, it does not wait for one of them.
   *
   * @return null where it would have had to; nothing was appended
   */
  @Nullable ExtentRecord appendInPlace(
      int mount, long inode, long content, long sequence, long offset, ByteBuf data)
      throws IOException;

  /**
   * Returns once the records, and their files' directory entries, are durable. One fdatasync serves
   * all callers that wait at the same time. A failed sync poisons the file: it is sealed, every
   * later sync of its records fails too, and the caller must append them again.
   */
  void sync(List<ExtentRecord> records) throws IOException;

  /**
   * Reads part of a record, from the RAM tier or the disk. What comes off the disk is checked
   * against the record's checksums and, once, the header's identity.
   *
   * @return a buffer that the receiver releases
   * @throws io.bucketfs.core.vfs.WouldBlock where the patience is none and RAM does not have it,
   *     with a read that brings it where that is little; or where the patience is that of the disk
   *     and another reader is about to bring it
   * @throws CorruptExtentException where the bytes are wrong
   * @throws java.nio.file.NoSuchFileException where the file was deleted meanwhile
   */
  ByteBuf read(ExtentRecord record, int skip, int length, Patience patience) throws IOException;

  /**
   * The same for what is not going to be read again soon: what comes off the disk does not go into
   * the RAM tier. Waits for the disk.
   */
  ByteBuf readOnce(ExtentRecord record, int skip, int length) throws IOException;

  /**
   * Compares a record on the disk with its checksums and identity, past what is in memory.
   *
   * @throws CorruptExtentException where the bytes are wrong
   * @throws java.nio.file.NoSuchFileException where the file is gone
   */
  void verify(ExtentRecord record) throws IOException;

  /**
   * Calls the visitor for each whole record of the write stream from the given place on, in order
   * of file and position. Records whose payload does not match their checksum are passed over.
   *
   * @param file first file; earlier ones are not looked at
   * @param position in that file; later files are read from their start
   */
  void replay(long file, long position, Consumer<Replayed> visitor) throws IOException;

  /** A record found by {@link #replay}. */
  record Replayed(ExtentRecord record, long inode, long offset) {}

  /** Where the next record of a stream will go at the earliest. */
  Tail tail(Stream stream);

  /** A place in the extent files. */
  record Tail(long file, long position) implements Comparable<Tail> {
    @Override
    public int compareTo(Tail other) {
      var byFile = Long.compare(file, other.file);
      return byFile != 0 ? byFile : Long.compare(position, other.position);
    }
  }

  /** All extent files that are not deleted, oldest first. */
  List<FileInfo> files();

  /** Names of files beside the extent files that are not of this store. */
  List<String> strays() throws IOException;

  /**
   * An extent file.
   *
   * @param open whether it still takes records
   * @param pinned whether its bytes would stay if it were deleted now
   */
  record FileInfo(long file, Stream stream, long sizeBytes, boolean open, boolean pinned) {}

  /**
   * Deletes a sealed file once its last reader and pin are done; its bytes count until then, and
   * longer where they become spare.
   */
  void delete(long file) throws IOException;

  /** Keeps a file readable until the pin is closed, also after {@link #delete}. */
  Pin pin(long file);

  /** Holds a file. Closed exactly once. */
  interface Pin extends AutoCloseable {
    @Override
    void close();
  }

  /** Bytes of all files that are not yet gone from the disk, spare ones included. */
  long diskBytes();

  /**
   * Bytes of deleted files that are kept because it costs a disk much less to write where a file
   * has its blocks already; the next files are made of them.
   */
  long spareBytes();

  /** Gives the spare bytes back to the disk. Waits for it. */
  void trim() throws IOException;

  /** Bytes that the file system below could still take. */
  long usableBytes() throws IOException;

  /** Makes everything durable and releases all files. */
  @Override
  void close() throws IOException;
}
