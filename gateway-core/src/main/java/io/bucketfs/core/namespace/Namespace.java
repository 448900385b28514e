package io.bucketfs.core.namespace;

import io.bucketfs.core.content.Contents;
import io.bucketfs.core.importer.Importing;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Epoch;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.UsageTable;
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
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NameSink;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Permissions;
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The file system over metadata, contents and import. What it does is said in {@link FileSystem}.
 */
public final class Namespace implements FileSystem {
  /** A bucket has no end: without a quota df shows 8 EiB less one byte, and as many inodes. */
  private static final long INODES_MAX = 1L << 48;

  private final MountTable mounts;
  private final Committer committer;
  private final UsageTable usages;
  private final Contents contents;
  private final Importing importing;
  private final Epoch epoch;
  private final Inodes inodes;
  private final Creation creation;
  private final Removal removal;
  private final AttributeChanges attributeChanges;
  private final XattrChanges xattrs;
  private final DirectoryListing listing;

  public Namespace(
      Committer committer,
      MetadataCache cache,
      MountTable mounts,
      Contents contents,
      Importing importing,
      Epoch epoch) {
    this.mounts = mounts;
    this.committer = committer;
    usages = committer.usages();
    this.contents = contents;
    this.importing = importing;
    this.epoch = epoch;
    inodes = new Inodes(cache, mounts, importing);
    creation = new Creation(committer, epoch);
    removal = new Removal(committer, epoch);
    attributeChanges = new AttributeChanges(committer, contents);
    xattrs = new XattrChanges(committer, contents, epoch);
    listing = new DirectoryListing(cache, contents, importing);
  }

  @Override
  public List<Export> exports() {
    return mounts.all().stream()
        .map(active -> {
          var mount = active.mount();
          return new Export(
              mount.name(),
              FileId.root(mount.number()),
              mount.fileSystemId(),
              mount.policy().readOnly(),
              mount.access());
        })
        .sorted(Comparator.comparing(Export::name))
        .toList();
  }

  @Override
  public long exportsChange() {
    return mounts.changes();
  }

  @Override
  public Attributes attributes(FileId file, Patience patience) throws FileSystemException {
    return attributes(inodes.requireFreshAttributes(file, patience), patience);
  }

  private Attributes attributes(Inode inode, Patience patience) throws FileSystemException {
    if (inode.type() != FileType.FILE) {
      return inode.attributes(epoch.value());
    }
    try {
      return contents.attributes(inode.key(), patience);
    } catch (IOException e) {
      throw Inodes.ofDisk(e);
    }
  }

  @Override
  public Attributes lookup(Caller caller, FileId directory, String name, Patience patience)
      throws FileSystemException {
    Names.requireGood(name);
    var parent = inodes.requireFresh(directory, patience);
    Inodes.requireAccess(caller, parent, Permissions.EXECUTE);
    var child = inodes.child(parent, name, patience);
    if (child == null) {
      throw new FileSystemException(FsError.NOT_FOUND);
    }
    if (!child.isDirectory()) {
      importing.found(child, parent);
    }
    return attributes(inodes.complete(child, patience), patience);
  }

  @Override
  public Attributes lookupParent(Caller caller, FileId directory, Patience patience)
      throws FileSystemException {
    var inode = Inodes.requireDirectory(inodes.requireComplete(directory, patience));
    Inodes.requireAccess(caller, inode, Permissions.EXECUTE);
    if (inode.isRoot()) {
      throw new FileSystemException(FsError.NOT_FOUND);
    }
    var parent = inodes.require(new InodeKey(directory.mount(), inode.parent()), patience);
    return attributes(inodes.complete(parent, patience), patience);
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
    committer.requireCommit(patience);
    Names.requireGood(name);
    while (true) {
      var parent = inodes.requireFresh(directory, patience);
      Inodes.requireAccess(caller, parent, Permissions.EXECUTE);
      var existing = inodes.child(parent, name, patience);
      if (existing != null) {
        return openExisting(caller, parent, existing, mode, initial, patience);
      }
      var verifier = mode instanceof CreateMode.Exclusive exclusive ? exclusive.verifier() : 0;
      var mount = inodes.requireWritable(directory);
      var created =
          withinQuota(
              directory,
              patience,
              () -> creation.file(mount, caller, directory, name, verifier, initial, patience));
      if (created != null) {
        return created;
      }
    }
  }

  /** A change that a quota may forbid. */
  @FunctionalInterface
  private interface Change<T extends @Nullable Object> {
    T make() throws FileSystemException;
  }

  /** Makes a change, and again where removed files that nobody has open held what it lacked. */
  private <T extends @Nullable Object> T withinQuota(
      FileId file, Patience patience, Change<T> change) throws FileSystemException {
    try {
      return change.make();
    } catch (FileSystemException e) {
      if (e.error() != FsError.QUOTA) {
        throw e;
      }
    }
    patience.requireWaiting();
    try {
      contents.reap(file.mount());
    } catch (IOException e) {
      throw Inodes.ofDisk(e);
    }
    return change.make();
  }

  private Created openExisting(
      Caller caller,
      Inode parent,
      Inode existing,
      CreateMode mode,
      SetAttributes initial,
      Patience patience)
      throws FileSystemException {
    var file = inodes.complete(existing, patience);
    var change = parent.attributes(epoch.value()).change();
    var unchanged = new ChangeInfo(change, change);
    return switch (mode) {
      case CreateMode.Guarded _ -> throw new FileSystemException(FsError.EXISTS);
      case CreateMode.Exclusive exclusive -> {
        if (file.type() != FileType.FILE
            || exclusive.verifier() == 0
            || file.exclusiveVerifier() != exclusive.verifier()) {
          throw new FileSystemException(FsError.EXISTS);
        }
        yield new Created(attributes(file, patience), true, unchanged);
      }
      case CreateMode.Unchecked _ -> {
        requireOpenable(file);
        var size = initial.sizeBytes();
        if (size != null && size == 0) {
          inodes.requireWritable(file.id());
          var cut = attributeChanges.change(caller, file, SetAttributes.ofSize(0), false, patience);
          yield new Created(attributes(cut, patience), false, unchanged);
        }
        yield new Created(attributes(file, patience), false, unchanged);
      }
    };
  }

  private static void requireOpenable(Inode inode) throws FileSystemException {
    switch (inode.type()) {
      case FILE -> {}
      case DIRECTORY -> throw new FileSystemException(FsError.IS_A_DIRECTORY);
      case SYMLINK -> throw new FileSystemException(FsError.IS_A_SYMLINK);
      case BLOCK_DEVICE, CHARACTER_DEVICE, SOCKET, FIFO ->
          throw new FileSystemException(FsError.WRONG_TYPE);
    }
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
    committer.requireCommit(patience);
    Names.requireGood(name);
    var mount = inodes.requireWritable(directory);
    inodes.requireListed(directory, patience);
    var created =
        withinQuota(
            directory,
            patience,
            () -> creation.node(mount, caller, directory, name, node, initial, patience));
    if (node instanceof NewNode.Directory) {
      importing.made(InodeKey.of(created.attributes().id()));
    }
    return created;
  }

  @Override
  public ChangeInfo link(
      Caller caller, FileId file, FileId directory, String name, Patience patience)
      throws FileSystemException {
    committer.requireCommit(patience);
    Names.requireGood(name);
    requireSameMount(file, directory);
    var mount = inodes.requireWritable(directory);
    inodes.requireComplete(file, patience);
    inodes.requireListed(directory, patience);
    return creation.link(mount, caller, file, directory, name, patience);
  }

  private static void requireSameMount(FileId one, FileId other) throws FileSystemException {
    if (one.mount() != other.mount()) {
      throw new FileSystemException(FsError.CROSS_DEVICE);
    }
  }

  @Override
  public ChangeInfo remove(Caller caller, FileId directory, String name, Patience patience)
      throws FileSystemException {
    committer.requireCommit(patience);
    Names.requireGood(name);
    var mount = inodes.requireWritable(directory);
    var parent = inodes.requireListed(directory, patience);
    listIfDirectory(inodes.child(parent, name, patience), patience);
    return removal.remove(mount, caller, directory, name, patience);
  }

  private void listIfDirectory(@Nullable Inode inode, Patience patience)
      throws FileSystemException {
    if (inode != null && inode.isDirectory()) {
      inodes.requireListed(inode.id(), patience);
    }
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
    committer.requireCommit(patience);
    Names.requireGood(fromName);
    Names.requireGood(toName);
    requireSameMount(fromDirectory, toDirectory);
    var mount = inodes.requireWritable(fromDirectory);
    var from = inodes.requireListed(fromDirectory, patience);
    var to = inodes.requireListed(toDirectory, patience);
    var moved = inodes.child(from, fromName, patience);
    if (moved != null && moved.isDirectory()) {
      // What is below it in the bucket must be known by its old keys before the name is gone.
      importing.ensureTreeListed(moved, patience);
    }
    listIfDirectory(inodes.child(to, toName, patience), patience);
    return removal.rename(mount, caller, fromDirectory, fromName, toDirectory, toName, patience);
  }

  @Override
  public byte[] readLink(FileId file, Patience patience) throws FileSystemException {
    var inode = inodes.requireComplete(file, patience);
    if (inode.type() != FileType.SYMLINK) {
      throw new FileSystemException(FsError.INVALID);
    }
    return inode.target();
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
    patience.requireWaiting();
    var inode = requireReadable(caller, directory, cookie, patience);
    try {
      return listing.list(inode, cookie, withAttributes, sink, patience);
    } catch (IOException e) {
      throw Inodes.ofDisk(e);
    }
  }

  @Override
  public boolean readNames(
      Caller caller, FileId directory, long cookie, NameSink sink, Patience patience)
      throws FileSystemException {
    patience.requireWaiting();
    var inode = requireReadable(caller, directory, cookie, patience);
    try {
      return listing.names(inode, cookie, sink);
    } catch (IOException e) {
      throw Inodes.ofDisk(e);
    }
  }

  /** A directory whose names are here; looked at anew where a listing of it begins. */
  private Inode requireReadable(Caller caller, FileId directory, long cookie, Patience patience)
      throws FileSystemException {
    var inode =
        cookie == 0
            ? inodes.requireFresh(directory, patience)
            : inodes.requireListed(directory, patience);
    Inodes.requireAccess(caller, inode, Permissions.READ);
    return inode;
  }

  @Override
  public Attributes setAttributes(
      Caller caller, FileId file, SetAttributes change, boolean throughOpen, Patience patience)
      throws FileSystemException {
    attributeChanges.requirePatience(InodeKey.of(file), change, patience);
    inodes.requireWritable(file);
    var inode = inodes.requireComplete(file, patience);
    if (change.isEmpty()) {
      return attributes(inode, patience);
    }
    var changed =
        withinQuota(
            file,
            patience,
            () -> attributeChanges.change(caller, inode, change, throughOpen, patience));
    return attributes(changed, patience);
  }

  @Override
  public ReadResult read(FileId file, long offset, int count, Patience patience)
      throws FileSystemException {
    inodes.mount(file.mount());
    return contents.read(InodeKey.of(file), offset, count, patience);
  }

  @Override
  public Stability write(
      FileId file, long offset, ByteBuf data, Stability stability, Patience patience)
      throws FileSystemException {
    inodes.requireWritable(file);
    if (!data.isReadable()) {
      inodes.require(file, patience);
      return stability;
    }
    return withinQuota(
        file, patience, () -> contents.write(InodeKey.of(file), offset, data, stability, patience));
  }

  @Override
  public void commit(FileId file, Patience patience) throws FileSystemException {
    inodes.mount(file.mount());
    contents.commit(InodeKey.of(file), patience);
  }

  /** Here a close waits for nothing. */
  @Override
  public void closing(FileId file, Patience patience) {}

  @Override
  public SeekResult seek(FileId file, long offset, Region region, Patience patience)
      throws FileSystemException {
    inodes.mount(file.mount());
    return contents.ranges().seek(InodeKey.of(file), offset, region, patience);
  }

  @Override
  public void allocate(Rider rider, FileId file, long offset, long length, Patience patience)
      throws FileSystemException {
    patience.requireWaiting();
    inodes.requireWritable(file);
    withinQuota(
        file,
        patience,
        () -> {
          contents.ranges().allocate(rider, InodeKey.of(file), offset, length, patience);
          return true;
        });
  }

  @Override
  public void deallocate(Rider rider, FileId file, long offset, long length, Patience patience)
      throws FileSystemException {
    patience.requireWaiting();
    inodes.requireWritable(file);
    contents.ranges().deallocate(rider, InodeKey.of(file), offset, length, patience);
  }

  @Override
  public void clone(Rider rider, FileRange from, FileId to, long toOffset, Patience patience)
      throws FileSystemException {
    patience.requireWaiting();
    requireSameMount(from.file(), to);
    inodes.requireWritable(to);
    withinQuota(
        to,
        patience,
        () -> {
          contents.ranges().clone(rider, from, InodeKey.of(to), toOffset, patience);
          return true;
        });
  }

  @Override
  public Copied copy(Rider rider, FileRange from, FileId to, long toOffset, Patience patience)
      throws FileSystemException {
    patience.requireWaiting();
    requireSameMount(from.file(), to);
    inodes.requireWritable(to);
    var key = InodeKey.of(to);
    return new Copied(
        withinQuota(
            to, patience, () -> contents.ranges().copy(rider, from, key, toOffset, patience)));
  }

  @Override
  public byte[] xattr(Caller caller, FileId file, String name, Patience patience)
      throws FileSystemException {
    return XattrChanges.get(caller, inodes.requireComplete(file, patience), name);
  }

  @Override
  public List<String> xattrNames(Caller caller, FileId file, Patience patience)
      throws FileSystemException {
    return XattrChanges.names(caller, inodes.requireComplete(file, patience));
  }

  @Override
  public ChangeInfo setXattr(
      Caller caller, FileId file, String name, byte[] value, XattrMode mode, Patience patience)
      throws FileSystemException {
    patience.requireWaiting();
    var mount = inodes.requireWritable(file);
    var inode = inodes.requireComplete(file, patience);
    return xattrs.set(mount, caller, inode.key(), name, value, mode);
  }

  @Override
  public ChangeInfo removeXattr(Caller caller, FileId file, String name, Patience patience)
      throws FileSystemException {
    patience.requireWaiting();
    inodes.requireWritable(file);
    return xattrs.remove(caller, inodes.requireComplete(file, patience).key(), name);
  }

  @Override
  public void willNeed(FileId file, long offset, long length) throws FileSystemException {
    inodes.mount(file.mount());
    contents.ranges().willNeed(InodeKey.of(file), offset, length);
  }

  @Override
  public long writeVerifier() {
    return epoch.writeVerifier();
  }

  @Override
  public FileSystemStatistics statistics(FileId file, Patience patience)
      throws FileSystemException {
    var quota = inodes.mount(file.mount()).mount().quota();
    var usage = usages.usage(file.mount());
    var inodesMax = Math.min(quota.inodesMax(), INODES_MAX);
    var freeBytes = Math.max(0, quota.bytesMax() - usage.bytes());
    var freeInodes = Math.max(0, inodesMax - usage.inodes());
    return new FileSystemStatistics(
        Math.max(quota.bytesMax(), usage.bytes()),
        freeBytes,
        freeBytes,
        Math.max(inodesMax, usage.inodes()),
        freeInodes,
        freeInodes);
  }

  @Override
  public void opened(FileId file, boolean forWriting) {
    contents.opened(InodeKey.of(file), forWriting);
  }

  @Override
  public void closed(FileId file, boolean forWriting) {
    contents.closed(InodeKey.of(file), forWriting);
  }

  @Override
  public @Nullable String keyOf(FileId file, Patience patience) throws FileSystemException {
    patience.requireWaiting();
    var inode = inodes.require(file, patience);
    var path = inode.localOnly() ? null : inodes.path(inode);
    return path == null
        ? null
        : inodes.mount(file.mount()).keyOf(path) + (inode.isDirectory() ? "/" : "");
  }
}
