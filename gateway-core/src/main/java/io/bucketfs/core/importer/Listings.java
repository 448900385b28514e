package io.bucketfs.core.importer;

import io.bucketfs.core.content.Snapshots;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.Paths;
import io.bucketfs.core.store.Transaction;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lists directories, for the first time or again, page by page: each page is compared with what is
 * known of its range ({@link PageComparison}), and what differs is committed before the next page
 * is asked for. Each page is an observation of its own, so that a listing that takes minutes does
 * not lose to everything that happens meanwhile (CORRECTNESS 14).
 */
final class Listings {
  private static final Logger LOG = LoggerFactory.getLogger(Listings.class);
  private static final int PAGE_KEYS = 1_000;
  private static final ObjectStore.Listing NOTHING =
      new ObjectStore.Listing(List.of(), List.of(), null);

  private final Committer committer;
  private final MetadataCache cache;
  private final Snapshots snapshots;
  private final RecentExports recent;
  private final MountTallies tallies;
  private final BucketReads reads;
  private final Meters.Counter listedKeys;
  private final ChangeMeters changeMeters;

  /** Mounts whose store does not list in the order of UTF-8. */
  private final Set<Integer> unordered = ConcurrentHashMap.newKeySet();

  Listings(
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
    listedKeys = meters.counter("import_listed_keys");
    changeMeters = new ChangeMeters(meters);
  }

  /**
   * What a listing found.
   *
   * @param directory its new state; null where it was renamed meanwhile, or is gone
   * @param pages requests that it took
   */
  record Listed(@Nullable Inode directory, Changes changes, int pages) {}

  /** Lists the children of a directory. */
  Listed list(ActiveMount mount, Inode directory, Imported imported)
      throws FileSystemException, IOException {
    return new Pass(mount, directory, prefixOf(mount, directory.key()), "/", imported).run();
  }

  /** Lists everything below a directory that is not known yet. */
  Listed listWhole(ActiveMount mount, Inode directory) throws FileSystemException, IOException {
    return new Pass(mount, directory, prefixOf(mount, directory.key()), null, Imported.ALL).run();
  }

  /** The prefix of a directory's children, which is also the key of its marker. */
  String prefixOf(ActiveMount mount, InodeKey directory) throws FileSystemException, IOException {
    var path = Paths.directoryPath(directory, (InodeKey key) -> cache.inode(key, Patience.FOREVER));
    if (path == null) {
      throw new FileSystemException(FsError.STALE);
    }
    return mount.keyOf(path.isEmpty() ? "" : path + "/");
  }

  /** One listing of one directory. Used by one thread. */
  private final class Pass {
    private final ActiveMount mount;
    private final int number;
    private final Inode directory;
    private final String prefix;
    private final @Nullable String delimiter;
    private final Imported imported;
    private final boolean isFirst;
    private Changes changes = Changes.NONE;
    private long newest;
    private boolean moved;

    Pass(
        ActiveMount mount,
        Inode directory,
        String prefix,
        @Nullable String delimiter,
        Imported imported) {
      this.mount = mount;
      this.number = mount.mount().number();
      this.directory = directory;
      this.prefix = prefix;
      this.delimiter = delimiter;
      this.isFirst = !directory.imported();
      this.imported = isFirst ? Imported.ALL : imported;
    }

    Listed run() throws FileSystemException, IOException {
      String continuation = null;
      var left = PageRange.all(number, prefix);
      var pages = 0;
      var shown = 0L;
      do {
        try (var observation = recent.observe()) {
          var page = page(continuation);
          continuation = page.continuation();
          pages++;
          shown += page.entries().size() + page.commonPrefixes().size();
          var range = continuation == null ? left : left.upTo(number, page);
          var believed = isBelieved(left, page, pages == 1 && continuation == null);
          left = left.after(range);
          take(page, believed ? range : null, observation);
          if (continuation == null && !moved) {
            end(shown == 0, observation);
          }
        }
      } while (continuation != null && !moved);
      if (!isFirst) {
        changeMeters.add(changes);
      }
      return new Listed(moved ? null : inode(directory.key()), changes, pages);
    }

    private ObjectStore.Listing page(@Nullable String continuation) throws FileSystemException {
      var request = new ObjectStore.ListRequest(prefix, delimiter, continuation, PAGE_KEYS);
      var page = reads.ask(number, () -> mount.store().list(request));
      if (page == null) {
        throw new FileSystemException(FsError.IO, "the bucket does not exist");
      }
      listedKeys.add(page.entries().size());
      for (var entry : page.entries()) {
        newest = Math.max(newest, ObjectForm.modifyNanos(entry.version(), 0));
      }
      return page;
    }

    /** Whether what a page does not show is not there. */
    private boolean isBelieved(PageRange left, ObjectStore.Listing page, boolean isWhole) {
      if (delimiter == null || unordered.contains(number)) {
        return delimiter != null && isWhole;
      }
      if (isWhole || left.isOrdered(number, page)) {
        return true;
      }
      if (unordered.add(number)) {
        LOG.warn(
            "Bucket {} does not list keys in the order of UTF-8: deletions by others are only"
                + " noticed in directories of up to {} entries",
            mount.mount().location().bucket(),
            PAGE_KEYS);
      }
      return false;
    }

    private void take(
        ObjectStore.Listing page, @Nullable PageRange range, RecentExports.Observation observation)
        throws FileSystemException, IOException {
      if (delimiter == null) {
        commit(PageDifference.ofListed(page), observation);
      } else {
        compare(directory, prefix, page, range, observation);
      }
    }

    private void compare(
        Inode listed,
        String at,
        ObjectStore.Listing page,
        @Nullable PageRange range,
        RecentExports.Observation observation)
        throws FileSystemException, IOException {
      new PageComparison(cache, mount.mount(), listed, at)
          .compare(
              page,
              range,
              new PageComparison.Sink() {
                @Override
                public void differs(PageDifference difference) throws FileSystemException {
                  commit(difference, observation);
                }

                @Override
                public void directoryGone(Inode child) throws FileSystemException, IOException {
                  if (imported.deleted()) {
                    gone(child, at + child.name() + "/", observation);
                  }
                }
              });
    }

    /** Takes in that nothing is there below a directory: as if it had been listed and was empty. */
    private void gone(Inode child, String at, RecentExports.Observation observation)
        throws FileSystemException, IOException {
      compare(child, at, NOTHING, PageRange.all(number, at), observation);
      commit(observation, true, step -> step.goneDirectory(child.key(), at));
    }

    private void commit(PageDifference difference, RecentExports.Observation observation)
        throws FileSystemException {
      // Nobody is shown a first listing before its end, which makes durable what came before it.
      commit(observation, !isFirst, step -> step.apply(difference));
    }

    /** What one transaction takes in. */
    @FunctionalInterface
    private interface Step {
      void run(PageImport step) throws IOException;
    }

    private void commit(RecentExports.Observation observation, boolean durably, Step step)
        throws FileSystemException {
      if (moved) {
        return;
      }
      Transaction<@Nullable Changes> taken =
          tx -> {
            var page = new PageImport(tx, mount, snapshots, observation, tallies, imported);
            if (!isInPlace(page.names())) {
              return null;
            }
            step.run(page);
            page.names().finish();
            return page.changes();
          };
      var found = durably ? committer.commit(taken) : committer.apply(taken);
      if (found == null) {
        moved = true;
      } else {
        changes = changes.plus(found);
      }
    }

    private boolean isInPlace(NamespaceEdit names) throws IOException {
      var path = names.directoryPath(directory.key().number());
      return path != null
          && names.directory(directory.key().number()) != null
          && prefix.equals(mount.keyOf(path.isEmpty() ? "" : path + "/"));
    }

    /** Notes that all is known, and takes the directory away where there is nothing. */
    private void end(boolean isEmpty, RecentExports.Observation observation)
        throws FileSystemException {
      if (isFirst) {
        commit(
            observation,
            true,
            step -> {
              var edit = step.names().directory(directory.key().number());
              if (edit != null) {
                edit.imported = true;
                if (newest != 0
                    && (edit.attributesPending || !mount.mount().policy().posixMetadata())) {
                  edit.modifyNanos = newest;
                }
              }
            });
      } else if (isEmpty && delimiter != null && !directory.isRoot()) {
        commit(observation, true, step -> step.goneDirectory(directory.key(), prefix));
      }
    }
  }

  private @Nullable Inode inode(InodeKey key) throws IOException {
    return cache.inode(key, Patience.FOREVER);
  }
}
