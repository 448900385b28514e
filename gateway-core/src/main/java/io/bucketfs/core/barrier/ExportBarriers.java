package io.bucketfs.core.barrier;

import io.bucketfs.core.mount.ExportPolicy.Trigger;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.DirectorySink;
import io.bucketfs.core.vfs.Export;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileSystemStatistics;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NameSink;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Permissions;
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.bucketfs.core.writeback.WriteBack;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The file system with what waits for the bucket: files of mounts that are exported on close or
 * fsync, and the file {@code .bucketfs/flush}, whose fsync is that of all files of its mount.
 *
 * <p>An fsync is a COMMIT, or a WRITE that is to be stable. What it waits for goes on where the
 * patience of a request ends, and the client comes again.
 */
public final class ExportBarriers implements FileSystem {
  private final FileSystem files;
  private final MountTable mounts;
  private final WriteBack writeBack;

  public ExportBarriers(FileSystem files, MountTable mounts, WriteBack writeBack) {
    this.files = files;
    this.mounts = mounts;
    this.writeBack = writeBack;
  }

  private Trigger trigger(FileId file) {
    var mount = mounts.get(file.mount());
    return mount == null ? Trigger.ON_IDLE : mount.mount().policy().exports().trigger();
  }

  /** Nothing of it, and of its directory, can be changed. */
  private static FileSystemException fixed() {
    return new FileSystemException(FsError.PERMISSION, "it belongs to the gateway");
  }

  private static void requireOrdinary(FileId file) throws FileSystemException {
    if (FlushFile.isEither(file)) {
      throw fixed();
    }
  }

  private static FileSystemException notThere() {
    return new FileSystemException(FsError.NOT_FOUND);
  }

  /** Fails where the mount is gone. */
  private void requireMount(FileId file) throws FileSystemException {
    mounts.require(file.mount());
  }

  @Override
  public List<Export> exports() {
    return files.exports();
  }

  @Override
  public long exportsChange() {
    return files.exportsChange();
  }

  @Override
  public Attributes attributes(FileId file, Patience patience) throws FileSystemException {
    if (FlushFile.isEither(file)) {
      requireMount(file);
      return FlushFile.attributesOf(file);
    }
    return files.attributes(file, patience);
  }

  @Override
  public Attributes lookup(Caller caller, FileId directory, String name, Patience patience)
      throws FileSystemException {
    if (FlushFile.isEither(directory)) {
      requireDirectory(directory);
      if (!name.equals(FlushFile.NAME)) {
        throw notThere();
      }
      return FlushFile.fileAttributes(directory.mount());
    }
    if (directory.inode() == FileId.ROOT_INODE && name.equals(FlushFile.DIRECTORY_NAME)) {
      var root = files.attributes(directory, patience);
      if ((Permissions.of(caller, root) & Permissions.EXECUTE) == 0) {
        throw new FileSystemException(FsError.ACCESS);
      }
      return FlushFile.directoryAttributes(directory.mount());
    }
    return files.lookup(caller, directory, name, patience);
  }

  private void requireDirectory(FileId file) throws FileSystemException {
    requireMount(file);
    if (!FlushFile.isDirectory(file)) {
      throw new FileSystemException(FsError.NOT_A_DIRECTORY);
    }
  }

  @Override
  public Attributes lookupParent(Caller caller, FileId directory, Patience patience)
      throws FileSystemException {
    if (FlushFile.isEither(directory)) {
      requireDirectory(directory);
      return files.attributes(FileId.root(directory.mount()), patience);
    }
    return files.lookupParent(caller, directory, patience);
  }

  @Override
  public Created create(
      Caller caller,
      FileId directory,
      String name,
      CreateMode mode,
      SetAttributes initial,
      Patience patience)
      throws FileSystemException {
    if (FlushFile.isEither(directory)) {
      requireDirectory(directory);
      if (!name.equals(FlushFile.NAME)) {
        throw fixed();
      }
      if (!(mode instanceof CreateMode.Unchecked)) {
        throw new FileSystemException(FsError.EXISTS);
      }
      var unchanged = new ChangeInfo(FlushFile.CHANGE, FlushFile.CHANGE);
      return new Created(FlushFile.fileAttributes(directory.mount()), false, unchanged);
    }
    return files.create(caller, directory, name, mode, initial, patience);
  }

  @Override
  public Created make(
      Caller caller,
      FileId directory,
      String name,
      NewNode node,
      SetAttributes initial,
      Patience patience)
      throws FileSystemException {
    requireOrdinary(directory);
    return files.make(caller, directory, name, node, initial, patience);
  }

  @Override
  public ChangeInfo link(
      Caller caller, FileId file, FileId directory, String name, Patience patience)
      throws FileSystemException {
    requireOrdinary(file);
    requireOrdinary(directory);
    return files.link(caller, file, directory, name, patience);
  }

  @Override
  public ChangeInfo remove(Caller caller, FileId directory, String name, Patience patience)
      throws FileSystemException {
    requireOrdinary(directory);
    return files.remove(caller, directory, name, patience);
  }

  @Override
  public Renamed rename(
      Caller caller,
      FileId fromDirectory,
      String fromName,
      FileId toDirectory,
      String toName,
      Patience patience)
      throws FileSystemException {
    requireOrdinary(fromDirectory);
    requireOrdinary(toDirectory);
    return files.rename(caller, fromDirectory, fromName, toDirectory, toName, patience);
  }

  @Override
  public byte[] readLink(FileId file, Patience patience) throws FileSystemException {
    if (FlushFile.isEither(file)) {
      throw new FileSystemException(FsError.INVALID);
    }
    return files.readLink(file, patience);
  }

  @Override
  public boolean readDirectory(
      Caller caller,
      FileId directory,
      long cookie,
      boolean withAttributes,
      DirectorySink sink,
      Patience patience)
      throws FileSystemException {
    if (FlushFile.isEither(directory)) {
      requireDirectory(directory);
      var file = FlushFile.fileAttributes(directory.mount());
      return cookie >= FlushFile.COOKIE || sink.offer(FlushFile.COOKIE, FlushFile.NAME, file);
    }
    return files.readDirectory(caller, directory, cookie, withAttributes, sink, patience);
  }

  @Override
  public boolean readNames(
      Caller caller, FileId directory, long cookie, NameSink sink, Patience patience)
      throws FileSystemException {
    if (FlushFile.isEither(directory)) {
      requireDirectory(directory);
      var file = FlushFile.fileAttributes(directory.mount()).id();
      return cookie >= FlushFile.COOKIE || sink.offer(FlushFile.COOKIE, FlushFile.NAME, file);
    }
    return files.readNames(caller, directory, cookie, sink, patience);
  }

  /** To cut it or set its times is let through, as programs do on the way; it has neither. */
  @Override
  public Attributes setAttributes(
      Caller caller, FileId file, SetAttributes change, boolean throughOpen, Patience patience)
      throws FileSystemException {
    if (FlushFile.isEither(file)) {
      requireMount(file);
      if (!FlushFile.isFile(file)
          || change.mode() != null
          || change.uid() != null
          || change.gid() != null) {
        throw fixed();
      }
      return FlushFile.attributesOf(file);
    }
    return files.setAttributes(caller, file, change, throughOpen, patience);
  }

  @Override
  public ReadResult read(FileId file, long offset, int count, Patience patience)
      throws FileSystemException {
    if (FlushFile.isEither(file)) {
      requireMount(file);
      return new ReadResult(Unpooled.EMPTY_BUFFER, true);
    }
    return files.read(file, offset, count, patience);
  }

  @Override
  public Stability write(
      FileId file, long offset, ByteBuf data, Stability stability, Patience patience)
      throws FileSystemException {
    if (FlushFile.isEither(file)) {
      if (stability != Stability.UNSTABLE) {
        awaitAll(file, patience);
      }
      return stability;
    }
    var exported = stability != Stability.UNSTABLE && trigger(file) == Trigger.ON_FSYNC;
    if (exported) {
      patience.requireWaiting();
    }
    var reached = files.write(file, offset, data, stability, patience);
    if (exported) {
      writeBack.await(file, patience);
    }
    return reached;
  }

  @Override
  public void commit(FileId file, Patience patience) throws FileSystemException {
    if (FlushFile.isEither(file)) {
      awaitAll(file, patience);
      return;
    }
    files.commit(file, patience);
    if (trigger(file) == Trigger.ON_FSYNC) {
      writeBack.await(file, patience);
    }
  }

  private void awaitAll(FileId file, Patience patience) throws FileSystemException {
    requireMount(file);
    writeBack.awaitAll(file.mount(), patience);
  }

  /**
   * What cannot be exported is no reason to keep a file open: it stays dirty, and is reported as
   * failing.
   */
  @Override
  public void closing(FileId file, Patience patience) throws FileSystemException {
    if (FlushFile.isEither(file) || trigger(file) == Trigger.ON_IDLE) {
      return;
    }
    files.commit(file, patience);
    try {
      writeBack.await(file, patience);
    } catch (FileSystemException e) {
      if (e.error() == FsError.DELAY) {
        throw e;
      }
    }
  }

  @Override
  public SeekResult seek(FileId file, long offset, Region region, Patience patience)
      throws FileSystemException {
    if (FlushFile.isEither(file)) {
      throw new FileSystemException(FsError.NO_SUCH_OFFSET);
    }
    return files.seek(file, offset, region, patience);
  }

  @Override
  public void allocate(Rider rider, FileId file, long offset, long length, Patience patience)
      throws FileSystemException {
    requireOrdinary(file);
    files.allocate(rider, file, offset, length, patience);
  }

  @Override
  public void deallocate(Rider rider, FileId file, long offset, long length, Patience patience)
      throws FileSystemException {
    requireOrdinary(file);
    files.deallocate(rider, file, offset, length, patience);
  }

  @Override
  public void clone(Rider rider, FileRange from, FileId to, long toOffset, Patience patience)
      throws FileSystemException {
    requireOrdinary(from.file());
    requireOrdinary(to);
    files.clone(rider, from, to, toOffset, patience);
  }

  @Override
  public Copied copy(Rider rider, FileRange from, FileId to, long toOffset, Patience patience)
      throws FileSystemException {
    requireOrdinary(from.file());
    requireOrdinary(to);
    return files.copy(rider, from, to, toOffset, patience);
  }

  @Override
  public byte[] xattr(Caller caller, FileId file, String name, Patience patience)
      throws FileSystemException {
    if (FlushFile.isEither(file)) {
      throw new FileSystemException(FsError.NO_XATTR);
    }
    return files.xattr(caller, file, name, patience);
  }

  @Override
  public List<String> xattrNames(Caller caller, FileId file, Patience patience)
      throws FileSystemException {
    return FlushFile.isEither(file) ? List.of() : files.xattrNames(caller, file, patience);
  }

  @Override
  public ChangeInfo setXattr(
      Caller caller, FileId file, String name, byte[] value, XattrMode mode, Patience patience)
      throws FileSystemException {
    requireOrdinary(file);
    return files.setXattr(caller, file, name, value, mode, patience);
  }

  @Override
  public ChangeInfo removeXattr(Caller caller, FileId file, String name, Patience patience)
      throws FileSystemException {
    requireOrdinary(file);
    return files.removeXattr(caller, file, name, patience);
  }

  @Override
  public void willNeed(FileId file, long offset, long length) throws FileSystemException {
    if (!FlushFile.isEither(file)) {
      files.willNeed(file, offset, length);
    }
  }

  @Override
  public long writeVerifier() {
    return files.writeVerifier();
  }

  @Override
  public FileSystemStatistics statistics(FileId file, Patience patience)
      throws FileSystemException {
    return files.statistics(file, patience);
  }

  @Override
  public void opened(FileId file, boolean forWriting) {
    if (!FlushFile.isEither(file)) {
      files.opened(file, forWriting);
    }
  }

  @Override
  public void closed(FileId file, boolean forWriting) {
    if (!FlushFile.isEither(file)) {
      files.closed(file, forWriting);
    }
  }

  @Override
  public @Nullable String keyOf(FileId file, Patience patience) throws FileSystemException {
    return FlushFile.isEither(file) ? null : files.keyOf(file, patience);
  }
}
