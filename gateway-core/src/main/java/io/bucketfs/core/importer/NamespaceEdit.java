package io.bucketfs.core.importer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.ConflictPolicy.Winner;
import io.bucketfs.core.object.KeyRules;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.store.Conflict;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Dirent;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Paths;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileType;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Changes of names that come from the bucket, in one transaction. Directories that are touched are
 * put once, by {@link #finish}.
 */
public final class NamespaceEdit {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final String BESIDE = ".conflict-";

  /** As long as what is added to a name. */
  private static final String BESIDE_FORM = BESIDE + "yyyyMMddTHHmmssZ";

  private static final int LOST_AND_FOUND_MODE = 0755;
  private static final int NAMES_MAX = 2;
  private static final int LINKS_MAX = 1_024;

  private final Tx tx;
  private final ActiveMount mount;
  private final int number;
  private final Map<Long, Inode.Edit> directories = new LinkedHashMap<>();
  private final Map<Long, Inode> originals = new HashMap<>();

  public NamespaceEdit(Tx tx, ActiveMount mount) {
    this.tx = tx;
    this.mount = mount;
    number = mount.mount().number();
  }

  /** A directory that is being changed, or null where it is gone or no directory. */
  public Inode.@Nullable Edit directory(long directory) throws IOException {
    var edit = directories.get(directory);
    if (edit == null) {
      var inode = tx.inode(new InodeKey(number, directory));
      if (inode == null || !inode.isDirectory()) {
        return null;
      }
      edit = inode.edit();
      originals.put(directory, inode);
      directories.put(directory, edit);
    }
    return edit;
  }

  /** An inode as this transaction has it so far, or null. */
  @Nullable Inode inode(long inode) throws IOException {
    var edit = directories.get(inode);
    return edit != null ? edit.freeze() : tx.inode(new InodeKey(number, inode));
  }

  /** Adds a file for an object; its attributes are read when somebody asks for them. */
  public Inode addFile(Inode.Edit parent, String name, String key, ObjectVersion version)
      throws IOException {
    var file =
        ObjectForm.withDefaults(
            new Inode.Edit(new InodeKey(number, tx.newInode(number)), FileType.FILE),
            mount.mount());
    file.times(ObjectForm.modifyNanos(version, tx.nowNanos()));
    file.attributesPending = mount.mount().policy().posixMetadata();
    var content = Content.imported(tx.newContent(), key, version);
    file.content = content;
    file.sizeBytes = version.sizeBytes();
    var inode = file.freeze();
    tx.put(inode);
    tx.putDirent(parent, name, inode.key().number());
    grown(parent);
    tx.putRemote(
        number,
        key,
        new RemoteEntry(version, inode.key().number(), content.id(), 0, 0, Map.of(), null));
    return inode;
  }

  /** Adds a directory whose children are not known yet. */
  public Inode.Edit addDirectory(Inode.Edit parent, String name) throws IOException {
    var edit =
        ObjectForm.withDefaults(
            new Inode.Edit(new InodeKey(number, tx.newInode(number)), FileType.DIRECTORY),
            mount.mount());
    edit.times(tx.nowNanos());
    edit.attributesPending = mount.mount().policy().posixMetadata();
    link(edit, parent, name);
    return edit;
  }

  private void link(Inode.Edit directory, Inode.Edit parent, String name) {
    directory.links = 2;
    directory.parent = parent.key.number();
    directory.name = name;
    directories.put(directory.key.number(), directory);
    parent.links++;
    tx.putDirent(parent, name, directory.key.number());
    grown(parent);
  }

  /** A first listing is no change of the directory: its names were there before. */
  private void grown(Inode.Edit parent) {
    if (parent.imported) {
      parent.modified(tx.nowNanos());
      parent.explicitTimes = false;
    } else {
      parent.changed(tx.nowNanos());
    }
  }

  /** Takes away an empty directory. */
  void removeDirectory(Inode.Edit directory, Inode.Edit parent, Dirent dirent) throws IOException {
    tx.deleteDirent(number, parent.key.number(), directory.name, dirent);
    parent.links--;
    parent.modified(tx.nowNanos());
    parent.explicitTimes = false;
    directories.remove(directory.key.number());
    originals.remove(directory.key.number());
    tx.deleteInode(directory.key);
  }

  /**
   * Lets a file with several names that rests on the object of one of them rest on that of another
   * one, since this one is gone or changed (CORRECTNESS 20).
   */
  Inode restedElsewhere(Inode file, String key) throws IOException {
    var content = file.content();
    var base = content == null ? null : content.base();
    if (content == null || base == null || file.links() < 2 || !base.key().equals(key)) {
      return file;
    }
    for (var name : tx.names(file.key(), LINKS_MAX)) {
      var path = tx.path(name);
      var other = path == null ? key : mount.keyOf(path);
      var remote = other.equals(key) ? null : tx.remote(number, other);
      if (remote != null
          && remote.inode() == file.key().number()
          && remote.content() == content.id()
          && remote.contentSequence() == content.exportedSequence()) {
        var edit = file.edit();
        edit.content = content.withBase(new Content.Base(other, remote.version(), base.length()));
        var rested = edit.freeze();
        tx.put(rested);
        return rested;
      }
    }
    return file;
  }

  /** Takes away a name of a file; with its last name the file goes, and what is open is stale. */
  public void removeFile(Inode.Edit parent, String name, Dirent dirent, Inode file)
      throws IOException {
    tx.deleteDirent(number, parent.key.number(), name, dirent);
    parent.modified(tx.nowNanos());
    parent.explicitTimes = false;
    if (tx.dirty(file.key()) != null && file.links() == 1) {
      tx.deleteDirty(file.key());
    }
    if (file.links() == 1 && file.content() == null) {
      tx.deleteInode(file.key());
      return;
    }
    var edit = file.edit();
    edit.links--;
    tx.put(edit.changed(tx.nowNanos()).freeze());
    if (file.links() == 1 && file.content() != null) {
      // The reaper takes the inode after its last close.
      tx.orphan(file.key(), file.content().id());
    }
  }

  /** Gives a clean file the bytes of another version of its object, under the same inode. */
  public void rebase(Inode file, String key, ObjectVersion version) throws IOException {
    var old = file.requireContent();
    tx.orphan(file.key(), old.id());
    var content = Content.imported(tx.newContent(), key, version);
    var edit = file.edit();
    edit.content = content;
    edit.sizeBytes = version.sizeBytes();
    edit.attributesPending = mount.mount().policy().posixMetadata();
    edit.modified(ObjectForm.modifyNanos(version, tx.nowNanos()));
    edit.changeNanos = tx.nowNanos();
    tx.put(edit.freeze());
    tx.putRemote(
        number,
        key,
        new RemoteEntry(version, file.key().number(), content.id(), 0, 0, Map.of(), null));
  }

  /**
   * Frees a name for the bucket's version: the file with its handles and data goes to lost+found,
   * or beside it where the mount keeps both; where it has other names, it stays there.
   *
   * @return the conflict, noted for the report
   */
  public Conflict moveAway(
      Inode.Edit parent, String name, Dirent dirent, Inode file, String path, String reason)
      throws IOException {
    String kept;
    if (file.links() > 1) {
      removeFile(parent, name, dirent, file);
      kept = otherName(file);
    } else if (mount.mount().policy().conflicts().winner() == Winner.KEEP_BOTH
        && isRoomBeside(parent, name)) {
      kept = moveBeside(parent, name, dirent, file);
    } else {
      var lost = lostAndFound();
      var newName = freeName(lost.key.number(), name);
      tx.deleteDirent(number, parent.key.number(), name, dirent);
      parent.modified(tx.nowNanos());
      tx.putDirent(lost, newName, file.key().number());
      lost.modified(tx.nowNanos());
      var edit = file.edit();
      edit.localOnly = true;
      edit.attributesPending = false;
      tx.put(edit.changed(tx.nowNanos()).freeze());
      if (tx.dirty(file.key()) != null) {
        tx.deleteDirty(file.key());
      }
      kept = KeyRules.LOST_AND_FOUND + "/" + newName;
    }
    var conflict = new Conflict(path, kept, tx.nowNanos(), reason);
    tx.putConflict(number, conflict);
    return conflict;
  }

  /** Whether the longer name can be exported. */
  private boolean isRoomBeside(Inode.Edit parent, String name) throws IOException {
    var directory = directoryPath(parent.key.number());
    return directory != null
        && !parent.localOnly
        && KeyRules.fits(
            mount.keyOf(directory + "/" + cut(name, nameRoom()) + BESIDE_FORM + "_9999"));
  }

  private static int nameRoom() {
    return KeyRules.NAME_BYTES_MAX - BESIDE_FORM.length() - "_9999".length();
  }

  /** Gives a file another name in its directory, under which it is exported. */
  private String moveBeside(Inode.Edit parent, String name, Dirent dirent, Inode file)
      throws IOException {
    var stamp = BESIDE + TIME.format(Instant.ofEpochSecond(0, tx.nowNanos()));
    var newName = cut(name, nameRoom()) + stamp;
    for (var attempt = 2; tx.dirent(number, parent.key.number(), newName) != null; attempt++) {
      newName = cut(name, nameRoom()) + stamp + "_" + attempt;
    }
    tx.deleteDirent(number, parent.key.number(), name, dirent);
    tx.putDirent(parent, newName, file.key().number());
    parent.modified(tx.nowNanos());
    parent.explicitTimes = false;
    var edit = file.edit();
    edit.attributesPending = false;
    var moved = edit.changed(tx.nowNanos()).freeze();
    tx.put(moved);
    tx.markDirty(moved);
    var directory = directoryPath(parent.key.number());
    return directory == null || directory.isEmpty() ? newName : directory + "/" + newName;
  }

  private String otherName(Inode file) throws IOException {
    for (var other : tx.names(file.key(), NAMES_MAX)) {
      var path = tx.path(other);
      if (path != null) {
        return path;
      }
    }
    return "";
  }

  private Inode.Edit lostAndFound() throws IOException {
    var dirent = tx.dirent(number, FileId.ROOT_INODE, KeyRules.LOST_AND_FOUND);
    if (dirent != null) {
      var existing = directory(dirent.inode());
      if (existing != null) {
        return existing;
      }
    }
    var root = directory(FileId.ROOT_INODE);
    if (root == null) {
      throw new IOException("mount " + number + " has no root");
    }
    var edit = new Inode.Edit(new InodeKey(number, tx.newInode(number)), FileType.DIRECTORY);
    edit.mode = LOST_AND_FOUND_MODE;
    edit.times(tx.nowNanos());
    edit.imported = true;
    edit.localOnly = true;
    link(edit, root, KeyRules.LOST_AND_FOUND);
    return edit;
  }

  private String freeName(long directory, String name) throws IOException {
    var stamp = TIME.format(Instant.ofEpochSecond(0, tx.nowNanos())) + "_";
    for (var attempt = 1; ; attempt++) {
      var suffix = attempt == 1 ? "" : "_" + attempt;
      var room = KeyRules.NAME_BYTES_MAX - stamp.length() - suffix.length();
      var candidate = stamp + cut(name, room) + suffix;
      if (tx.dirent(number, directory, candidate) == null) {
        return candidate;
      }
    }
  }

  /** The longest start of a name that has at most so many bytes. */
  private static String cut(String name, int bytesMax) {
    var end = name.length();
    while (name.substring(0, end).getBytes(UTF_8).length > bytesMax) {
      end = name.offsetByCodePoints(end, -1);
    }
    return name.substring(0, end);
  }

  /** The directory and name at a path, or null where a directory on the way is missing. */
  public @Nullable DirentKey resolve(String path) throws IOException {
    var directory = FileId.ROOT_INODE;
    var from = 0;
    while (true) {
      var slash = path.indexOf('/', from);
      if (slash < 0) {
        return new DirentKey(number, directory, path.substring(from));
      }
      var dirent = tx.dirent(number, directory, path.substring(from, slash));
      var inode = dirent == null ? null : inode(dirent.inode());
      if (inode == null || !inode.isDirectory()) {
        return null;
      }
      directory = inode.key().number();
      from = slash + 1;
    }
  }

  /** The path of a directory, empty for the root; null where it is gone. */
  public @Nullable String directoryPath(long directory) throws IOException {
    return Paths.directoryPath(
        new InodeKey(number, directory), (InodeKey key) -> inode(key.number()));
  }

  /** Puts the directories that were changed. */
  public void finish() throws IOException {
    for (var changed : directories.entrySet()) {
      var inode = changed.getValue().freeze();
      if (!inode.equals(originals.get(changed.getKey()))) {
        tx.put(inode);
      }
    }
  }
}
