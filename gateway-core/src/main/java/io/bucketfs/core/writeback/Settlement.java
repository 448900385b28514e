package io.bucketfs.core.writeback;

import io.bucketfs.core.importer.NamespaceEdit;
import io.bucketfs.core.importer.ObjectForm;
import io.bucketfs.core.importer.RecentExports;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.ConflictPolicy.Winner;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectHeaders;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Conflict;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Job;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileId;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the outcome of a request changes, each inside the transaction of its caller. */
final class Settlement {
  private final RecentExports recent;
  private final MountTallies tallies;
  private final Meters.Counter conflicts;

  Settlement(RecentExports recent, MountTallies tallies, Meters meters) {
    this.recent = recent;
    this.tallies = tallies;
    conflicts = meters.counter("conflicts");
  }

  /**
   * An object was written: it is the base of the file from now on (CORRECTNESS 15).
   *
   * @param like whose foreign metadata and headers it has; null for none
   */
  void written(
      Tx tx,
      ActiveMount mount,
      String key,
      Job job,
      ObjectVersion version,
      @Nullable RemoteEntry like)
      throws IOException {
    var number = mount.mount().number();
    ended(tx, number, key, job);
    tx.putRemote(
        number,
        key,
        new RemoteEntry(
            version,
            job.inode(),
            job.content(),
            job.contentSequence(),
            job.metadataHash(),
            like == null ? Map.of() : like.foreignMetadata(),
            like == null ? null : like.contentType(),
            like == null ? ObjectHeaders.NONE : like.headers()));
    var inode = tx.inode(new InodeKey(number, job.inode()));
    if (inode != null && inode.content() != null && inode.content().id() == job.content()) {
      var edit = inode.edit();
      edit.content = rebased(inode.content(), job, key, version);
      tx.put(edit.freeze());
      var dirty = tx.dirty(inode.key());
      if (dirty != null && edit.content.exportedSequence() > inode.content().exportedSequence()) {
        tx.putDirty(inode.key(), dirty.contentExported());
      }
    }
    if (inodeAt(tx, mount, key) == null) {
      // The name went while the request was on its way.
      if (tx.stale(number, key) == null) {
        tx.markStale(number, key, false);
      }
    }
  }

  /** An upload ends with the completion that is its job. */
  static void forgetUpload(Tx tx, int mount, String key, Job job) throws IOException {
    var upload = tx.upload(mount, key);
    if (upload != null && upload.job().token().equals(job.token())) {
      tx.deleteUpload(mount, key, upload);
    }
  }

  private static Content rebased(Content content, Job job, String key, ObjectVersion version) {
    var base = content.base();
    if (content.exportedSequence() > job.contentSequence()) {
      // A later one was acknowledged before it was known what became of this one.
      return content;
    }
    if (content.exportedSequence() == job.contentSequence() && base != null) {
      // The same bytes at another place: what was cut off since stays cut off.
      return content.withBase(
          new Content.Base(key, version, Math.min(base.length(), job.sizeBytes())));
    }
    return content.exported(job.contentSequence(), key, version, job.sizeBytes());
  }

  private void ended(Tx tx, int number, String key, Job job) throws IOException {
    tx.deleteJob(number, key);
    forgetUpload(tx, number, key, job);
    recent.finished(number, key);
  }

  /**
   * An object was written that the store says it got damaged: the next request is conditional on
   * it, and writes over it. Nothing rests on it.
   */
  void damaged(Tx tx, ActiveMount mount, String key, Job job, ObjectHead head) throws IOException {
    var number = mount.mount().number();
    ended(tx, number, key, job);
    tx.putRemote(
        number,
        key,
        new RemoteEntry(
            head.version(),
            0,
            0,
            0,
            0,
            ObjectForm.foreign(mount.mount(), head.metadata()),
            head.contentType(),
            head.headers()));
  }

  /** An object was deleted. */
  void deleted(Tx tx, ActiveMount mount, String key) {
    var number = mount.mount().number();
    tx.deleteJob(number, key);
    tx.deleteRemote(number, key);
    recent.finished(number, key);
  }

  /** The inode that the namespace shows at a key, or null; a marker's key means a directory. */
  static @Nullable Inode inodeAt(Tx tx, ActiveMount mount, String key) throws IOException {
    var path = key.substring(mount.mount().prefix().length());
    var wantsDirectory = path.endsWith("/");
    var plain = wantsDirectory ? path.substring(0, path.length() - 1) : path;
    var name = new NamespaceEdit(tx, mount).resolve(plain);
    var number = mount.mount().number();
    var dirent = name == null ? null : tx.dirent(number, name.directory(), name.name());
    var inode = dirent == null ? null : tx.inode(new InodeKey(number, dirent.inode()));
    return inode != null && inode.isDirectory() == wantsDirectory && !inode.localOnly()
        ? inode
        : null;
  }

  /**
   * Somebody else changed the object of a file that is dirty here. Who wins is the mount's policy;
   * where the bucket does, the local version is kept elsewhere.
   *
   * @param expected what the request was conditional on; nothing is done where that is not what is
   *     known any longer
   * @param head what is there; null for nothing
   */
  void conflict(
      Tx tx,
      ActiveMount mount,
      String key,
      InodeKey file,
      @Nullable RemoteEntry expected,
      @Nullable ObjectHead head)
      throws IOException {
    var number = mount.mount().number();
    noteWriter(tx, mount, head);
    tx.deleteJob(number, key);
    var remote = tx.remote(number, key);
    if (!Objects.equals(versionOf(remote), versionOf(expected))) {
      return;
    }
    var path = key.substring(mount.mount().prefix().length());
    if (path.endsWith("/")) {
      marker(tx, mount, key, file, head);
      return;
    }
    var names = new NamespaceEdit(tx, mount);
    var name = names.resolve(path);
    var dirent = name == null ? null : tx.dirent(number, name.directory(), name.name());
    var inode = tx.inode(file);
    var parent = name == null ? null : names.directory(name.directory());
    if (name == null
        || dirent == null
        || inode == null
        || parent == null
        || dirent.inode() != file.number()) {
      return;
    }
    var reason =
        head == null
            ? "deleted in the bucket while it was changed here"
            : "changed in the bucket while it was changed here";
    if (mount.mount().policy().conflicts().winner() == Winner.LOCAL_WINS) {
      writtenOver(tx, mount, key, path, head, reason);
      return;
    }
    names.moveAway(parent, name.name(), dirent, inode, path, reason);
    if (remote != null) {
      tx.deleteRemote(number, key);
    }
    if (head != null) {
      names.addFile(parent, name.name(), key, head.version());
    }
    names.finish();
    count(tx, number);
  }

  /** Lets the next request be conditional on what is there now. */
  private void writtenOver(
      Tx tx, ActiveMount mount, String key, String path, @Nullable ObjectHead head, String reason)
      throws IOException {
    var number = mount.mount().number();
    if (head == null) {
      tx.deleteRemote(number, key);
    } else {
      var foreign = ObjectForm.foreign(mount.mount(), head.metadata());
      tx.putRemote(
          number, key, new RemoteEntry(head.version(), 0, 0, 0, 0, foreign, head.contentType()));
    }
    tx.putConflict(number, new Conflict(path, path, tx.nowNanos(), reason + ": written over"));
    count(tx, number);
  }

  private static @Nullable ObjectVersion versionOf(@Nullable RemoteEntry entry) {
    return entry == null ? null : entry.version();
  }

  /** It may have been another gateway. */
  private void noteWriter(Tx tx, ActiveMount mount, @Nullable ObjectHead head) {
    if (head != null) {
      tx.afterCommit(() -> tallies.others().saw(mount.mount(), head));
    }
  }

  private void count(Tx tx, int mount) {
    tx.afterCommit(() -> {
      conflicts.add(1);
      tallies.addConflicts(mount, 1);
    });
  }

  /** A marker has no bytes to lose: the bucket's attributes are taken. */
  private void marker(
      Tx tx, ActiveMount mount, String key, InodeKey directory, @Nullable ObjectHead head)
      throws IOException {
    var number = mount.mount().number();
    if (head == null) {
      tx.deleteRemote(number, key);
      return;
    }
    if (head.version().sizeBytes() > 0) {
      tx.deleteRemote(number, key);
      tx.putUnmapped(number, key, "a directory marker with content");
    } else {
      tx.putRemote(
          number,
          key,
          new RemoteEntry(head.version(), directory.number(), 0, 0, 0, Map.of(), null));
      var inode = tx.inode(directory);
      if (inode != null) {
        var edit = inode.edit();
        edit.attributesPending = mount.mount().policy().posixMetadata();
        tx.put(edit.changed(tx.nowNanos()).freeze());
      }
    }
    if (tx.dirty(directory) != null) {
      tx.deleteDirty(directory);
    }
  }

  /** An object that was to be deleted was changed by somebody else: it stays and shows again. */
  void keptForeign(Tx tx, ActiveMount mount, String key, ObjectHead head) throws IOException {
    var number = mount.mount().number();
    noteWriter(tx, mount, head);
    tx.deleteJob(number, key);
    tx.deleteRemote(number, key);
    tx.deleteStaleKey(number, key);
    var path = key.substring(mount.mount().prefix().length());
    var names = new NamespaceEdit(tx, mount);
    var plain = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    var name = names.resolve(plain);
    var parent = name == null ? null : names.directory(name.directory());
    if (name != null && parent != null && !path.endsWith("/")) {
      if (tx.dirent(number, name.directory(), name.name()) == null) {
        names.addFile(parent, name.name(), key, head.version());
      }
    } else {
      listAgain(names, plain);
    }
    names.finish();
    tx.putConflict(
        number,
        new Conflict(
            path, path, tx.nowNanos(), "deleted here while it was changed in the bucket: kept"));
    count(tx, number);
  }

  /** An object stays that was to be deleted: it shows again. */
  void shownAgain(Tx tx, ActiveMount mount, String key, ObjectVersion version) throws IOException {
    var number = mount.mount().number();
    tx.deleteRemote(number, key);
    tx.deleteStaleKey(number, key);
    var path = key.substring(mount.mount().prefix().length());
    var names = new NamespaceEdit(tx, mount);
    var name = names.resolve(path);
    var parent = name == null ? null : names.directory(name.directory());
    if (name == null || parent == null) {
      listAgain(names, path);
    } else if (tx.dirent(number, name.directory(), name.name()) == null) {
      names.addFile(parent, name.name(), key, version);
    }
    names.finish();
  }

  /** Lets the nearest directory that exists above a path be listed at its next use. */
  private static void listAgain(NamespaceEdit names, String path) throws IOException {
    var directory = nearestDirectory(names, path);
    if (directory != null) {
      directory.imported = false;
    }
  }

  /** The nearest directory that exists above a path; null where there is none. */
  static Inode.@Nullable Edit nearestDirectory(NamespaceEdit names, String path)
      throws IOException {
    for (var end = path.lastIndexOf('/'); end >= 0; end = path.lastIndexOf('/', end - 1)) {
      var name = names.resolve(path.substring(0, end) + "/x");
      if (name != null) {
        return names.directory(name.directory());
      }
      if (end == 0) {
        break;
      }
    }
    return names.directory(FileId.ROOT_INODE);
  }

  /** Notes that something cannot be exported. */
  static void failed(Tx tx, Subject subject, String reason, long pauseNanos) throws IOException {
    var until = tx.nowNanos() + pauseNanos;
    if (subject.isInode()) {
      var dirty = tx.dirty(subject.inodeKey());
      if (dirty != null) {
        tx.putDirty(subject.inodeKey(), dirty.failed(reason, until));
      }
    } else {
      var dirty = tx.stale(subject.mount(), subject.key());
      if (dirty != null) {
        tx.putStale(subject.mount(), subject.key(), dirty.failed(reason, until));
      }
    }
  }
}
