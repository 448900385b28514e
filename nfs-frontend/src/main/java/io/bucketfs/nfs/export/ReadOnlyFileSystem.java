package io.bucketfs.nfs.export;

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
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The file system as clients see it that may only read: whatever would change it is refused. It
 * stands between all operations and the file system, so that no operation can forget the rule.
 */
public final class ReadOnlyFileSystem implements FileSystem {
  private final FileSystem all;

  public ReadOnlyFileSystem(FileSystem all) {
    this.all = all;
  }

  private static FileSystemException refused() {
    return new FileSystemException(FsError.READ_ONLY);
  }

  @Override
  public List<Export> exports() {
    return all.exports();
  }

  @Override
  public long exportsChange() {
    return all.exportsChange();
  }

  @Override
  public Attributes attributes(FileId file, Patience patience) throws FileSystemException {
    return all.attributes(file, patience);
  }

  @Override
  public Attributes lookup(Caller caller, FileId directory, String name, Patience patience)
      throws FileSystemException {
    return all.lookup(caller, directory, name, patience);
  }

  @Override
  public Attributes lookupParent(Caller caller, FileId directory, Patience patience)
      throws FileSystemException {
    return all.lookupParent(caller, directory, patience);
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
    throw refused();
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
    throw refused();
  }

  @Override
  public ChangeInfo link(
      Caller caller, FileId file, FileId directory, String name, Patience patience)
      throws FileSystemException {
    throw refused();
  }

  @Override
  public ChangeInfo remove(Caller caller, FileId directory, String name, Patience patience)
      throws FileSystemException {
    throw refused();
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
    throw refused();
  }

  @Override
  public byte[] readLink(FileId file, Patience patience) throws FileSystemException {
    return all.readLink(file, patience);
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
    return all.readDirectory(caller, directory, cookie, withAttributes, sink, patience);
  }

  @Override
  public boolean readNames(
      Caller caller, FileId directory, long cookie, NameSink sink, Patience patience)
      throws FileSystemException {
    return all.readNames(caller, directory, cookie, sink, patience);
  }

  @Override
  public Attributes setAttributes(
      Caller caller, FileId file, SetAttributes change, boolean throughOpen, Patience patience)
      throws FileSystemException {
    throw refused();
  }

  @Override
  public ReadResult read(FileId file, long offset, int count, Patience patience)
      throws FileSystemException {
    return all.read(file, offset, count, patience);
  }

  @Override
  public Stability write(
      FileId file, long offset, ByteBuf data, Stability stability, Patience patience)
      throws FileSystemException {
    throw refused();
  }

  /** What was written before the rule changed may still be made durable. */
  @Override
  public void commit(FileId file, Patience patience) throws FileSystemException {
    all.commit(file, patience);
  }

  @Override
  public void closing(FileId file, Patience patience) {}

  @Override
  public SeekResult seek(FileId file, long offset, Region region, Patience patience)
      throws FileSystemException {
    return all.seek(file, offset, region, patience);
  }

  @Override
  public void allocate(Rider rider, FileId file, long offset, long length, Patience patience)
      throws FileSystemException {
    throw refused();
  }

  @Override
  public void deallocate(Rider rider, FileId file, long offset, long length, Patience patience)
      throws FileSystemException {
    throw refused();
  }

  @Override
  public void clone(Rider rider, FileRange from, FileId to, long toOffset, Patience patience)
      throws FileSystemException {
    throw refused();
  }

  @Override
  public Copied copy(Rider rider, FileRange from, FileId to, long toOffset, Patience patience)
      throws FileSystemException {
    throw refused();
  }

  @Override
  public void willNeed(FileId file, long offset, long length) throws FileSystemException {
    all.willNeed(file, offset, length);
  }

  @Override
  public byte[] xattr(Caller caller, FileId file, String name, Patience patience)
      throws FileSystemException {
    return all.xattr(caller, file, name, patience);
  }

  @Override
  public List<String> xattrNames(Caller caller, FileId file, Patience patience)
      throws FileSystemException {
    return all.xattrNames(caller, file, patience);
  }

  @Override
  public ChangeInfo setXattr(
      Caller caller, FileId file, String name, byte[] value, XattrMode mode, Patience patience)
      throws FileSystemException {
    throw refused();
  }

  @Override
  public ChangeInfo removeXattr(Caller caller, FileId file, String name, Patience patience)
      throws FileSystemException {
    throw refused();
  }

  @Override
  public long writeVerifier() {
    return all.writeVerifier();
  }

  @Override
  public FileSystemStatistics statistics(FileId file, Patience patience)
      throws FileSystemException {
    return all.statistics(file, patience);
  }

  @Override
  public void opened(FileId file, boolean forWriting) {
    all.opened(file, forWriting);
  }

  @Override
  public void closed(FileId file, boolean forWriting) {
    all.closed(file, forWriting);
  }

  @Override
  public @Nullable String keyOf(FileId file, Patience patience) throws FileSystemException {
    return all.keyOf(file, patience);
  }
}
