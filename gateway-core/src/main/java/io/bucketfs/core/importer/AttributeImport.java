package io.bucketfs.core.importer;

import io.bucketfs.core.content.Snapshots;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.object.KeyRules;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.PosixAttributes;
import io.bucketfs.core.object.PosixMetadata;
import io.bucketfs.core.object.Xattrs;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileType;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What the head of one object changes, in one transaction. */
final class AttributeImport {
  /** Longest target of a symlink. */
  static final int TARGET_BYTES_MAX = 4_096;

  private static final int NAMES_MAX = 1_024;

  private final Tx tx;
  private final ActiveMount mount;
  private final int number;
  private final Snapshots snapshots;
  private final MountTallies tallies;

  AttributeImport(Tx tx, ActiveMount mount, Snapshots snapshots, MountTallies tallies) {
    this.tx = tx;
    this.mount = mount;
    this.number = mount.mount().number();
    this.snapshots = snapshots;
    this.tallies = tallies;
  }

  /** Whether an object with this head is to be shown as a symlink, whose target is its body. */
  static boolean isSymlink(ObjectHead head) {
    var size = head.version().sizeBytes();
    return size > 0
        && size <= TARGET_BYTES_MAX
        && PosixMetadata.decode(head.metadata(), NOTHING).attributes().type() == FileType.SYMLINK;
  }

  private static final PosixAttributes NOTHING =
      new PosixAttributes(FileType.FILE, 0, 0, 0, 0, 0, 0, null, Xattrs.NONE);

  /**
   * Gives a file whose attributes are pending those of its object. What was changed here meanwhile
   * wins.
   *
   * @param target the body, where the object is a symlink
   * @return the file now, or null where it is gone
   */
  @Nullable Inode attributes(InodeKey key, String object, ObjectHead head, byte @Nullable [] target)
      throws IOException {
    var file = tx.inode(key);
    if (file == null || !file.attributesPending()) {
      return file;
    }
    var base = file.content() == null ? null : file.content().base();
    if (base == null || !base.key().equals(object)) {
      return file;
    }
    if (!base.version().mayEqual(head.version()) && isClean(file)) {
      new NamespaceEdit(tx, mount).rebase(file, object, head.version());
      file = tx.inode(key);
      if (file == null) {
        return null;
      }
    }
    tx.afterCommit(() -> tallies.others().saw(mount.mount(), head));
    var decoded =
        PosixMetadata.decode(head.metadata(), ObjectForm.attributesOf(mount.mount(), file));
    var shown = with(file, decoded.attributes(), target);
    tx.put(shown);
    var remote = tx.remote(number, object);
    if (remote != null && remote.inode() == key.number()) {
      var content = shown.content();
      tx.putRemote(
          number,
          object,
          new RemoteEntry(
              remote.version().mayEqual(head.version())
                  ? remote.version().completedBy(head.version())
                  : remote.version(),
              remote.inode(),
              content == null ? 0 : remote.content(),
              remote.contentSequence(),
              ObjectForm.metadataHash(mount.mount(), shown),
              decoded.foreign(),
              head.contentType(),
              head.headers()));
    }
    return shown;
  }

  private Inode with(Inode file, PosixAttributes attributes, byte @Nullable [] target) {
    var type = attributes.type();
    if (type == FileType.DIRECTORY || (type == FileType.SYMLINK && target == null)) {
      type = FileType.FILE;
    }
    var edit = new Inode.Edit(file.key(), type);
    edit.links = file.links();
    edit.accessNanos = file.accessNanos();
    edit.change = file.change();
    set(edit, attributes);
    if (type == FileType.FILE) {
      edit.sizeBytes = file.sizeBytes();
      edit.content = file.content();
    } else {
      if (file.content() != null) {
        tx.orphan(file.key(), file.content().id());
      }
      if (target != null) {
        edit.target = target;
        edit.sizeBytes = target.length;
      }
      edit.deviceMajor = attributes.deviceMajor();
      edit.deviceMinor = attributes.deviceMinor();
    }
    return edit.changed(tx.nowNanos()).freeze();
  }

  private static void set(Inode.Edit edit, PosixAttributes attributes) {
    edit.mode = attributes.mode();
    edit.uid = attributes.uid();
    edit.gid = attributes.gid();
    edit.modifyNanos = attributes.modifyNanos();
    edit.xattrs = attributes.xattrs();
    edit.attributesPending = false;
  }

  /** Gives a directory those of its marker; null for the head says that it has none. */
  @Nullable Inode directory(InodeKey key, String marker, @Nullable ObjectHead head)
      throws IOException {
    var directory = tx.inode(key);
    if (directory == null || !directory.attributesPending()) {
      return directory;
    }
    var edit = directory.edit();
    edit.attributesPending = false;
    if (head == null) {
      var inode = edit.freeze();
      tx.put(inode);
      return inode;
    }
    var decoded =
        PosixMetadata.decode(head.metadata(), ObjectForm.attributesOf(mount.mount(), directory));
    set(edit, decoded.attributes());
    var inode = edit.changed(tx.nowNanos()).freeze();
    tx.put(inode);
    var remote = tx.remote(number, marker);
    if (remote != null && remote.version().mayEqual(head.version())) {
      tx.putRemote(
          number,
          marker,
          new RemoteEntry(
              remote.version().completedBy(head.version()),
              key.number(),
              0,
              0,
              ObjectForm.metadataHash(mount.mount(), inode),
              decoded.foreign(),
              head.contentType(),
              head.headers()));
    }
    return inode;
  }

  private boolean isClean(Inode file) throws IOException {
    var content = file.content();
    return !file.localOnly()
        && tx.dirty(file.key()) == null
        && (content == null || !content.isDirty())
        && !snapshots.isBeingWritten(file.key());
  }

  /**
   * Settles that an object is not the one that a file is based on (CORRECTNESS 19).
   *
   * @param seen the version that the file was based on when the object was looked at
   * @param head what is there now; null for nothing
   * @return whether anything changed
   */
  boolean replaced(InodeKey key, Content.Base seen, @Nullable ObjectHead head) throws IOException {
    var file = tx.inode(key);
    var base = file == null || file.content() == null ? null : file.content().base();
    if (file == null || base == null) {
      return true;
    }
    if (!base.key().equals(seen.key()) || !base.version().equals(seen.version())) {
      return true;
    }
    if (head != null && head.version().mayEqual(base.version())) {
      return false;
    }
    var name = nameOf(file, base.key());
    if (name == null) {
      return false;
    }
    if (head != null && isClean(file) && file.links() == 1) {
      new NamespaceEdit(tx, mount).rebase(file, base.key(), head.version());
      return true;
    }
    var names = new NamespaceEdit(tx, mount);
    var parent = names.directory(name.directory());
    var dirent = tx.dirent(number, name.directory(), name.name());
    if (parent == null || dirent == null) {
      return false;
    }
    if (isClean(file)) {
      names.removeFile(parent, name.name(), dirent, names.restedElsewhere(file, base.key()));
    } else {
      var path = base.key().substring(mount.mount().prefix().length());
      var reason = head == null ? "deleted in the bucket" : "changed in the bucket";
      names.moveAway(parent, name.name(), dirent, file, path, reason);
      tx.afterCommit(() -> tallies.addConflicts(number, 1));
    }
    tx.deleteRemote(number, base.key());
    if (head != null) {
      names.addFile(parent, name.name(), base.key(), head.version());
    }
    names.finish();
    return true;
  }

  /** The name of a file whose key is the given one, or null. */
  private @Nullable DirentKey nameOf(Inode file, String key) throws IOException {
    for (var name : tx.names(file.key(), NAMES_MAX)) {
      var path = tx.path(name);
      if (path != null && mount.keyOf(path).equals(key) && KeyRules.fits(key)) {
        return name;
      }
    }
    return null;
  }
}
