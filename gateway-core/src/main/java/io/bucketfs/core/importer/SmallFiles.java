package io.bucketfs.core.importer;

import io.bucketfs.core.content.LocalCopies;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings attributes and data of small files after their directory was listed for the first time,
 * one request each, while nobody waits. It never makes anything else on the local disk give way:
 * where that is full it stops, and what is left comes when it is used.
 */
final class SmallFiles {
  private static final Logger LOG = LoggerFactory.getLogger(SmallFiles.class);
  private static final int SCAN_PAGE = 256;
  private static final int REQUESTS_MAX = 32;
  private static final int WALKERS_MAX = 4;

  /** Directories that wait; of what is beyond nothing comes by itself. */
  private static final int WAITING_MAX = 100_000;

  private final MetadataCache cache;
  private final MountTable mounts;
  private final LocalCopies copies;
  private final BiPredicate<ActiveMount, Inode> comesByItself;
  private final Importing importing;
  private final Execution execution;
  private final Semaphore requests = new Semaphore(REQUESTS_MAX);
  private final ConcurrentLinkedQueue<InodeKey> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waitingCount = new AtomicInteger();
  private final AtomicInteger walkers = new AtomicInteger();

  SmallFiles(
      MetadataCache cache,
      MountTable mounts,
      LocalCopies copies,
      BiPredicate<ActiveMount, Inode> comesByItself,
      Importing importing,
      Execution execution) {
    this.cache = cache;
    this.mounts = mounts;
    this.copies = copies;
    this.comesByItself = comesByItself;
    this.importing = importing;
    this.execution = execution;
  }

  /** Says that a directory was listed for the first time. Never waits. */
  void follow(InodeKey directory) {
    var mount = mounts.get(directory.mount());
    if (mount == null || !mount.mount().policy().imports().anyComesByItself()) {
      return;
    }
    if (waitingCount.incrementAndGet() > WAITING_MAX) {
      waitingCount.decrementAndGet();
      return;
    }
    waiting.add(directory);
    begin();
  }

  private void begin() {
    if (walkers.incrementAndGet() <= WALKERS_MAX) {
      execution.fork("import-data", this::walk);
    } else {
      walkers.decrementAndGet();
    }
  }

  private void walk() {
    try {
      for (var next = waiting.poll(); next != null; next = waiting.poll()) {
        waitingCount.decrementAndGet();
        walk(next);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      walkers.decrementAndGet();
    }
    if (!waiting.isEmpty() && !Thread.currentThread().isInterrupted()) {
      begin();
    }
  }

  private void walk(InodeKey directory) throws InterruptedException {
    var stopped = new AtomicBoolean();
    var from = Keys.cookie(directory.mount(), directory.number(), 0);
    var to = Keys.cookie(directory.mount(), directory.number() + 1, 0);
    try {
      while (!stopped.get()) {
        var page = cache.store().scan(Family.COOKIES, from, to, SCAN_PAGE);
        for (var entry : page) {
          var child = new InodeKey(directory.mount(), new RecordReader(entry.value()).i64());
          fetch(child, stopped);
        }
        if (page.size() < SCAN_PAGE) {
          return;
        }
        from = Keys.after(page.getLast().key());
      }
    } catch (IOException | FileSystemException e) {
      LOG.debug("Data of {} do not come by themselves: {}", directory, e.getMessage());
    }
  }

  /** Where attributes do not travel with objects, nobody has read them together with the data. */
  private static boolean isMissing(ActiveMount mount, Inode file) {
    var content = file.content();
    return file.attributesPending()
        || (!mount.mount().policy().posixMetadata()
            && file.sizeBytes() > 0
            && content != null
            && content.base() != null
            && !content.isDirty());
  }

  private void fetch(InodeKey key, AtomicBoolean stopped)
      throws IOException, FileSystemException, InterruptedException {
    var file = cache.inode(key, Patience.FOREVER);
    if (stopped.get()
        || file == null
        || !isMissing(mounts.require(key.mount()), file)
        || !comesByItself.test(mounts.require(key.mount()), file)) {
      return;
    }
    if (!copies.isFree(file.sizeBytes())) {
      stopped.set(true);
      return;
    }
    requests.acquire();
    execution.fork(
        "import-data",
        () -> {
          try {
            if (file.attributesPending()) {
              importing.ensureAttributes(file, Patience.FOREVER);
            } else {
              copies.fetchWithHead(file);
            }
          } catch (FileSystemException e) {
            // Others of the directory would meet the same, and who needs it asks again.
            stopped.set(true);
            LOG.debug("Data of {} do not come by themselves: {}", key, e.getMessage());
          } finally {
            requests.release();
          }
        });
  }
}
