package io.bucketfs.nfs;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.local.Note;
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
import io.bucketfs.core.vfs.Outcome;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Permissions;
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.SetAttributes.TimeChange;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A file system in memory that keeps to POSIX, with mounts {@code /data} and {@code /other}. One
 * lock guards everything. It never waits.
 */
public final class MemoryFileSystem implements FileSystem {
  /** Copied at once, other than in the real one, and so it must fit into memory. */
  private static final long CLONE_BYTES_MAX = 64L << 20;

  private static final int XATTR_BYTES_MAX = 2_048;

  /** Small, so that clients meet short copies. */
  static final long COPY_BYTES_MAX = 1 << 20;

  private final List<FileRange> hints = new ArrayList<>();
  private final Map<FileId, MemoryFile> files = new HashMap<>();
  private volatile List<Export> exports =
      List.of(
          new Export("data", FileId.root(1), 0x1111, false, Access.OPEN),
          new Export("other", FileId.root(2), 0x2222, false, Access.OPEN));
  private volatile long exportsChange = 1;
  private final Clock clock = Clock.systemUTC();
  private Consumer<Note> notes = _ -> {};
  private long lastInode = FileId.ROOT_INODE;
  private long lastCookie = 2;
  private int namesRead;
  private long writeVerifier = 0x0102030405060708L;

  public MemoryFileSystem() {
    for (var export : exports) {
      var root = new MemoryFile(export.root(), FileType.DIRECTORY, 0777);
      root.links = 2;
      root.parent = root;
      touch(root);
      files.put(root.id, root);
    }
  }

  /** Changes who may use a mount. */
  public synchronized void setAccess(String name, Access access) {
    exports =
        exports.stream()
            .map(export ->
                export.name().equals(name)
                    ? new Export(
                        name, export.root(), export.fileSystemId(), export.readOnly(), access)
                    : export)
            .toList();
    exportsChange++;
  }

  /** As if unstable writes had been lost. */
  public synchronized void loseUnstable() {
    writeVerifier++;
  }

  /** How often a file is counted as open. */
  public synchronized int opens(FileId id) {
    var file = files.get(id);
    return file == null ? 0 : file.opens;
  }

  /** How many inodes there are, those included that are only open. */
  public synchronized int inodes() {
    return files.size();
  }

  private static FileSystemException failure(FsError error) {
    return new FileSystemException(error);
  }

  private long now() {
    var instant = clock.instant();
    return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
  }

  private void touch(MemoryFile file) {
    file.change++;
    file.changeNanos = now();
    file.modifyNanos = file.changeNanos;
  }

  private void touchMetadata(MemoryFile file) {
    file.change++;
    file.changeNanos = now();
  }

  /** Where notes go that ride with a change. */
  public synchronized void noteTo(Consumer<Note> target) {
    notes = target;
  }

  private <T extends Outcome> T noted(Caller caller, T outcome) throws FileSystemException {
    return noted(caller.rider(), outcome);
  }

  private <T extends Outcome> T noted(Rider rider, T outcome) throws FileSystemException {
    rider.ride(outcome, notes);
    return outcome;
  }

  /** The process ends, and with it what it counted. */
  public synchronized void forgetOpens() {
    files.values().forEach(file -> file.opens = 0);
  }

  private MemoryFile file(FileId id) throws FileSystemException {
    var file = files.get(id);
    if (file == null) {
      throw failure(FsError.STALE);
    }
    return file;
  }

  private static void require(Caller caller, MemoryFile file, int permission)
      throws FileSystemException {
    var has = Permissions.of(caller, file.type, file.mode, file.uid, file.gid);
    if ((has & permission) != permission) {
      throw failure(FsError.ACCESS);
    }
  }

  private MemoryFile directory(Caller caller, FileId id, int permission)
      throws FileSystemException {
    var directory = file(id);
    if (directory.type != FileType.DIRECTORY) {
      throw failure(FsError.NOT_A_DIRECTORY);
    }
    require(caller, directory, permission);
    return directory;
  }

  private MemoryFile directoryToChange(Caller caller, FileId id) throws FileSystemException {
    return directory(caller, id, Permissions.WRITE | Permissions.EXECUTE);
  }

  @Override
  public List<Export> exports() {
    return exports;
  }

  @Override
  public long exportsChange() {
    return exportsChange;
  }

  @Override
  public synchronized Attributes attributes(FileId id, Patience patience)
      throws FileSystemException {
    return file(id).attributes();
  }

  @Override
  public synchronized Attributes lookup(
      Caller caller, FileId directory, String name, Patience patience) throws FileSystemException {
    var entry = directory(caller, directory, Permissions.EXECUTE).children.get(name);
    if (entry == null) {
      throw failure(FsError.NOT_FOUND);
    }
    return entry.file().attributes();
  }

  @Override
  public synchronized Attributes lookupParent(Caller caller, FileId id, Patience patience)
      throws FileSystemException {
    var directory = directory(caller, id, Permissions.EXECUTE);
    if (directory.parent == null || directory.parent == directory) {
      throw failure(FsError.NOT_FOUND);
    }
    return directory.parent.attributes();
  }

  private MemoryFile add(
      Caller caller, MemoryFile directory, String name, FileType type, SetAttributes initial)
      throws FileSystemException {
    if (directory.links == 0) {
      throw failure(FsError.STALE);
    }
    var id = new FileId(directory.id.mount(), ++lastInode, 1);
    var file = new MemoryFile(id, type, type == FileType.DIRECTORY ? 0755 : 0644);
    file.uid = caller.uid();
    file.gid = (directory.mode & 02000) != 0 ? directory.gid : caller.gid();
    touch(file);
    file.accessNanos = file.modifyNanos;
    if (type == FileType.DIRECTORY) {
      file.mode |= directory.mode & 02000;
      file.links = 2;
      file.parent = directory;
    }
    apply(caller, file, initial, true);
    if (type == FileType.DIRECTORY) {
      directory.links++;
    }
    files.put(id, file);
    put(directory, name, file);
    return file;
  }

  private void put(MemoryFile directory, String name, MemoryFile file) {
    var cookie = ++lastCookie;
    directory.children.put(name, new MemoryFile.Entry(file, cookie));
    directory.cookies.put(cookie, name);
    touch(directory);
  }

  private MemoryFile take(MemoryFile directory, String name) {
    var entry = directory.children.remove(name);
    if (entry == null) {
      throw new IllegalStateException("looked up before");
    }
    directory.cookies.remove(entry.cookie());
    touch(directory);
    return entry.file();
  }

  @Override
  public synchronized Created create(
      Caller caller,
      FileId id,
      String name,
      CreateMode mode,
      SetAttributes initial,
      Patience patience)
      throws FileSystemException {
    var directory = directory(caller, id, Permissions.EXECUTE);
    var before = directory.change;
    var entry = directory.children.get(name);
    if (entry != null) {
      var file = entry.file();
      if (mode instanceof CreateMode.Exclusive(var verifier)
          && file.verifier != null
          && file.verifier == verifier) {
        return new Created(file.attributes(), false, new ChangeInfo(before, before));
      }
      if (!(mode instanceof CreateMode.Unchecked)) {
        throw failure(FsError.EXISTS);
      }
      if (initial.sizeBytes() != null && initial.sizeBytes() == 0) {
        apply(caller, file, SetAttributes.ofSize(0), false);
      }
      return new Created(file.attributes(), false, new ChangeInfo(before, before));
    }
    require(caller, directory, Permissions.WRITE);
    var file = add(caller, directory, name, FileType.FILE, initial);
    if (mode instanceof CreateMode.Exclusive(var verifier)) {
      file.verifier = verifier;
    }
    return noted(
        caller, new Created(file.attributes(), true, new ChangeInfo(before, directory.change)));
  }

  @Override
  public synchronized Created make(
      Caller caller, FileId id, String name, NewNode node, SetAttributes initial, Patience patience)
      throws FileSystemException {
    var directory = directory(caller, id, Permissions.EXECUTE);
    if (directory.children.containsKey(name)) {
      throw failure(FsError.EXISTS);
    }
    require(caller, directory, Permissions.WRITE);
    var before = directory.change;
    var file =
        switch (node) {
          case NewNode.Directory() -> add(caller, directory, name, FileType.DIRECTORY, initial);
          case NewNode.Symlink(var target) -> {
            var link = add(caller, directory, name, FileType.SYMLINK, initial);
            link.target = target;
            yield link;
          }
          case NewNode.Special(var type, var major, var minor) -> {
            var special = add(caller, directory, name, type, initial);
            special.deviceMajor = major;
            special.deviceMinor = minor;
            yield special;
          }
        };
    return noted(
        caller, new Created(file.attributes(), true, new ChangeInfo(before, directory.change)));
  }

  @Override
  public synchronized ChangeInfo link(
      Caller caller, FileId id, FileId directoryId, String name, Patience patience)
      throws FileSystemException {
    var directory = directoryToChange(caller, directoryId);
    var file = file(id);
    if (directory.children.containsKey(name)) {
      throw failure(FsError.EXISTS);
    }
    var before = directory.change;
    file.links++;
    touchMetadata(file);
    put(directory, name, file);
    return noted(caller, new ChangeInfo(before, directory.change));
  }

  private static void requireSticky(Caller caller, MemoryFile directory, MemoryFile file)
      throws FileSystemException {
    if ((directory.mode & 01000) != 0
        && caller.uid() != 0
        && caller.uid() != directory.uid
        && caller.uid() != file.uid) {
      throw failure(FsError.PERMISSION);
    }
  }

  @Override
  public synchronized ChangeInfo remove(Caller caller, FileId id, String name, Patience patience)
      throws FileSystemException {
    var directory = directoryToChange(caller, id);
    var entry = directory.children.get(name);
    if (entry == null) {
      throw failure(FsError.NOT_FOUND);
    }
    requireSticky(caller, directory, entry.file());
    if (!entry.file().children.isEmpty()) {
      throw failure(FsError.NOT_EMPTY);
    }
    var before = directory.change;
    unlink(directory, take(directory, name));
    return noted(caller, new ChangeInfo(before, directory.change));
  }

  private void unlink(MemoryFile directory, MemoryFile file) {
    if (file.type == FileType.DIRECTORY) {
      file.links = 0;
      directory.links--;
    } else {
      file.links--;
    }
    touchMetadata(file);
    forgetIfUnused(file);
  }

  private void forgetIfUnused(MemoryFile file) {
    if (file.links == 0 && file.opens == 0) {
      files.remove(file.id);
    }
  }

  @Override
  public synchronized Renamed rename(
      Caller caller, FileId fromId, String fromName, FileId toId, String toName, Patience patience)
      throws FileSystemException {
    var from = directoryToChange(caller, fromId);
    var to = directoryToChange(caller, toId);
    var entry = from.children.get(fromName);
    if (entry == null) {
      throw failure(FsError.NOT_FOUND);
    }
    var file = entry.file();
    requireSticky(caller, from, file);
    for (var up = to; up != null && up.parent != up; up = up.parent) {
      if (up == file) {
        throw failure(FsError.INVALID);
      }
    }
    var fromBefore = from.change;
    var toBefore = to.change;
    var replaced = to.children.get(toName);
    if (replaced != null) {
      if (replaced.file() == file) {
        return noted(
            caller,
            new Renamed(
                new ChangeInfo(fromBefore, fromBefore), new ChangeInfo(toBefore, toBefore)));
      }
      requireReplaceable(caller, to, file, replaced.file());
      unlink(to, take(to, toName));
    }
    take(from, fromName);
    put(to, toName, file);
    touchMetadata(file);
    if (file.type == FileType.DIRECTORY) {
      from.links--;
      to.links++;
      file.parent = to;
    }
    return noted(
        caller,
        new Renamed(new ChangeInfo(fromBefore, from.change), new ChangeInfo(toBefore, to.change)));
  }

  private static void requireReplaceable(
      Caller caller, MemoryFile directory, MemoryFile file, MemoryFile replaced)
      throws FileSystemException {
    requireSticky(caller, directory, replaced);
    var isDirectory = file.type == FileType.DIRECTORY;
    var wasDirectory = replaced.type == FileType.DIRECTORY;
    if (isDirectory != wasDirectory) {
      throw failure(isDirectory ? FsError.NOT_A_DIRECTORY : FsError.IS_A_DIRECTORY);
    }
    if (!replaced.children.isEmpty()) {
      throw failure(FsError.NOT_EMPTY);
    }
  }

  @Override
  public synchronized byte[] readLink(FileId id, Patience patience) throws FileSystemException {
    return file(id).target;
  }

  @Override
  public synchronized boolean readDirectory(
      Caller caller,
      FileId id,
      long cookie,
      boolean withAttributes,
      DirectorySink sink,
      Patience patience)
      throws FileSystemException {
    var directory = directory(caller, id, Permissions.READ);
    for (var entry : directory.cookies.tailMap(cookie, false).entrySet()) {
      var child = directory.children.get(entry.getValue());
      if (child != null
          && !sink.offer(entry.getKey(), entry.getValue(), child.file().attributes())) {
        return false;
      }
    }
    return true;
  }

  @Override
  public synchronized boolean readNames(
      Caller caller, FileId id, long cookie, NameSink sink, Patience patience)
      throws FileSystemException {
    namesRead++;
    return readDirectory(
        caller,
        id,
        cookie,
        false,
        (next, name, attributes) -> sink.offer(next, name, attributes.id()),
        patience);
  }

  /** How often names alone were read. */
  public synchronized int namesRead() {
    return namesRead;
  }

  @Override
  public synchronized Attributes setAttributes(
      Caller caller, FileId id, SetAttributes change, boolean throughOpen, Patience patience)
      throws FileSystemException {
    var file = file(id);
    apply(caller, file, change, throughOpen);
    noted(caller, ChangeInfo.NONE);
    return file.attributes();
  }

  private void apply(Caller caller, MemoryFile file, SetAttributes change, boolean mayResize)
      throws FileSystemException {
    requireMayApply(caller, file, change, mayResize);
    var now = now();
    if (change.sizeBytes() != null) {
      file.resize(change.sizeBytes());
      file.modifyNanos = now;
    }
    if (change.uid() != null || change.gid() != null) {
      file.uid = change.uid() == null ? file.uid : change.uid();
      file.gid = change.gid() == null ? file.gid : change.gid();
      file.mode &= file.type == FileType.FILE ? ~06000 : ~0;
    }
    if (change.mode() != null) {
      file.mode = change.mode();
    }
    file.accessNanos = time(change.accessTime(), file.accessNanos, now);
    file.modifyNanos = time(change.modifyTime(), file.modifyNanos, now);
    if (!change.isEmpty()) {
      touchMetadata(file);
    }
  }

  private static void requireMayApply(
      Caller caller, MemoryFile file, SetAttributes change, boolean mayResize)
      throws FileSystemException {
    if (change.sizeBytes() != null) {
      if (file.type != FileType.FILE) {
        throw failure(file.type == FileType.DIRECTORY ? FsError.IS_A_DIRECTORY : FsError.INVALID);
      }
      if (!mayResize) {
        require(caller, file, Permissions.WRITE);
      }
    }
    var owner = caller.uid() == 0 || caller.uid() == file.uid;
    if (change.uid() != null && change.uid() != file.uid && caller.uid() != 0) {
      throw failure(FsError.PERMISSION);
    }
    if (change.gid() != null
        && change.gid() != file.gid
        && caller.uid() != 0
        && !(owner && caller.isMember(change.gid()))) {
      throw failure(FsError.PERMISSION);
    }
    if (change.mode() != null && !owner) {
      throw failure(FsError.PERMISSION);
    }
    var clientTime =
        change.accessTime() instanceof TimeChange.ClientTime
            || change.modifyTime() instanceof TimeChange.ClientTime;
    if (clientTime && !owner) {
      throw failure(FsError.PERMISSION);
    }
    if (!owner && (change.accessTime() != null || change.modifyTime() != null)) {
      require(caller, file, Permissions.WRITE);
    }
  }

  private static long time(@Nullable TimeChange change, long before, long now) {
    return switch (change) {
      case null -> before;
      case TimeChange.ServerTime() -> now;
      case TimeChange.ClientTime(var nanos) -> nanos;
    };
  }

  @Override
  public synchronized ReadResult read(FileId id, long offset, int count, Patience patience)
      throws FileSystemException {
    var file = file(id);
    var bytes = Math.clamp(file.size - offset, 0, count);
    var data = PooledByteBufAllocator.DEFAULT.directBuffer(Math.max(bytes, 1));
    file.read(offset, data, bytes);
    file.accessNanos = now();
    return new ReadResult(data, offset + bytes >= file.size);
  }

  @Override
  public synchronized Stability write(
      FileId id, long offset, ByteBuf data, Stability stability, Patience patience)
      throws FileSystemException {
    var file = file(id);
    file.write(offset, data);
    touch(file);
    return stability;
  }

  @Override
  public synchronized void commit(FileId id, Patience patience) throws FileSystemException {
    file(id);
  }

  @Override
  public void closing(FileId file, Patience patience) {}

  private MemoryFile regular(FileId id) throws FileSystemException {
    var file = file(id);
    if (file.type != FileType.FILE) {
      throw failure(file.type == FileType.DIRECTORY ? FsError.IS_A_DIRECTORY : FsError.WRONG_TYPE);
    }
    return file;
  }

  @Override
  public synchronized SeekResult seek(FileId id, long offset, Region region, Patience patience)
      throws FileSystemException {
    var file = regular(id);
    if (offset >= file.size) {
      throw failure(FsError.NO_SUCH_OFFSET);
    }
    var found = file.seek(offset, region == Region.DATA);
    return new SeekResult(found, found == file.size);
  }

  @Override
  public synchronized void allocate(
      Rider rider, FileId id, long offset, long length, Patience patience)
      throws FileSystemException {
    var file = regular(id);
    if (length > Long.MAX_VALUE - offset) {
      throw failure(FsError.FILE_TOO_BIG);
    }
    if (file.size < offset + length) {
      file.resize(offset + length);
      touch(file);
    }
    noted(rider, ChangeInfo.NONE);
  }

  @Override
  public synchronized void deallocate(
      Rider rider, FileId id, long offset, long length, Patience patience)
      throws FileSystemException {
    var file = regular(id);
    if (offset < file.size) {
      file.punch(offset, offset + Math.min(length, file.size - offset));
    }
    touch(file);
    noted(rider, ChangeInfo.NONE);
  }

  @Override
  public synchronized void clone(
      Rider rider, FileRange from, FileId to, long toOffset, Patience patience)
      throws FileSystemException {
    var source = regular(from.file());
    var target = regular(to);
    var end = from.offset() + from.length();
    if (from.file().mount() != to.mount()) {
      throw failure(FsError.CROSS_DEVICE);
    }
    if (end > source.size
        || (source == target && from.offset() < toOffset + from.length() && toOffset < end)) {
      throw failure(FsError.INVALID);
    }
    if (from.length() > CLONE_BYTES_MAX) {
      throw failure(FsError.NO_SPACE);
    }
    var bytes = Unpooled.buffer((int) from.length());
    source.read(from.offset(), bytes, (int) from.length());
    target.write(toOffset, bytes);
    touch(target);
    noted(rider, new Copied(from.length()));
  }

  @Override
  public synchronized Copied copy(
      Rider rider, FileRange from, FileId to, long toOffset, Patience patience)
      throws FileSystemException {
    var part = Math.min(from.length(), COPY_BYTES_MAX);
    clone(rider, new FileRange(from.file(), from.offset(), part), to, toOffset, patience);
    return new Copied(part);
  }

  @Override
  public synchronized byte[] xattr(Caller caller, FileId id, String name, Patience patience)
      throws FileSystemException {
    var file = file(id);
    require(caller, file, Permissions.READ);
    var value = file.xattrs.get(name);
    if (value == null) {
      throw failure(FsError.NO_XATTR);
    }
    return value;
  }

  @Override
  public synchronized List<String> xattrNames(Caller caller, FileId id, Patience patience)
      throws FileSystemException {
    var file = file(id);
    require(caller, file, Permissions.READ);
    return List.copyOf(file.xattrs.keySet());
  }

  @Override
  public synchronized ChangeInfo setXattr(
      Caller caller, FileId id, String name, byte[] value, XattrMode mode, Patience patience)
      throws FileSystemException {
    var file = file(id);
    require(caller, file, Permissions.WRITE);
    if (value.length > XATTR_BYTES_MAX) {
      throw failure(FsError.XATTR_TOO_BIG);
    }
    if (file.xattrs.containsKey(name) && mode == XattrMode.CREATE) {
      throw failure(FsError.EXISTS);
    }
    if (!file.xattrs.containsKey(name) && mode == XattrMode.REPLACE) {
      throw failure(FsError.NO_XATTR);
    }
    var before = file.change;
    file.xattrs.put(name, value);
    touchMetadata(file);
    return noted(caller, new ChangeInfo(before, file.change));
  }

  @Override
  public synchronized ChangeInfo removeXattr(
      Caller caller, FileId id, String name, Patience patience) throws FileSystemException {
    var file = file(id);
    require(caller, file, Permissions.WRITE);
    var before = file.change;
    if (file.xattrs.remove(name) == null) {
      throw failure(FsError.NO_XATTR);
    }
    touchMetadata(file);
    return noted(caller, new ChangeInfo(before, file.change));
  }

  @Override
  public synchronized void willNeed(FileId id, long offset, long length) {
    hints.add(new FileRange(id, offset, length));
  }

  /** What was said to be needed. */
  public synchronized List<FileRange> hints() {
    return List.copyOf(hints);
  }

  @Override
  public synchronized long writeVerifier() {
    return writeVerifier;
  }

  @Override
  public synchronized FileSystemStatistics statistics(FileId id, Patience patience) {
    var space = 1L << 40;
    var inodes = 1L << 20;
    var free = inodes - files.size();
    return new FileSystemStatistics(space, space / 4, space / 8, inodes, free, free);
  }

  @Override
  public synchronized void opened(FileId id, boolean forWriting) {
    var file = files.get(id);
    if (file != null) {
      file.opens++;
    }
  }

  @Override
  public synchronized void closed(FileId id, boolean forWriting) {
    var file = files.get(id);
    if (file != null) {
      file.opens--;
      forgetIfUnused(file);
    }
  }

  @Override
  public @Nullable String keyOf(FileId file, Patience patience) {
    return null;
  }
}
