package io.bucketfs.core.residency;

import io.bucketfs.core.importer.Importing;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Visits the files below a path, in memory for its depth. What stays local by nature, lost+found,
 * is left out.
 */
final class TreeWalk {
  private static final int SCAN_PAGE = 256;

  private final MetadataCache cache;
  private final Importing importing;

  TreeWalk(MetadataCache cache, Importing importing) {
    this.cache = cache;
    this.importing = importing;
  }

  /** Whether directories that are not known yet are listed in the bucket, or passed over. */
  enum Unknown {
    LIST,
    PASS_OVER
  }

  /** What is done with a regular file. */
  @FunctionalInterface
  interface Visitor {
    /** Returns whether to go on. */
    boolean visit(Inode file, String path)
        throws FileSystemException, IOException, InterruptedException;
  }

  /**
   * The inode at a path.
   *
   * @param path inside the mount, without slashes around it; empty for its root
   */
  Inode resolve(int mount, String path) throws FileSystemException, IOException {
    var at = cache.inode(new InodeKey(mount, FileId.ROOT_INODE), Patience.FOREVER);
    for (var from = 0; at != null && from < path.length(); ) {
      var slash = path.indexOf('/', from);
      var to = slash < 0 ? path.length() : slash;
      var known = importing.ensureListed(at, Patience.FOREVER).key();
      var child =
          cache.child(
              new DirentKey(mount, known.number(), path.substring(from, to)), Patience.FOREVER);
      at = child == null ? null : cache.inode(new InodeKey(mount, child), Patience.FOREVER);
      from = to + 1;
    }
    if (at == null) {
      throw new FileSystemException(FsError.NOT_FOUND, "there is no " + path);
    }
    return at;
  }

  /** An entry of a directory. */
  private record Child(InodeKey key, String path) {}

  /** A directory on the way. */
  private final class Level {
    private final InodeKey directory;
    private final String path;
    private byte[] from;
    private Iterator<Child> page = List.<Child>of().iterator();
    private boolean last;

    Level(InodeKey directory, String path) {
      this.directory = directory;
      this.path = path;
      from = Keys.cookie(directory.mount(), directory.number(), 0);
    }

    @Nullable Child next() throws IOException {
      if (!page.hasNext() && !last) {
        var to = Keys.cookie(directory.mount(), directory.number() + 1, 0);
        var entries = cache.store().scan(Family.COOKIES, from, to, SCAN_PAGE);
        last = entries.size() < SCAN_PAGE;
        if (!last) {
          from = Keys.after(entries.getLast().key());
        }
        page = entries.stream().map(this::childOf).iterator();
      }
      return page.hasNext() ? page.next() : null;
    }

    private Child childOf(Entry entry) {
      var value = new RecordReader(entry.value());
      var key = new InodeKey(directory.mount(), value.i64());
      var name = value.restText();
      return new Child(key, path.isEmpty() ? name : path + "/" + name);
    }
  }

  /** Visits a file, or all files below a directory. */
  void run(Inode top, String path, Unknown unknown, Visitor visitor)
      throws FileSystemException, IOException, InterruptedException {
    if (!top.isDirectory()) {
      if (top.content() != null) {
        visitor.visit(top, path);
      }
      return;
    }
    var levels = new ArrayDeque<Level>();
    enter(levels, top, path, unknown);
    while (!levels.isEmpty()) {
      var level = levels.getLast();
      var next = level.next();
      if (next == null) {
        levels.removeLast();
        continue;
      }
      var child = cache.inode(next.key, Patience.FOREVER);
      if (child == null || child.localOnly()) {
        continue;
      }
      if (child.isDirectory()) {
        enter(levels, child, next.path, unknown);
      } else if (child.content() != null && !visitor.visit(child, next.path)) {
        return;
      }
    }
  }

  private void enter(ArrayDeque<Level> levels, Inode directory, String path, Unknown unknown)
      throws FileSystemException {
    if (unknown == Unknown.LIST) {
      importing.ensureListed(directory, Patience.FOREVER);
    }
    levels.addLast(new Level(directory.key(), path));
  }
}
