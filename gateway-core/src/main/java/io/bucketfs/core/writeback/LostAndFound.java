package io.bucketfs.core.writeback;

import io.bucketfs.core.importer.NamespaceEdit;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.object.KeyRules;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Dirent;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps lost+found within its bounds, where a mount has any: its files are local, and nothing else
 * ever makes room of them. The oldest go first.
 */
final class LostAndFound {
  static final Duration EVERY = Duration.ofMinutes(10);
  private static final Logger LOG = LoggerFactory.getLogger(LostAndFound.class);
  private static final int PAGE = 256;

  /** A file in there, by its name, oldest first. */
  private record Kept(String name, InodeKey inode, long bytes, long changedNanos) {}

  private final MountTable mounts;
  private final MetadataCache cache;
  private final Committer committer;
  private final Execution execution;
  private final Meters.Counter removed;

  LostAndFound(
      MountTable mounts,
      MetadataCache cache,
      Committer committer,
      Execution execution,
      Meters meters) {
    this.mounts = mounts;
    this.cache = cache;
    this.committer = committer;
    this.execution = execution;
    removed = meters.counter("lost_and_found_removed");
  }

  /** Removes what is too old or too much, of all mounts. */
  void run() throws IOException, FileSystemException {
    for (var mount : mounts.all()) {
      var bounds = mount.mount().policy().conflicts();
      if (bounds.lostAndFoundLifetime() != null
          || bounds.lostAndFoundBytesMax() != Long.MAX_VALUE) {
        trim(mount, bounds.lostAndFoundLifetime(), bounds.lostAndFoundBytesMax());
      }
    }
  }

  private void trim(ActiveMount mount, @Nullable Duration lifetime, long bytesMax)
      throws IOException, FileSystemException {
    var number = mount.mount().number();
    var dirent =
        cache
            .store()
            .get(Family.DIRENTS, Keys.dirent(number, FileId.ROOT_INODE, KeyRules.LOST_AND_FOUND));
    if (dirent == null) {
      return;
    }
    var directory = Dirent.decode(dirent).inode();
    var kept = new ArrayDeque<Kept>();
    var bytes = read(number, directory, kept);
    var oldest =
        lifetime == null ? Long.MIN_VALUE : Committer.nanos(execution.now()) - lifetime.toNanos();
    var count = 0;
    while (!kept.isEmpty()) {
      var file = kept.remove();
      if (file.changedNanos() < oldest || bytes > bytesMax) {
        bytes -= file.bytes();
        count += remove(mount, directory, file) ? 1 : 0;
      }
    }
    if (count > 0) {
      removed.add(count);
      LOG.warn(
          "{} files were removed from lost+found of mount {}: they were too old or too many",
          count,
          mount.mount().name());
    }
  }

  private long read(int mount, long directory, ArrayDeque<Kept> kept) throws IOException {
    var bytes = 0L;
    var from = Keys.cookie(mount, directory, 0);
    var to = Keys.cookie(mount, directory + 1, 0);
    while (true) {
      var page = cache.store().scan(Family.COOKIES, from, to, PAGE);
      for (var entry : page) {
        var reader = new RecordReader(entry.value());
        var key = new InodeKey(mount, reader.i64());
        var inode = cache.inode(key, Patience.FOREVER);
        if (inode != null) {
          kept.add(new Kept(reader.restText(), key, inode.sizeBytes(), inode.changeNanos()));
          bytes += inode.sizeBytes();
        }
      }
      if (page.size() < PAGE) {
        return bytes;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  /** Removes a file unless it was renamed or changed meanwhile. */
  private boolean remove(ActiveMount mount, long directory, Kept file) throws FileSystemException {
    var number = mount.mount().number();
    return committer.commit(tx -> {
      var names = new NamespaceEdit(tx, mount);
      var parent = names.directory(directory);
      var dirent = tx.dirent(number, directory, file.name());
      var inode = tx.inode(file.inode());
      if (parent == null
          || dirent == null
          || dirent.inode() != file.inode().number()
          || inode == null
          || inode.changeNanos() != file.changedNanos()) {
        return false;
      }
      names.removeFile(parent, file.name(), dirent, inode);
      names.finish();
      return true;
    });
  }
}
