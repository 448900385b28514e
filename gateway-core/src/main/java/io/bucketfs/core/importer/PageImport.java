package io.bucketfs.core.importer;

import io.bucketfs.core.content.Snapshots;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.ConflictPolicy.Winner;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.object.KeyRules;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.store.Dirent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileType;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one page of a listing changes, in one transaction: the three-way difference between the
 * listing, the last known state of the bucket and the namespace (CORRECTNESS 11).
 *
 * <ul>
 *   <li>Not known in the bucket before: it is new and gets a name, unless a local file has it
 *       already; then write-back will meet it and settle the conflict.
 *   <li>Known with the same version: nothing.
 *   <li>Known with another version: it replaces the file's base where the file is clean and not
 *       being written; where it is dirty, write-back settles it.
 *   <li>Known and not there any longer: its name goes, where the file is clean; what is open is
 *       read through its handle until the last close (CORRECTNESS 21). What is being written goes
 *       to lost+found, and what is dirty is settled by write-back.
 *   <li>On its way out or being written by ourselves: what the listing says is old (CORRECTNESS
 *       14).
 * </ul>
 */
final class PageImport {
  /** With more deletions under way than this, directories wait until those are done. */
  private static final int MARKS_MAX = 64;

  private final Tx tx;
  private final ActiveMount mount;
  private final int number;
  private final Snapshots snapshots;
  private final RecentExports.Observation observation;
  private final MountTallies tallies;
  private final NamespaceEdit names;
  private final RefreshPolicy.Imported imported;
  private long created;
  private long changed;
  private long deleted;

  /**
   * @param imported which differences are taken over
   */
  PageImport(
      Tx tx,
      ActiveMount mount,
      Snapshots snapshots,
      RecentExports.Observation observation,
      MountTallies tallies,
      RefreshPolicy.Imported imported) {
    this.tx = tx;
    this.mount = mount;
    this.number = mount.mount().number();
    this.snapshots = snapshots;
    this.observation = observation;
    this.tallies = tallies;
    this.imported = imported;
    names = new NamespaceEdit(tx, mount);
  }

  NamespaceEdit names() {
    return names;
  }

  /** What was changed so far. */
  Changes changes() {
    return new Changes(created, changed, deleted);
  }

  /** Takes in what differs; its directories are put by {@link NamespaceEdit#finish}. */
  void apply(PageDifference difference) throws IOException {
    for (var entry : difference.listed().entries()) {
      object(entry.key(), entry.version());
    }
    for (var prefix : difference.listed().commonPrefixes()) {
      commonPrefix(prefix);
    }
    for (var key : difference.gone()) {
      gone(key);
    }
    for (var key : difference.goneUnmapped()) {
      mapped(key);
    }
  }

  /** Takes in an object as it is. */
  void object(String key, ObjectVersion version) throws IOException {
    var path = key.substring(mount.mount().prefix().length());
    if (path.isEmpty()) {
      return;
    }
    var reason = KeyRules.unmappedReason(path);
    if (reason != null) {
      unmapped(key, reason);
      return;
    }
    if (tx.job(number, key) != null || observation.isOutdated(number, key)) {
      return;
    }
    var remote = tx.remote(number, key);
    if (tx.stale(number, key) != null || (remote != null && isBelowStaleSubtree(key))) {
      return;
    }
    if (path.endsWith("/")) {
      marker(key, path.substring(0, path.length() - 1), version, remote);
    } else {
      file(key, path, version, remote);
    }
  }

  private void commonPrefix(String prefix) throws IOException {
    var path = prefix.substring(mount.mount().prefix().length(), prefix.length() - 1);
    var reason = KeyRules.unmappedReason(path + "/");
    if (reason != null) {
      unmapped(prefix, reason);
    } else if (!isBelowStaleSubtree(prefix) && !holdsOnlyWhatGoes(prefix) && isWanted(path)) {
      directoryAt(path);
    }
  }

  /** Whether what is at a path is known, or new names are taken over. */
  private boolean isWanted(String path) throws IOException {
    if (imported.created()) {
      return true;
    }
    var name = names.resolve(path);
    return name != null && tx.dirent(number, name.directory(), name.name()) != null;
  }

  /** Whether something under a prefix is known here and is on its way out. */
  private boolean holdsOnlyWhatGoes(String prefix) throws IOException {
    var from = Keys.text(number, prefix);
    return !tx.scan(Family.STALE, from, Keys.endOfPrefix(from), 1).isEmpty();
  }

  private boolean isBelowStaleSubtree(String key) throws IOException {
    for (var slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      var stale = tx.stale(number, key.substring(0, slash + 1));
      if (stale != null && stale.subtree()) {
        return true;
      }
    }
    return false;
  }

  private void unmapped(String key, String reason) throws IOException {
    if (tx.get(Family.UNMAPPED, Keys.text(number, key)) == null) {
      tx.afterCommit(() -> tallies.addUnmapped(number, 1));
    }
    tx.putUnmapped(number, key, reason);
  }

  /** Takes a key out of the report of what cannot be shown. */
  private void mapped(String key) throws IOException {
    if (tx.get(Family.UNMAPPED, Keys.text(number, key)) != null) {
      tx.delete(Family.UNMAPPED, Keys.text(number, key));
      tx.afterCommit(() -> tallies.addUnmapped(number, -1));
    }
  }

  // What is gone.

  /** Takes in that there is no object at a key any longer. */
  void gone(String key) throws IOException {
    if (!imported.deleted()
        || tx.job(number, key) != null
        || observation.isOutdated(number, key)
        || tx.remote(number, key) == null
        || tx.stale(number, key) != null
        || isBelowStaleSubtree(key)) {
      return;
    }
    var path = key.substring(mount.mount().prefix().length());
    if (path.endsWith("/")) {
      goneMarker(key, path.substring(0, path.length() - 1));
    } else {
      goneFile(key, path);
    }
  }

  /** A directory stays as it is without its marker, unless nothing else shows it. */
  private void goneMarker(String key, String path) throws IOException {
    var name = names.resolve(path);
    var dirent = name == null ? null : tx.dirent(number, name.directory(), name.name());
    var directory = dirent == null ? null : tx.inode(new InodeKey(number, dirent.inode()));
    if (directory == null || tx.dirty(directory.key()) == null) {
      tx.deleteRemote(number, key);
    }
  }

  private void goneFile(String key, String path) throws IOException {
    var remote = tx.remote(number, key);
    var name = names.resolve(path);
    var dirent = name == null ? null : tx.dirent(number, name.directory(), name.name());
    var present = dirent == null ? null : names.inode(dirent.inode());
    var parent = name == null ? null : names.directory(name.directory());
    if (name == null || dirent == null || present == null || parent == null) {
      tx.deleteRemote(number, key);
      return;
    }
    if (remote == null
        || present.key().number() != remote.inode()
        || present.localOnly()
        || tx.dirty(present.key()) != null) {
      return;
    }
    if (isLeftToItsWriter(present)) {
      return;
    }
    tx.deleteRemote(number, key);
    if (snapshots.isBeingWritten(present.key())) {
      names.moveAway(
          parent, name.name(), dirent, present, path, "deleted in the bucket while being written");
      tx.afterCommit(() -> tallies.addConflicts(number, 1));
    } else {
      names.removeFile(parent, name.name(), dirent, names.restedElsewhere(present, key));
    }
    deleted++;
  }

  /**
   * Takes away a directory that nothing in the bucket shows: without a marker, and empty here. What
   * was made or moved here and is not exported stays.
   *
   * @param prefix of its children, when it was found to be gone
   * @return its parent, or null where it stays
   */
  @Nullable InodeKey goneDirectory(InodeKey key, String prefix) throws IOException {
    var directory = names.directory(key.number());
    if (directory == null || !imported.deleted() || directory.localOnly || directory.parent == 0) {
      return null;
    }
    var path = names.directoryPath(key.number());
    var below = Keys.text(number, prefix);
    if (path == null
        || !prefix.equals(mount.keyOf(path + "/"))
        || tx.dirty(key) != null
        || !tx.isEmptyDirectory(number, key.number())
        || tx.remote(number, prefix) != null
        || tx.job(number, prefix) != null
        || observation.isOutdated(number, prefix)
        || !tx.scan(Family.UNMAPPED, below, Keys.endOfPrefix(below), 1).isEmpty()
        || isAnyMoving()) {
      return null;
    }
    var parent = names.directory(directory.parent);
    var dirent = tx.dirent(number, directory.parent, directory.name);
    if (parent == null || dirent == null) {
      return null;
    }
    names.removeDirectory(directory, parent, dirent);
    deleted++;
    return parent.key;
  }

  /**
   * Whether a directory may be on its way to another name: what is below it is not marked as dirty
   * yet, and its marker is known under the old name.
   */
  private boolean isAnyMoving() throws IOException {
    var from = Keys.mount(number);
    var marks = tx.scan(Family.STALE, from, Keys.endOfPrefix(from), MARKS_MAX);
    for (var mark : marks) {
      var stale = tx.stale(number, Keys.textOf(mark.key()));
      if (stale != null && stale.subtree()) {
        return true;
      }
    }
    return marks.size() == MARKS_MAX;
  }

  // What is there.

  private void marker(String key, String path, ObjectVersion version, @Nullable RemoteEntry remote)
      throws IOException {
    var directory = isWanted(path) ? directoryAt(path) : null;
    if (directory == null) {
      return;
    }
    if (version.sizeBytes() > 0) {
      unmapped(key, "a directory marker with content");
      return;
    }
    if (remote != null && remote.version().mayEqual(version)) {
      complete(key, version, remote);
      return;
    }
    if (tx.dirty(directory.key) != null || (remote != null && !imported.changed())) {
      return;
    }
    if (remote != null) {
      changed++;
    }
    directory.attributesPending = mount.mount().policy().posixMetadata();
    tx.putRemote(
        number, key, new RemoteEntry(version, directory.key.number(), 0, 0, 0, Map.of(), null));
  }

  /** Adopts what a listing knows of our own write, such as its time (CORRECTNESS 12). */
  private void complete(String key, ObjectVersion version, RemoteEntry remote) {
    var completed = remote.version().completedBy(version);
    if (!completed.equals(remote.version())) {
      tx.putRemote(
          number,
          key,
          new RemoteEntry(
              completed,
              remote.inode(),
              remote.content(),
              remote.contentSequence(),
              remote.metadataHash(),
              remote.foreignMetadata(),
              remote.contentType(),
              remote.headers()));
    }
  }

  private void file(String key, String path, ObjectVersion version, @Nullable RemoteEntry remote)
      throws IOException {
    if (!isWanted(path)) {
      return;
    }
    var slash = path.lastIndexOf('/');
    var parent =
        slash < 0 ? names.directory(FileId.ROOT_INODE) : directoryAt(path.substring(0, slash));
    if (parent == null) {
      return;
    }
    var name = path.substring(slash + 1);
    var dirent = tx.dirent(number, parent.key.number(), name);
    var present = dirent == null ? null : names.inode(dirent.inode());
    if (dirent == null || present == null) {
      names.addFile(parent, name, key, version);
      mapped(key);
      created++;
    } else if (present.isDirectory()) {
      tx.deleteRemote(number, key);
      unmapped(key, "a directory has the same name");
    } else if (remote == null) {
      // A local file that was never exported: its PUT will find the object and settle it.
      return;
    } else if (remote.version().mayEqual(version)) {
      complete(key, version, remote);
    } else if (remote.inode() == present.key().number()) {
      changed(parent, name, dirent, present, key, path, version);
    }
  }

  /** Where the local version wins, it is what its writer makes of it that is exported. */
  private boolean isLeftToItsWriter(Inode file) {
    return snapshots.isBeingWritten(file.key())
        && mount.mount().policy().conflicts().winner() == Winner.LOCAL_WINS;
  }

  private void changed(
      Inode.Edit parent,
      String name,
      Dirent dirent,
      Inode file,
      String key,
      String path,
      ObjectVersion version)
      throws IOException {
    if (file.localOnly() || tx.dirty(file.key()) != null || !imported.changed()) {
      return;
    }
    if (isLeftToItsWriter(file)) {
      return;
    }
    changed++;
    if (snapshots.isBeingWritten(file.key())) {
      names.moveAway(parent, name, dirent, file, path, "changed in the bucket while being written");
      tx.afterCommit(() -> tallies.addConflicts(number, 1));
      names.addFile(parent, name, key, version);
    } else if (file.type() == FileType.FILE && file.links() == 1) {
      names.rebase(file, key, version);
    } else {
      names.removeFile(parent, name, dirent, names.restedElsewhere(file, key));
      names.addFile(parent, name, key, version);
    }
  }

  /** The directory at a path, made where it is missing; null where the way there is reserved. */
  Inode.@Nullable Edit directoryAt(String path) throws IOException {
    var directory = names.directory(FileId.ROOT_INODE);
    for (var from = 0; directory != null && from < path.length(); ) {
      var slash = path.indexOf('/', from);
      var to = slash < 0 ? path.length() : slash;
      directory = child(directory, path.substring(from, to), path.substring(0, to));
      from = to + 1;
    }
    return directory;
  }

  private Inode.@Nullable Edit child(Inode.Edit parent, String name, String path)
      throws IOException {
    var dirent = tx.dirent(number, parent.key.number(), name);
    if (dirent == null) {
      created++;
      return names.addDirectory(parent, name);
    }
    var inode = names.inode(dirent.inode());
    if (inode == null) {
      return null;
    }
    if (inode.isDirectory()) {
      return names.directory(dirent.inode());
    }
    makeRoom(parent, name, dirent, inode, path);
    return names.addDirectory(parent, name);
  }

  /** A directory in the bucket has the name of a file here: the directory is shown. */
  private void makeRoom(Inode.Edit parent, String name, Dirent dirent, Inode file, String path)
      throws IOException {
    var key = mount.keyOf(path);
    if (tx.dirty(file.key()) != null || snapshots.isBeingWritten(file.key())) {
      names.moveAway(parent, name, dirent, file, path, "a directory in the bucket has its name");
      tx.afterCommit(() -> tallies.addConflicts(number, 1));
    } else {
      names.removeFile(parent, name, dirent, file);
    }
    if (tx.remote(number, key) != null) {
      tx.deleteRemote(number, key);
      unmapped(key, "a directory has the same name");
    }
  }
}
