package io.bucketfs.core.importer;

import io.bucketfs.core.content.Snapshots;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.Paths;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Brings what is in the bucket into the namespace: a directory's listing at its first use, an
 * object's attributes when they are first asked for, and what became of an object that is not what
 * it was.
 *
 * <p>Requests are made outside of transactions; each transaction decides again on what is committed
 * by then.
 */
public final class Importer implements Importing {
  private static final int PAGE_KEYS = 1_000;
  private static final int SCAN_PAGE = 256;

  private final Committer committer;
  private final MetadataCache cache;
  private final MountTable mounts;
  private final Snapshots snapshots;
  private final RecentExports recent;
  private final MountTallies tallies;
  private final BucketReads reads;
  private final Flights<InodeKey, Inode> listings;
  private final Flights<InodeKey, Inode> trees;
  private final Flights<InodeKey, Inode> attributes;
  private final Flights<InodeKey, Boolean> refreshes;
  private final Meters.Counter listedKeys;

  public Importer(
      Committer committer,
      MetadataCache cache,
      MountTable mounts,
      Snapshots snapshots,
      RecentExports recent,
      MountTallies tallies,
      Execution execution,
      ImportLimits limits,
      Meters meters) {
    this.committer = committer;
    this.cache = cache;
    this.mounts = mounts;
    this.snapshots = snapshots;
    this.recent = recent;
    this.tallies = tallies;
    reads = new BucketReads(execution, limits, meters);
    listings = new Flights<>(execution, "import-list");
    trees = new Flights<>(execution, "import-tree");
    attributes = new Flights<>(execution, "import-attributes");
    refreshes = new Flights<>(execution, "import-refresh");
    listedKeys = meters.counter("import_listed_keys");
  }

  // Listings.

  @Override
  public Inode ensureListed(Inode directory, Patience patience) throws FileSystemException {
    if (directory.imported() || !directory.isDirectory()) {
      return directory;
    }
    return listings.get(directory.key(), () -> list(directory.key()), patience);
  }

  private Inode list(InodeKey directory) throws FileSystemException, IOException {
    while (true) {
      var inode = require(directory);
      if (inode.imported()) {
        return inode;
      }
      var mount = mounts.require(directory.mount());
      var prefix = prefixOf(mount, directory);
      try (var observation = recent.observe()) {
        var listed = listPages(mount, inode, prefix, "/", observation);
        if (listed.isPresent()) {
          return listed.get();
        }
      }
    }
  }

  /** Imports all pages; empty where the directory was renamed meanwhile. */
  private Optional<Inode> listPages(
      ActiveMount mount,
      Inode directory,
      String prefix,
      @Nullable String delimiter,
      RecentExports.Observation observation)
      throws FileSystemException {
    String continuation = null;
    var newest = 0L;
    while (true) {
      var request = new ObjectStore.ListRequest(prefix, delimiter, continuation, PAGE_KEYS);
      var page = reads.ask(mount.mount().number(), () -> mount.store().list(request));
      if (page == null) {
        throw new FileSystemException(FsError.IO, "the bucket does not exist");
      }
      listedKeys.add(page.entries().size());
      for (var entry : page.entries()) {
        newest = Math.max(newest, ObjectForm.modifyNanos(entry.version(), 0));
      }
      continuation = page.continuation();
      var last = continuation == null;
      var time = newest;
      var inode =
          committer.commit(tx -> {
            var step = new PageImport(tx, mount, snapshots, observation, tallies);
            var path = step.names().directoryPath(directory.key().number());
            if (path == null) {
              throw new FileSystemException(FsError.STALE);
            }
            if (!prefix.equals(mount.keyOf(path.isEmpty() ? "" : path + "/"))) {
              return Optional.<Inode>empty();
            }
            step.apply(page);
            var edit = step.names().directory(directory.key().number());
            if (edit == null) {
              throw new FileSystemException(FsError.STALE);
            }
            if (last) {
              edit.imported = true;
              if (edit.attributesPending && time != 0) {
                edit.modifyNanos = time;
              }
            }
            step.names().finish();
            return Optional.of(edit.freeze());
          });
      if (inode.isEmpty() || last) {
        return inode;
      }
    }
  }

  private Inode require(InodeKey key) throws FileSystemException, IOException {
    var inode = cache.inode(key, Patience.FOREVER);
    if (inode == null) {
      throw new FileSystemException(FsError.STALE);
    }
    return inode;
  }

  /** The prefix of a directory's children, which is also the key of its marker. */
  private String prefixOf(ActiveMount mount, InodeKey directory)
      throws FileSystemException, IOException {
    var path = Paths.directoryPath(directory, (InodeKey key) -> cache.inode(key, Patience.FOREVER));
    if (path == null) {
      throw new FileSystemException(FsError.STALE);
    }
    return mount.keyOf(path.isEmpty() ? "" : path + "/");
  }

  @Override
  public void ensureTreeListed(Inode directory, Patience patience) throws FileSystemException {
    if (directory.isDirectory()) {
      trees.get(directory.key(), () -> listTree(directory.key()), patience);
    }
  }

  /** Lists each directory below that is not known yet with all that is below it. */
  private Inode listTree(InodeKey top) throws FileSystemException, IOException {
    var left = new ArrayDeque<Inode>();
    left.add(require(top));
    while (!left.isEmpty()) {
      var directory = left.poll();
      if (!directory.imported()) {
        listWhole(directory.key());
      }
      left.addAll(directoriesIn(directory.key()));
    }
    return require(top);
  }

  private void listWhole(InodeKey directory) throws FileSystemException, IOException {
    var mount = mounts.require(directory.mount());
    var listed = Optional.<Inode>empty();
    while (listed.isEmpty()) {
      try (var observation = recent.observe()) {
        listed =
            listPages(mount, require(directory), prefixOf(mount, directory), null, observation);
      }
    }
    var left = new ArrayDeque<InodeKey>();
    left.add(directory);
    while (!left.isEmpty()) {
      var children = directoriesIn(left.poll());
      for (var from = 0; from < children.size(); from += SCAN_PAGE) {
        setImported(children.subList(from, Math.min(children.size(), from + SCAN_PAGE)));
      }
      children.forEach(child -> left.add(child.key()));
    }
  }

  private void setImported(List<Inode> directories) throws FileSystemException {
    var unknown = directories.stream().filter(directory -> !directory.imported()).toList();
    if (unknown.isEmpty()) {
      return;
    }
    committer.commit(tx -> {
      for (var directory : unknown) {
        var inode = tx.inode(directory.key());
        if (inode != null) {
          var edit = inode.edit();
          edit.imported = true;
          tx.put(edit.freeze());
        }
      }
      return true;
    });
  }

  private List<Inode> directoriesIn(InodeKey directory) throws IOException {
    var found = new ArrayList<Inode>();
    var from = Keys.cookie(directory.mount(), directory.number(), 0);
    var to = Keys.cookie(directory.mount(), directory.number() + 1, 0);
    while (true) {
      var page = cache.store().scan(Family.COOKIES, from, to, SCAN_PAGE);
      for (var entry : page) {
        var child = new InodeKey(directory.mount(), new RecordReader(entry.value()).i64());
        var inode = cache.inode(child, Patience.FOREVER);
        if (inode != null && inode.isDirectory()) {
          found.add(inode);
        }
      }
      if (page.size() < SCAN_PAGE) {
        return found;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  // Attributes.

  @Override
  public Inode ensureAttributes(Inode inode, Patience patience) throws FileSystemException {
    if (!inode.attributesPending()) {
      return inode;
    }
    return attributes.get(inode.key(), () -> readAttributes(inode.key()), patience);
  }

  @Override
  public void prefetchAttributes(Iterable<Inode> inodes) {
    for (var inode : inodes) {
      if (inode.attributesPending()) {
        attributes.prefetch(inode.key(), () -> readAttributes(inode.key()));
      }
    }
  }

  private Inode readAttributes(InodeKey key) throws FileSystemException, IOException {
    while (true) {
      var inode = require(key);
      if (!inode.attributesPending()) {
        return inode;
      }
      var mount = mounts.require(key.mount());
      if (inode.isDirectory()) {
        readMarker(mount, inode);
      } else {
        readHead(mount, inode);
      }
    }
  }

  private void readMarker(ActiveMount mount, Inode directory)
      throws FileSystemException, IOException {
    var key = directory.key();
    ensureListed(directory, Patience.FOREVER);
    var marker = prefixOf(mount, key);
    var remote = cache.store().get(Family.REMOTE, Keys.text(key.mount(), marker));
    var head = remote == null ? null : head(mount, marker);
    committer.commit(tx ->
        new AttributeImport(tx, mount, snapshots, tallies).directory(key, marker, head) != null);
  }

  private void readHead(ActiveMount mount, Inode file) throws FileSystemException, IOException {
    var content = file.content();
    var base = content == null ? null : content.base();
    if (base == null) {
      clearPending(file.key());
      return;
    }
    try (var observation = recent.observe()) {
      var head = head(mount, base.key());
      if (head == null) {
        if (!settle(mount, file.key(), base, null, observation)) {
          clearPending(file.key());
        }
        return;
      }
      var target = AttributeImport.isSymlink(head) ? target(mount, base.key(), head) : null;
      committer.commit(tx ->
          new AttributeImport(tx, mount, snapshots, tallies)
                  .attributes(file.key(), base.key(), head, target)
              != null);
    }
  }

  private void clearPending(InodeKey key) throws FileSystemException {
    committer.commit(tx -> {
      var edit = tx.requireInode(key).edit();
      edit.attributesPending = false;
      tx.put(edit.freeze());
      return true;
    });
  }

  private @Nullable ObjectHead head(ActiveMount mount, String key) throws FileSystemException {
    return reads.ask(mount.mount().number(), () -> mount.store().head(key));
  }

  /** The body of a symlink's object; null where it was replaced meanwhile. */
  private byte @Nullable [] target(ActiveMount mount, String key, ObjectHead head)
      throws FileSystemException {
    var last = new AtomicReference<SmallBody>();
    var answer =
        reads.ask(
            mount.mount().number(),
            () -> {
              var sink = new SmallBody();
              last.set(sink);
              return mount.store().get(key, head.version(), 0, head.version().sizeBytes(), sink);
            });
    return answer == null ? null : last.get().bytes();
  }

  // Objects that are not what they were.

  @Override
  public void refresh(Inode file, Patience patience) throws FileSystemException {
    var content = file.content();
    var base = content == null ? null : content.base();
    if (base == null) {
      return;
    }
    var changed = refreshes.get(file.key(), () -> lookAgain(file.key(), base), patience);
    if (!changed) {
      throw new FileSystemException(
          FsError.IO, "the object that holds the rest of the file is gone: " + base.key());
    }
  }

  /** Whether it is worth reading again. */
  private boolean lookAgain(InodeKey key, Content.Base seen)
      throws FileSystemException, IOException {
    var mount = mounts.require(key.mount());
    try (var observation = recent.observe()) {
      var head = head(mount, seen.key());
      return settle(mount, key, seen, head, observation)
          || (head != null && head.version().mayEqual(seen.version()));
    }
  }

  private boolean settle(
      ActiveMount mount,
      InodeKey key,
      Content.Base seen,
      @Nullable ObjectHead head,
      RecentExports.Observation observation)
      throws FileSystemException {
    return committer.commit(tx -> {
      if (tx.job(key.mount(), seen.key()) != null
          || observation.isOutdated(key.mount(), seen.key())) {
        return true;
      }
      return new AttributeImport(tx, mount, snapshots, tallies).replaced(key, seen, head);
    });
  }
}
