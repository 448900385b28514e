package io.bucketfs.core.importer;

import io.bucketfs.core.content.Snapshots;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Looks at one key with a HEAD, and takes in what is there as a listing would. */
final class KeyLook {
  private final Committer committer;
  private final MetadataCache cache;
  private final Snapshots snapshots;
  private final RecentExports recent;
  private final MountTallies tallies;
  private final BucketReads reads;
  private final ChangeMeters meters;

  KeyLook(
      Committer committer,
      MetadataCache cache,
      Snapshots snapshots,
      RecentExports recent,
      MountTallies tallies,
      BucketReads reads,
      Meters meters) {
    this.committer = committer;
    this.cache = cache;
    this.snapshots = snapshots;
    this.recent = recent;
    this.tallies = tallies;
    this.reads = reads;
    this.meters = new ChangeMeters(meters);
  }

  /** Looks at a key. */
  Changes look(ActiveMount mount, String key, Imported imported) throws FileSystemException {
    var number = mount.mount().number();
    try (var observation = recent.observe()) {
      var head = reads.ask(number, () -> mount.store().head(key));
      var changes =
          committer.commit(tx -> {
            var step = new PageImport(tx, mount, snapshots, observation, tallies, imported);
            if (head == null) {
              step.gone(key);
              goneDirectories(tx, step, mount, key);
            } else {
              step.object(key, head.version());
            }
            step.names().finish();
            if (head != null) {
              attributes(tx, mount, key, head);
            }
            return step.changes();
          });
      meters.add(changes);
      return changes;
    }
  }

  /** Directories that nothing shows any longer, from the key's upwards. */
  private static void goneDirectories(Tx tx, PageImport step, ActiveMount mount, String key)
      throws IOException {
    var names = step.names();
    var path = key.substring(mount.mount().prefix().length());
    var name = names.resolve(path.endsWith("/") ? path + "x" : path);
    var number = mount.mount().number();
    var directory = name == null ? null : new InodeKey(number, name.directory());
    while (directory != null) {
      var inode = names.directory(directory.number());
      var at = names.directoryPath(directory.number());
      directory =
          inode == null || at == null || !inode.imported || tx.dirty(directory) != null
              ? null
              : step.goneDirectory(directory, mount.keyOf(at + "/"));
    }
  }

  /** The HEAD has the metadata too, which so cost no request of their own. */
  private void attributes(Tx tx, ActiveMount mount, String key, ObjectHead head)
      throws IOException {
    var number = mount.mount().number();
    var remote = tx.remote(number, key);
    if (remote == null || !remote.version().mayEqual(head.version())) {
      return;
    }
    var inode = new InodeKey(number, remote.inode());
    var attributes = new AttributeImport(tx, mount, snapshots, tallies);
    if (key.endsWith("/")) {
      attributes.directory(inode, key, head);
    } else if (!AttributeImport.isSymlink(head)) {
      attributes.attributes(inode, key, head, null);
    }
  }

  /**
   * Whether what becomes of a key is anything to the namespace: it is known, or would be a new name
   * in a directory whose names are known.
   */
  boolean matters(ActiveMount mount, String key) throws IOException {
    var number = mount.mount().number();
    if (isKnown(mount, key)) {
      return true;
    }
    var path = key.substring(mount.mount().prefix().length());
    var directory = inode(new InodeKey(number, FileId.ROOT_INODE));
    for (var from = 0; directory != null && directory.imported(); ) {
      var slash = path.indexOf('/', from);
      if (slash < 0) {
        return true;
      }
      var name = new DirentKey(number, directory.key().number(), path.substring(from, slash));
      var child = cache.child(name, Patience.FOREVER);
      var inode = child == null ? null : inode(new InodeKey(number, child));
      if (inode == null || !inode.isDirectory()) {
        return true;
      }
      directory = inode;
      from = slash + 1;
    }
    return false;
  }

  /** Whether an object was seen or written at a key. */
  boolean isKnown(ActiveMount mount, String key) throws IOException {
    return cache.store().get(Family.REMOTE, Keys.text(mount.mount().number(), key)) != null;
  }

  private @Nullable Inode inode(InodeKey key) throws IOException {
    return cache.inode(key, Patience.FOREVER);
  }
}
