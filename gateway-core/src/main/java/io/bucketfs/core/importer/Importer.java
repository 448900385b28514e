package io.bucketfs.core.importer;

import io.bucketfs.core.content.LocalCopies;
import io.bucketfs.core.content.Snapshots;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
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
  private static final int SCAN_PAGE = 256;
  private static final int LOOKS_MAX = 4;

  private final Committer committer;
  private final MetadataCache cache;
  private final MountTable mounts;
  private final Snapshots snapshots;
  private final LocalCopies copies;
  private final RecentExports recent;
  private final MountTallies tallies;
  private final BucketReads reads;
  private final Execution execution;
  private final Listings pages;
  private final Revalidation revalidation;
  private final Refresh refresh;
  private final BucketEvents events;
  private final Flights<InodeKey, Inode> listings;
  private final Flights<InodeKey, Inode> trees;
  private final Flights<InodeKey, Inode> attributes;
  private final Flights<InodeKey, Boolean> refreshes;
  private final SmallFiles smallFiles;

  public Importer(
      Committer committer,
      MetadataCache cache,
      MountTable mounts,
      Snapshots snapshots,
      LocalCopies copies,
      RecentExports recent,
      MountTallies tallies,
      Execution execution,
      ImportLimits limits,
      Meters meters) {
    this.committer = committer;
    this.cache = cache;
    this.mounts = mounts;
    this.snapshots = snapshots;
    this.copies = copies;
    this.recent = recent;
    this.tallies = tallies;
    this.execution = execution;
    committer.onRemote(recent::finished);
    reads = new BucketReads(execution, limits, meters);
    pages = new Listings(committer, cache, snapshots, recent, tallies, reads, meters);
    var keys = new KeyLook(committer, cache, snapshots, recent, tallies, reads, meters);
    revalidation = new Revalidation(mounts, cache, pages, keys, execution, limits, meters);
    refresh = new Refresh(cache, this, revalidation, keys, execution);
    events = new BucketEvents(mounts, cache, keys, revalidation, execution, meters);
    listings = new Flights<>(execution, "import-list");
    trees = new Flights<>(execution, "import-tree");
    attributes = new Flights<>(execution, "import-attributes");
    refreshes = new Flights<>(execution, "import-refresh");
    smallFiles = new SmallFiles(cache, mounts, copies, this::comesByItself, this, execution);
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
      var began = execution.nanoTime();
      var mount = mounts.require(directory.mount());
      var listed = pages.list(mount, inode, Imported.ALL);
      if (listed.directory() != null) {
        revalidation.listed(directory, began, listed.pages());
        smallFiles.follow(directory);
        return listed.directory();
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
    while (pages.listWhole(mount, require(directory)).directory() == null) {
      // It was renamed meanwhile: once more by its new name.
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
    var marker = pages.prefixOf(mount, key);
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
      var comes = comesByItself(mount, file);
      var fetched =
          comes ? reads.counted(mount.mount().number(), () -> copies.fetchWithHead(file)) : null;
      var head = fetched == null ? head(mount, base.key()) : fetched;
      if (head == null) {
        if (settle(mount, file.key(), base, null, observation) == Settled.SAME) {
          clearPending(file.key());
        }
        return;
      }
      byte @Nullable [] target = null;
      if (AttributeImport.isSymlink(head)) {
        target = fetched == null ? target(mount, base.key(), head) : copies.bytes(file);
      }
      var symlink = target;
      // What a crash takes back of this is asked for again.
      committer.apply(tx ->
          !observation.isOutdated(file.key().mount(), base.key())
              && new AttributeImport(tx, mount, snapshots, tallies)
                      .attributes(file.key(), base.key(), head, symlink)
                  != null);
    }
  }

  /** Whether the data of a file come with its attributes, by the rules of its mount. */
  private boolean comesByItself(ActiveMount mount, Inode file) {
    var base = file.content() == null ? null : file.content().base();
    return base != null
        && mount
            .mount()
            .policy()
            .imports()
            .comesByItself(base.key().substring(mount.mount().prefix().length()), file.sizeBytes());
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
    for (var looks = 1; ; looks++) {
      try (var observation = recent.observe()) {
        var head = head(mount, seen.key());
        var settled = settle(mount, key, seen, head, observation);
        if (settled != Settled.OUTDATED || looks == LOOKS_MAX) {
          return settled != Settled.SAME
              || (head != null && head.version().mayEqual(seen.version()));
        }
      }
    }
  }

  /** What became of a file whose object was looked at. */
  private enum Settled {
    CHANGED,
    SAME,
    /** More became known of the object meanwhile. */
    OUTDATED
  }

  private Settled settle(
      ActiveMount mount,
      InodeKey key,
      Content.Base seen,
      @Nullable ObjectHead head,
      RecentExports.Observation observation)
      throws FileSystemException {
    return committer.commit(tx -> {
      if (tx.job(key.mount(), seen.key()) != null) {
        return Settled.CHANGED;
      }
      if (observation.isOutdated(key.mount(), seen.key())) {
        return Settled.OUTDATED;
      }
      return new AttributeImport(tx, mount, snapshots, tallies).replaced(key, seen, head)
          ? Settled.CHANGED
          : Settled.SAME;
    });
  }

  // Changes of others.

  @Override
  public boolean directoryUsed(Inode directory, Patience patience) throws FileSystemException {
    return revalidation.directoryUsed(directory, patience);
  }

  @Override
  public boolean fileUsed(Inode file, Patience patience) throws FileSystemException {
    return revalidation.fileUsed(file, patience);
  }

  @Override
  public void made(InodeKey directory) {
    revalidation.made(directory);
  }

  @Override
  public void found(Inode file, Inode directory) {
    revalidation.found(file.key(), directory.key());
  }

  /** Compares parts of a mount with its bucket at an operator's order. */
  public Refresh refresh() {
    return refresh;
  }

  /** Takes what stores tell of their objects. */
  public BucketEvents events() {
    return events;
  }
}
