package io.bucketfs.core.importer;

import io.bucketfs.core.content.Snapshots;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.object.KeyRules;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.store.Dirent;
import io.bucketfs.core.store.Inode;
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
 *   <li>On its way out or being written by ourselves: what the listing says is old (CORRECTNESS
 *       14).
 * </ul>
 */
final class PageImport {
  private final Tx tx;
  private final ActiveMount mount;
  private final int number;
  private final Snapshots snapshots;
  private final RecentExports.Observation observation;
  private final MountTallies tallies;
  private final NamespaceEdit names;

  PageImport(
      Tx tx,
      ActiveMount mount,
      Snapshots snapshots,
      RecentExports.Observation observation,
      MountTallies tallies) {
    this.tx = tx;
    this.mount = mount;
    this.number = mount.mount().number();
    this.snapshots = snapshots;
    this.observation = observation;
    this.tallies = tallies;
    names = new NamespaceEdit(tx, mount);
  }

  NamespaceEdit names() {
    return names;
  }

  /** Takes in a page; its directories are put by {@link NamespaceEdit#finish}. */
  void apply(ObjectStore.Listing page) throws IOException {
    for (var entry : page.entries()) {
      object(entry.key(), entry.version());
    }
    for (var prefix : page.commonPrefixes()) {
      commonPrefix(prefix);
    }
  }

  private void object(String key, ObjectVersion version) throws IOException {
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
    } else if (!isBelowStaleSubtree(prefix) && !holdsOnlyWhatGoes(prefix)) {
      directoryAt(path);
    }
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

  private void marker(String key, String path, ObjectVersion version, @Nullable RemoteEntry remote)
      throws IOException {
    var directory = directoryAt(path);
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
    if (tx.dirty(directory.key) != null) {
      return;
    }
    directory.attributesPending = true;
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
              remote.contentType()));
    }
  }

  private void file(String key, String path, ObjectVersion version, @Nullable RemoteEntry remote)
      throws IOException {
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

  private void changed(
      Inode.Edit parent,
      String name,
      Dirent dirent,
      Inode file,
      String key,
      String path,
      ObjectVersion version)
      throws IOException {
    if (file.localOnly() || tx.dirty(file.key()) != null) {
      return;
    }
    if (snapshots.isBeingWritten(file.key())) {
      names.moveAway(parent, name, dirent, file, path, "changed in the bucket while being written");
      tx.afterCommit(() -> tallies.addConflicts(number, 1));
      names.addFile(parent, name, key, version);
    } else if (file.type() == FileType.FILE && file.links() == 1) {
      names.rebase(file, key, version);
    } else {
      names.removeFile(parent, name, dirent, file);
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
