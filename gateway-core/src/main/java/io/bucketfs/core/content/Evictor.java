package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.ExtentStore.FileInfo;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives disk space back, by whole extent files: those in which nothing is live any more at once,
 * and above the high-water mark the oldest ones with something clean in them. Of such a file the
 * clean extents are dropped (their bytes are in S3), the dirty ones are appended to the write log
 * again, synced and mapped there, and only then the file is deleted. Dirty data is never dropped.
 *
 * <p>A record that several files share is judged for each of them: who has it in S3 too lets go of
 * it, and for all others it is written once more, not once for each.
 *
 * <p>A file that may hold records which no metadata reflects yet is left alone.
 */
final class Evictor {
  private static final Logger LOG = LoggerFactory.getLogger(Evictor.class);
  private static final int REFERENCES_A_TRANSACTION = 256;
  private static final Duration SWEEP = Duration.ofSeconds(10);

  private final ExtentStore extents;
  private final Committer committer;
  private final MetadataCache cache;
  private final ContentTable table;
  private final LogFloor floor;
  private final LogFloor fillFloor;
  private final DiskSpace space;
  private final Execution execution;
  private final Meters.Counter droppedBytes;
  private final Signal signal = new Signal();
  private volatile boolean stopped;

  Evictor(
      ExtentStore extents,
      Committer committer,
      MetadataCache cache,
      ContentTable table,
      LogFloor floor,
      LogFloor fillFloor,
      DiskSpace space,
      Execution execution,
      Meters meters) {
    this.extents = extents;
    this.committer = committer;
    this.cache = cache;
    this.table = table;
    this.floor = floor;
    this.fillFloor = fillFloor;
    this.space = space;
    this.execution = execution;
    droppedBytes = meters.counter("cache_evicted_bytes");
  }

  /** What maps a record of a file. */
  private record Reference(InodeKey inode, long content, long offset) {}

  /** An extent that has to stay, and where it is mapped. */
  private record Kept(Reference reference, Extent extent) {}

  void start() {
    execution.fork("evictor", this::loop);
    execution.schedule(SWEEP, "evictor-sweep", this::sweep);
  }

  void wake() {
    signal.raise();
  }

  void stop() {
    stopped = true;
    signal.raise();
  }

  private void sweep() {
    if (!stopped) {
      signal.raise();
      execution.schedule(SWEEP, "evictor-sweep", this::sweep);
    }
  }

  private void loop() {
    try {
      while (true) {
        signal.await();
        if (stopped) {
          return;
        }
        try {
          deleteDead();
          while (!stopped && space.excessBytes() > 0 && evictOldest()) {
            // Each turn frees another file.
          }
        } catch (FileSystemException | IOException e) {
          LOG.error("Eviction failed; it is tried again", e);
          execution.sleep(SWEEP);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private List<FileInfo> candidates() {
    // The floors before the files: a record that is appended meanwhile is above its floor.
    var writes = floor.floor().file();
    var fills = fillFloor.floor().file();
    var files = extents.files();
    var newest = files.isEmpty() ? 0 : files.getLast().file();
    return files.stream()
        .filter(file -> !file.open() && file.file() < newest)
        .filter(file ->
            switch (file.stream()) {
              case WRITE -> file.file() < writes;
              case FILL -> file.file() < fills;
            })
        .toList();
  }

  private void deleteDead() throws IOException, FileSystemException {
    for (var file : candidates()) {
      if (references(file.file(), 1).isEmpty()) {
        delete(file.file());
      }
    }
  }

  private void delete(long file) throws IOException, FileSystemException {
    committer.commit(tx -> {
      tx.deleteFile(file);
      return null;
    });
    extents.delete(file);
  }

  /** Frees the oldest file that has something clean in it; false where there is none. */
  private boolean evictOldest() throws IOException, FileSystemException {
    for (var file : candidates()) {
      if (evict(file.file())) {
        return true;
      }
    }
    return false;
  }

  private List<Reference> references(long file, int max) throws IOException {
    return references(
        cache.store().scan(Family.REFERENCES, Keys.number(file), Keys.number(file + 1), max));
  }

  /** Some who map a record. */
  private static List<Reference> references(Tx tx, ExtentRecord record) throws IOException {
    return references(
        tx.scan(
            Family.REFERENCES,
            Keys.record(record.file(), record.position()),
            Keys.record(record.file(), record.position() + 1),
            REFERENCES_A_TRANSACTION));
  }

  private static List<Reference> references(List<Entry> entries) {
    var found = new ArrayList<Reference>(entries.size());
    for (var entry : entries) {
      var key = new RecordReader(entry.key());
      key.i64();
      key.i64();
      var mount = key.i32();
      var content = key.i64();
      var inode = new InodeKey(mount, new RecordReader(entry.value()).i64());
      found.add(new Reference(inode, content, key.i64()));
    }
    return found;
  }

  private boolean evict(long file) throws IOException, FileSystemException {
    if (!hasClean(file)) {
      return false;
    }
    while (true) {
      var references = references(file, REFERENCES_A_TRANSACTION);
      if (references.isEmpty()) {
        delete(file);
        return true;
      }
      for (var shared : byRecord(dropClean(file, references))) {
        move(shared);
      }
    }
  }

  private boolean hasClean(long file) throws IOException {
    for (var reference : references(file, Integer.MAX_VALUE)) {
      var inode = cache.inode(reference.inode, Patience.FOREVER);
      var content = inode == null ? null : inode.content();
      if (content == null || content.id() != reference.content || !content.isDirty()) {
        return true;
      }
      var stored =
          cache
              .store()
              .get(
                  Family.EXTENTS,
                  Keys.extent(reference.inode.mount(), reference.content, reference.offset));
      if (stored != null) {
        var extent =
            Extent.ofEntry(
                new Entry(
                    Keys.extent(reference.inode.mount(), reference.content, reference.offset),
                    stored));
        if (extent.sequence() <= content.exportedSequence()) {
          return true;
        }
      }
    }
    return false;
  }

  /** Drops what S3 has too, in one transaction; returns what has to stay. */
  private List<Kept> dropClean(long file, List<Reference> references) throws FileSystemException {
    return committer.commit(tx -> {
      var kept = new ArrayList<Kept>();
      for (var reference : references) {
        var extent = mapped(tx, file, reference);
        if (extent == null) {
          continue;
        }
        var inode = tx.inode(reference.inode);
        var content = inode == null ? null : inode.content();
        if (content == null || content.id() != reference.content) {
          // Of a content that waits for the reaper: nobody reads it any more.
          tx.deleteExtent(reference.inode.mount(), reference.content, extent);
          continue;
        }
        if (!content.hasInBase(extent)) {
          kept.add(new Kept(reference, extent));
          continue;
        }
        tx.deleteExtent(reference.inode.mount(), reference.content, extent);
        tx.afterCommit(() -> {
          droppedBytes.add(extent.length());
          var present = table.present(reference.inode);
          if (present != null) {
            present.dropped(reference.content, extent);
          }
        });
      }
      return kept;
    });
  }

  private static @Nullable Extent mapped(Tx tx, long file, Reference reference) throws IOException {
    for (var extent :
        tx.extents(
            reference.inode.mount(), reference.content, reference.offset, reference.offset + 1)) {
      var record = extent.record();
      if (extent.offset() == reference.offset && record != null && record.file() == file) {
        return extent;
      }
    }
    return null;
  }

  /** Extents of the same record together; references come in the order of records. */
  private static List<List<Kept>> byRecord(List<Kept> kept) {
    var groups = new ArrayList<List<Kept>>();
    for (var keep : kept) {
      if (groups.isEmpty()
          || !groups.getLast().getLast().extent.requireRecord().equals(keep.extent.record())) {
        groups.add(new ArrayList<>());
      }
      groups.getLast().add(keep);
    }
    return groups;
  }

  /**
   * Appends what is dirty of a record to the write log again, and maps it there for all who share
   * it. The copy's header names one of them; it is not replayed, as it is no newer than that one's
   * metadata.
   */
  private void move(List<Kept> shared) throws IOException, FileSystemException {
    var first = shared.getFirst();
    var old = first.extent.requireRecord();
    var from = Integer.MAX_VALUE;
    var to = 0;
    for (var kept : shared) {
      from = Math.min(from, kept.extent.skip());
      to = Math.max(to, kept.extent.skip() + (int) kept.extent.length());
    }
    var start = from;
    var mark = floor.mark();
    try {
      var data = extents.read(old, start, to - start, Patience.FOREVER);
      ExtentRecord copy;
      try {
        copy =
            extents.append(
                ExtentStore.Stream.WRITE,
                first.reference.inode.mount(),
                first.reference.inode.number(),
                first.reference.content,
                first.extent.sequence(),
                Math.max(0, first.extent.offset() - (first.extent.skip() - start)),
                data);
      } finally {
        data.release();
      }
      extents.sync(List.of(copy));
      while (!committer.commit(tx -> remap(tx, old, start, copy))) {
        // Each turn maps some of them.
      }
    } finally {
      mark.release();
    }
  }

  /**
   * Maps extents of a record in its copy; returns whether there were no more than one turn takes.
   */
  private boolean remap(Tx tx, ExtentRecord old, int start, ExtentRecord copy) throws IOException {
    var references = references(tx, old);
    var changed = false;
    for (var reference : references) {
      var from = mapped(tx, old.file(), reference);
      if (from == null
          || from.skip() < start
          || from.skip() + from.length() > start + copy.length()
          || isClean(tx, reference, from)) {
        continue;
      }
      var to = new Extent(from.offset(), from.length(), from.sequence(), copy, from.skip() - start);
      tx.deleteExtent(reference.inode.mount(), reference.content, from);
      tx.putExtent(reference.inode, reference.content, to);
      changed = true;
      tx.afterCommit(() -> {
        var present = table.present(reference.inode);
        if (present != null) {
          present.moved(reference.content, from, to);
        }
      });
    }
    return !changed || references.size() < REFERENCES_A_TRANSACTION;
  }

  private static boolean isClean(Tx tx, Reference reference, Extent extent) throws IOException {
    var inode = tx.inode(reference.inode);
    var content = inode == null ? null : inode.content();
    return content == null || content.id() != reference.content || content.hasInBase(extent);
  }
}
