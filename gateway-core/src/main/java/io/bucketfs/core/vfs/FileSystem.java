package io.bucketfs.core.vfs;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All mounts of this gateway, as the protocol calls them.
 *
 * <p>Blocking code, called with a {@link Patience}: under {@link Patience#NONE} (event loops) a
 * call either answers from memory or throws {@link WouldBlock} before any side effect, and is then
 * repeated on a virtual thread. Everything that changes a directory or inode returns only after the
 * change is durable on the local disk (promise P1); only {@link #write} with {@link
 * Stability#UNSTABLE} does not.
 *
 * <p>Methods check directory permissions, ownership rules, types, names and read-only mounts.
 * Whether the caller may read or write a file's bytes was settled at OPEN: the engine checks it
 * with {@link Permissions}, since the answer depends on its open state.
 *
 * <p>Thread-safe. Failures of the operation itself are {@link FileSystemException}.
 */
public interface FileSystem {

  /** The mounts that are served now, sorted by name. */
  List<Export> exports();

  /** A counter that grows whenever {@link #exports()} changes. */
  long exportsChange();

  /** Attributes of an inode, including data that is written but not yet committed. */
  Attributes attributes(FileId file, Patience patience) throws FileSystemException;

  /** Attributes of the child with the given name. */
  Attributes lookup(Caller caller, FileId directory, String name, Patience patience)
      throws FileSystemException;

  /** Attributes of a directory's parent; {@link FsError#NOT_FOUND} for a mount's root. */
  Attributes lookupParent(Caller caller, FileId directory, Patience patience)
      throws FileSystemException;

  /**
   * Creates or finds a regular file. Uid, gid and mode default to the caller's and 0644; a
   * set-group-id directory passes on its group.
   */
  Created create(
      Caller caller,
      FileId directory,
      String name,
      CreateMode mode,
      SetAttributes initial,
      Patience patience)
      throws FileSystemException;

  /** Creates a directory, symlink or special file. */
  Created make(
      Caller caller,
      FileId directory,
      String name,
      NewNode node,
      SetAttributes initial,
      Patience patience)
      throws FileSystemException;

  /** A new or found inode and what its creation did to the directory. */
  record Created(Attributes attributes, boolean isNew, ChangeInfo directory) implements Outcome {}

  /** Adds a name to a file that is not a directory. */
  ChangeInfo link(Caller caller, FileId file, FileId directory, String name, Patience patience)
      throws FileSystemException;

  /** Removes a name; a directory must be empty. An open file lives on until its last close. */
  ChangeInfo remove(Caller caller, FileId directory, String name, Patience patience)
      throws FileSystemException;

  /** Renames by the rules of POSIX, replacing a compatible target. */
  Renamed rename(
      Caller caller,
      FileId fromDirectory,
      String fromName,
      FileId toDirectory,
      String toName,
      Patience patience)
      throws FileSystemException;

  /** What a rename did to its two directories. */
  record Renamed(ChangeInfo from, ChangeInfo to) implements Outcome {}

  /** The target of a symlink. */
  byte[] readLink(FileId file, Patience patience) throws FileSystemException;

  /**
   * Lists a directory from just after a cookie, without {@code .} and {@code ..}.
   *
   * @param cookie 0 for the start, else the cookie of the last entry that was seen
   * @param withAttributes whether the sink needs true attributes; else only id and type are
   * @return whether the end was reached
   */
  boolean readDirectory(
      Caller caller,
      FileId directory,
      long cookie,
      boolean withAttributes,
      DirectorySink sink,
      Patience patience)
      throws FileSystemException;

  /** As {@link #readDirectory}, for who wants no more than names: no inode is read. */
  boolean readNames(Caller caller, FileId directory, long cookie, NameSink sink, Patience patience)
      throws FileSystemException;

  /**
   * Changes attributes.
   *
   * @param throughOpen whether the caller holds the file open for writing, so that mode bits do not
   *     matter for the size
   * @return the attributes afterwards
   */
  Attributes setAttributes(
      Caller caller, FileId file, SetAttributes change, boolean throughOpen, Patience patience)
      throws FileSystemException;

  /** Reads; short only at the end of the file. The receiver releases the data. */
  ReadResult read(FileId file, long offset, int count, Patience patience)
      throws FileSystemException;

  /**
   * Bytes and whether they end the file.
   *
   * @param data owned by the receiver, who releases it
   */
  record ReadResult(ByteBuf data, boolean endOfFile) {}

  /**
   * Writes. The data is borrowed: its indices and reference count are as before when this returns.
   *
   * @return the stability that was reached; at least the one asked for, but under {@link
   *     Patience#DISK}: there a write that can be seen may still have to be committed
   */
  Stability write(FileId file, long offset, ByteBuf data, Stability stability, Patience patience)
      throws FileSystemException;

  /** Makes everything durable that was written to the file before this call. */
  void commit(FileId file, Patience patience) throws FileSystemException;

  /**
   * A client is about to close a file that it had open for writing: waits where the mount wants it
   * to be in the bucket then. The close goes on whatever becomes of that, unless it is DELAY.
   */
  void closing(FileId file, Patience patience) throws FileSystemException;

  /**
   * Finds where data or a hole begins, at an offset or after it. Every file ends with a hole. Bytes
   * that only the bucket has count as data.
   *
   * @throws FileSystemException NO_SUCH_OFFSET where the offset is not below the file's size
   */
  SeekResult seek(FileId file, long offset, Region region, Patience patience)
      throws FileSystemException;

  /**
   * What a seek found.
   *
   * @param offset of the first byte; the file's size where there is none before its end
   * @param endOfFile whether there is none
   */
  record SeekResult(long offset, boolean endOfFile) {}

  /** What {@link #seek} looks for. */
  enum Region {
    DATA,
    HOLE
  }

  /**
   * Lets a file reach to the end of a range, with zeroes where nothing was written; bytes that are
   * there stay. Durable when it returns. No disk space is set aside for it: a write never fails for
   * want of it, since writers are made to wait instead.
   *
   * @param rider what is noted together with the change; here and in the next ones
   */
  void allocate(Rider rider, FileId file, long offset, long length, Patience patience)
      throws FileSystemException;

  /** Turns a range into a hole, as far as the file reaches. Durable when it returns. */
  void deallocate(Rider rider, FileId file, long offset, long length, Patience patience)
      throws FileSystemException;

  /**
   * Gives a range of a file the bytes of another range, of the same file or of another one in the
   * mount, without copying them. Durable when it returns, and seen as a whole by other readers.
   *
   * @throws FileSystemException INVALID where the source is shorter or the ranges overlap
   */
  void clone(Rider rider, FileRange from, FileId to, long toOffset, Patience patience)
      throws FileSystemException;

  /**
   * As {@link #clone}, but may stop early, having done a part of it.
   *
   * @return how many bytes were copied, at least one unless none were asked for
   */
  Copied copy(Rider rider, FileRange from, FileId to, long toOffset, Patience patience)
      throws FileSystemException;

  /** How far a copy came. */
  record Copied(long bytes) implements Outcome {}

  /** A range of a file. */
  record FileRange(FileId file, long offset, long length) {}

  /**
   * The value of an extended attribute in the namespace {@code user.}; names are without that
   * prefix. The receiver does not change the array.
   *
   * @throws FileSystemException NO_XATTR where there is none of that name
   */
  byte[] xattr(Caller caller, FileId file, String name, Patience patience)
      throws FileSystemException;

  /** The names of all extended attributes, sorted. */
  List<String> xattrNames(Caller caller, FileId file, Patience patience) throws FileSystemException;

  /**
   * Sets an extended attribute of a file or directory. Durable when it returns.
   *
   * @throws FileSystemException EXISTS or NO_XATTR where the mode does not allow it, XATTR_TOO_BIG
   *     where all of them together are more than an object's metadata hold
   */
  ChangeInfo setXattr(
      Caller caller, FileId file, String name, byte[] value, XattrMode mode, Patience patience)
      throws FileSystemException;

  /** Whether an extended attribute may be new, must be new, or must be there. */
  enum XattrMode {
    EITHER,
    CREATE,
    REPLACE
  }

  /** Takes an extended attribute away. Durable when it returns. */
  ChangeInfo removeXattr(Caller caller, FileId file, String name, Patience patience)
      throws FileSystemException;

  /** Starts to bring a range from the bucket, as far as that is worth it. Never waits. */
  void willNeed(FileId file, long offset, long length) throws FileSystemException;

  /** Changes exactly when unstable writes may have been lost (RFC 8881, 18.32.3). */
  long writeVerifier();

  /** Space and inodes of the file's mount. */
  FileSystemStatistics statistics(FileId file, Patience patience) throws FileSystemException;

  /**
   * Counts an open of a regular file: while it is open it keeps its data after its last name is
   * removed, and S3 does not replace it in place where it is open for writing. Never blocks.
   */
  void opened(FileId file, boolean forWriting);

  /** Ends one {@link #opened}, with the same flag. Never blocks. */
  void closed(FileId file, boolean forWriting);

  /** The file's object key in its bucket, or null where it has none; for reports. */
  @Nullable String keyOf(FileId file, Patience patience) throws FileSystemException;
}
