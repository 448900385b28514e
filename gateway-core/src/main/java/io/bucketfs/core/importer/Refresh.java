package io.bucketfs.core.importer;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.runtime.Execution;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Compares a file, a directory or a tree with the bucket at an operator's order. All changes are
 * taken over, whatever the mount's policy says of those that it finds by itself. Of a tree only
 * what is known here is compared: what was never used is listed at its first use.
 */
public final class Refresh {
  private static final int SCAN_PAGE = 256;
  private static final int LISTINGS_MAX = 16;

  private final MetadataCache cache;
  private final Importing importing;
  private final Revalidation revalidation;
  private final KeyLook keys;
  private final Execution execution;

  Refresh(
      MetadataCache cache,
      Importing importing,
      Revalidation revalidation,
      KeyLook keys,
      Execution execution) {
    this.cache = cache;
    this.importing = importing;
    this.revalidation = revalidation;
    this.keys = keys;
    this.execution = execution;
  }

  /**
   * Compares what is at a path.
   *
   * @param path inside the mount, without slashes around it; empty for its root
   * @param recursive whether to go on with the directories below
   * @throws FileSystemException NOT_FOUND where there is nothing at the path, here and in the
   *     bucket
   */
  public Changes run(ActiveMount mount, String path, boolean recursive)
      throws FileSystemException, IOException, InterruptedException {
    var found = Changes.NONE;
    var at = require(new InodeKey(mount.mount().number(), FileId.ROOT_INODE));
    for (var from = 0; from < path.length(); ) {
      var slash = path.indexOf('/', from);
      var to = slash < 0 ? path.length() : slash;
      at = importing.ensureListed(at, Patience.FOREVER);
      var child = child(at, path.substring(from, to));
      if (child == null) {
        // It may be new.
        found = found.plus(revalidation.compareNow(at.key(), Imported.ALL));
        child = child(at, path.substring(from, to));
      }
      if (child == null) {
        throw new FileSystemException(FsError.NOT_FOUND, "there is no " + path);
      }
      at = child;
      from = to + 1;
    }
    if (!at.isDirectory()) {
      return found.plus(keys.look(mount, mount.keyOf(path), Imported.ALL));
    }
    if (!at.imported()) {
      importing.ensureListed(at, Patience.FOREVER);
      return found;
    }
    return found.plus(recursive ? tree(at.key()) : revalidation.compareNow(at.key(), Imported.ALL));
  }

  /** Compares directories in parallel, a bounded number at a time. */
  private Changes tree(InodeKey top) throws FileSystemException, IOException, InterruptedException {
    var work = new Tree(top);
    execution.fork("refresh", work::run);
    try {
      return execution.await(work.done, Patience.FOREVER);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof FileSystemException failure) {
        throw failure;
      }
      throw new IOException(e.getCause());
    } catch (TimeoutException e) {
      throw new IllegalStateException("waiting for ever ended", e);
    }
  }

  /** A tree under way. Those who have nothing to do end; who finds directories starts others. */
  private final class Tree {
    final CompletableFuture<Changes> done = new CompletableFuture<>();
    private final ConcurrentLinkedQueue<InodeKey> left = new ConcurrentLinkedQueue<>();
    private final AtomicInteger open = new AtomicInteger(1);
    private final AtomicInteger workers = new AtomicInteger(1);
    private final AtomicReference<Changes> changes = new AtomicReference<>(Changes.NONE);

    Tree(InodeKey top) {
      left.add(top);
    }

    void run() {
      try {
        for (var next = left.poll(); next != null && !done.isDone(); next = left.poll()) {
          var found = compare(next);
          changes.updateAndGet(before -> before.plus(found));
          below(next);
          if (open.decrementAndGet() == 0) {
            done.complete(changes.get());
          }
        }
      } catch (FileSystemException | IOException | RuntimeException e) {
        done.completeExceptionally(e);
      } finally {
        workers.decrementAndGet();
      }
    }

    private Changes compare(InodeKey directory) throws FileSystemException, IOException {
      try {
        return revalidation.compareNow(directory, Imported.ALL);
      } catch (FileSystemException e) {
        if (e.error() == FsError.STALE) {
          return Changes.NONE;
        }
        throw e;
      }
    }

    private void below(InodeKey directory) throws IOException {
      var from = Keys.cookie(directory.mount(), directory.number(), 0);
      var to = Keys.cookie(directory.mount(), directory.number() + 1, 0);
      while (true) {
        var page = cache.store().scan(Family.COOKIES, from, to, SCAN_PAGE);
        for (var entry : page) {
          var key = new InodeKey(directory.mount(), new RecordReader(entry.value()).i64());
          var inode = cache.inode(key, Patience.FOREVER);
          if (inode != null && inode.isDirectory() && inode.imported() && !inode.localOnly()) {
            open.incrementAndGet();
            left.add(key);
            if (workers.get() < LISTINGS_MAX) {
              workers.incrementAndGet();
              execution.fork("refresh", this::run);
            }
          }
        }
        if (page.size() < SCAN_PAGE) {
          return;
        }
        from = Keys.after(page.getLast().key());
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

  private @Nullable Inode child(Inode directory, String name) throws IOException {
    var key = directory.key();
    var number = cache.child(new DirentKey(key.mount(), key.number(), name), Patience.FOREVER);
    return number == null ? null : cache.inode(new InodeKey(key.mount(), number), Patience.FOREVER);
  }
}
