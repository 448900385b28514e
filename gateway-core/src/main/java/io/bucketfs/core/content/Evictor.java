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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives disk space back, by whole extent files: those in which nothing is live any more at once,
 * and above the high-water mark the oldest ones that are not all dirty. Of such a file the clean
 * extents are dropped (their bytes are in S3), the dirty ones are appended to the write log again,
 * synced and mapped there, and only then the file is deleted. Dirty data is never dropped.
 *
 * <p>What is clean gets a second chance where it was used since its file was full: it is appended
 * to the fills again, as a copy of what is in S3. In the mean over some files at most half is kept
 * like that, so that eviction gets on also where everything is read again and again.
 *
 * <p>A record that several files share is judged for each of them: who has it in S3 too lets go of
 * it, and for all others it is written once more, not once for each.
 *
 * <p>A file that may hold records which no metadata reflects yet is left alone.
 */
final class Evictor {
  private static final Logger LOG = LoggerFactory.getLogger(Evictor.class);
  private static final int REFERENCES_A_TRANSACTION = 256;
  private static final Duration STOP = Duration.ofSeconds(30);
  private static final Duration SWEEP = Duration.ofSeconds(10);

  /**
   * A file is worth evicting where at least one part in so many of it is not dirty: half, and where
   * there is none such, a quarter. As no more than six tenths of the cap are dirty, some file is.
   */
  private static final List<Integer> GAINS_MIN = List.of(2, 4);

  private static final int GAIN_LEAST = GAINS_MIN.getLast();

  /**
   * How often what is pinned is counted, at most, and how much longer than that took is between.
   */
  private static final Duration COUNT_EVERY = Duration.ofSeconds(10);

  private static final int COUNT_SHARE = 20;

  /** How many files' worth of second chances is saved up while nothing needs them. */
  private static final int CHANCE_FILES = 4;

  /** How long a file that is not worth it is left alone. */
  private static final Duration REST = Duration.ofSeconds(5);

  /** As {@link #REST}, of one in which something cannot be read. */
  private static final Duration REST_BROKEN = Duration.ofMinutes(5);

  private final ExtentStore extents;
  private final Committer committer;
  private final MetadataCache cache;
  private final ContentTable table;
  private final LogFloor floor;
  private final LogFloor fillFloor;
  private final DiskSpace space;
  private final Execution execution;
  private final Pins pins;
  private final Meters.Counter droppedBytes;
  private final Meters.Counter keptBytes;

  /** What may be given a second chance before more is dropped; used by the evictor's task only. */
  private long chanceBytes;

  /** Pinned bytes above what may be pinned; used by the evictor's task only. */
  private long excessPinnedBytes;

  private long pinsCountedAgain = Long.MIN_VALUE;

  private final Map<Long, Long> restingUntil = new HashMap<>();
  private final Signal signal = new Signal();
  private volatile boolean stopped;

  /** Completed when its task is over; at once where it was never begun. */
  private volatile CompletableFuture<@Nullable Void> ended =
      CompletableFuture.completedFuture(null);

  Evictor(
      ExtentStore extents,
      Committer committer,
      MetadataCache cache,
      ContentTable table,
      LogFloor floor,
      LogFloor fillFloor,
      DiskSpace space,
      Pins pins,
      Execution execution,
      Meters meters) {
    this.extents = extents;
    this.committer = committer;
    this.cache = cache;
    this.table = table;
    this.floor = floor;
    this.fillFloor = fillFloor;
    this.space = space;
    this.pins = pins;
    this.execution = execution;
    droppedBytes = meters.counter("cache_evicted_bytes");
    keptBytes = meters.counter("cache_second_chance_bytes");
  }

  /** What maps a record of a file. */
  private record Reference(InodeKey inode, long content, long offset) {}

  /** What an extent that somebody maps is worth. */
  private enum Liveness {
    /** Of a content that waits for the reaper: nobody reads it any more. */
    DEAD,
    /** In S3 too. */
    CLEAN,
    DIRTY
  }

  /** An extent that has to stay, and where it is mapped. */
  private record Kept(Reference reference, Extent extent) {}

  void start() {
    ended = new CompletableFuture<>();
    execution.fork("evictor", this::loop);
    execution.schedule(SWEEP, "evictor-sweep", this::sweep);
  }

  void wake() {
    signal.raise();
  }

  /** Returns once it leaves the files alone, or seems to hang. */
  void stop() {
    stopped = true;
    signal.raise();
    try {
      execution.await(ended, Patience.atMost(STOP, execution.nanoTime()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException | ExecutionException e) {
      LOG.warn("Eviction goes on while the gateway stops", e);
    }
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
    } finally {
      ended.complete(null);
    }
  }

  private List<FileInfo> candidates() {
    // The floors before the files: a record that is appended meanwhile is above its floor.
    var writes = floor.floor().file();
    var fills = fillFloor.floor().file();
    var files = extents.files();
    var newest = files.isEmpty() ? 0 : files.getLast().file();
    return files.stream()
        // What is pinned makes no room before it is let go.
        .filter(file -> !file.open() && !file.pinned() && file.file() < newest)
        .filter(file ->
            switch (file.stream()) {
              case WRITE -> file.file() < writes;
              case FILL -> file.file() < fills;
            })
        .toList();
  }

  private void deleteDead() throws IOException, FileSystemException {
    for (var file : candidates()) {
      if (!stopped && references(file.file(), 1).isEmpty()) {
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
    countPins();
    var candidates = candidates();
    restingUntil.keySet().retainAll(candidates.stream().map(FileInfo::file).toList());
    for (var gainMin : GAINS_MIN) {
      if (evictOldest(candidates, gainMin)) {
        return true;
      }
    }
    return false;
  }

  private boolean evictOldest(List<FileInfo> candidates, int gainMin)
      throws IOException, FileSystemException {
    var now = execution.nanoTime();
    for (var file : candidates) {
      var until = restingUntil.get(file.file());
      if (until != null && until - now > 0) {
        continue;
      }
      var kept = keptBytes(file.file());
      var pinned = Math.max(0, kept.pinnedBytes - excessPinnedBytes);
      var gain = file.sizeBytes() - kept.dirtyBytes - pinned;
      if (gain < file.sizeBytes() / gainMin) {
        if (gainMin == GAIN_LEAST) {
          restingUntil.put(file.file(), now + REST.toNanos());
        }
        continue;
      }
      try {
        evict(file, pinned);
        excessPinnedBytes -= kept.pinnedBytes - pinned;
        return true;
      } catch (IOException e) {
        // Others can be freed all the same.
        LOG.error("Extent file {} cannot be evicted; it is tried again", file.file(), e);
        restingUntil.put(file.file(), now + REST_BROKEN.toNanos());
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

  /**
   * Frees a file.
   *
   * @param pinnedMax how many of its clean bytes stay because they are pinned
   */
  private void evict(FileInfo info, long pinnedMax) throws IOException, FileSystemException {
    var file = info.file();
    var pinnedLeft = pinnedMax;
    chanceBytes = Math.min(chanceBytes + info.sizeBytes() / 2, CHANCE_FILES * info.sizeBytes());
    while (!stopped) {
      var references = references(file, REFERENCES_A_TRANSACTION);
      if (references.isEmpty()) {
        delete(file);
        return;
      }
      pinnedLeft -= keepPinned(file, references, pinnedLeft);
      chanceBytes -= keepUsed(file, references, chanceBytes);
      for (var shared : byRecord(dropClean(file, references))) {
        move(shared);
      }
    }
  }

  /** Counts what is pinned, now and then; not at all where nothing is. */
  private void countPins() throws IOException {
    var began = execution.nanoTime();
    if (pins.isEmpty()) {
      excessPinnedBytes = 0;
      space.pinned(0);
      return;
    }
    if (began < pinsCountedAgain) {
      return;
    }
    var bytes = 0L;
    for (var file : extents.files()) {
      bytes += keptBytes(file.file()).pinnedBytes;
    }
    space.pinned(bytes);
    excessPinnedBytes = Math.max(0, bytes - space.pinnedBytesMax());
    var now = execution.nanoTime();
    pinsCountedAgain = now + Math.max(COUNT_EVERY.toNanos(), COUNT_SHARE * (now - began));
  }

  /** What of a file does not make way. */
  private record KeptBytes(long dirtyBytes, long pinnedBytes) {}

  /** What of a file is dirty, at most, and what of the rest is pinned. */
  private KeptBytes keptBytes(long file) throws IOException {
    var dirty = 0L;
    var pinned = 0L;
    var isPinned = new HashMap<InodeKey, Boolean>();
    for (var reference : references(file, Integer.MAX_VALUE)) {
      var inode = cache.inode(reference.inode, Patience.FOREVER);
      var content = inode == null ? null : inode.content();
      if (content == null || content.id() != reference.content) {
        continue;
      }
      var holds = isPinned.get(reference.inode);
      if (holds == null) {
        holds = pins.holds(reference.inode);
        isPinned.put(reference.inode, holds);
      }
      if (!content.isDirty() && !holds) {
        continue;
      }
      var key = Keys.extent(reference.inode.mount(), reference.content, reference.offset);
      var stored = cache.store().get(Family.EXTENTS, key);
      var extent = stored == null ? null : Extent.ofEntry(new Entry(key, stored));
      if (extent == null) {
        continue;
      }
      if (!content.hasInBase(extent)) {
        dirty += extent.length();
      } else if (holds) {
        pinned += extent.length();
      }
    }
    return new KeptBytes(dirty, pinned);
  }

  /** Moves what is clean and pinned; returns how many bytes. */
  private long keepPinned(long file, List<Reference> references, long bytesMax)
      throws FileSystemException, IOException {
    if (bytesMax <= 0 || pins.isEmpty()) {
      return 0;
    }
    var held = new HashSet<InodeKey>();
    for (var reference : references) {
      if (pins.holds(reference.inode)) {
        held.add(reference.inode);
      }
    }
    return keep(file, references, bytesMax, (reference, _) -> held.contains(reference.inode));
  }

  /**
   * Gives what is clean and was used a second chance.
   *
   * @return how many bytes it took
   */
  private long keepUsed(long file, List<Reference> references, long bytesMax)
      throws FileSystemException, IOException {
    if (bytesMax <= 0) {
      return 0;
    }
    return keep(file, references, bytesMax, (_, extent) -> extents.wasUsed(extent.requireRecord()));
  }

  /** Appends what is clean and chosen to the fills again. */
  private long keep(
      long file, List<Reference> references, long bytesMax, BiPredicate<Reference, Extent> isChosen)
      throws FileSystemException {
    var read =
        committer.commit(tx -> {
          var found = new ArrayList<Kept>();
          for (var reference : references) {
            var extent = mapped(tx, file, reference);
            if (extent != null
                && isChosen.test(reference, extent)
                && liveness(tx, reference, extent) == Liveness.CLEAN) {
              found.add(new Kept(reference, extent));
            }
          }
          return found;
        });
    var bytes = 0L;
    for (var shared : byRecord(read)) {
      if (bytes >= bytesMax) {
        break;
      }
      bytes += copyToFills(shared);
    }
    keptBytes.add(bytes);
    return bytes;
  }

  /** Appends clean bytes to the fills and maps them there; they need not be durable. */
  private int copyToFills(List<Kept> shared) throws FileSystemException {
    var part = Part.of(shared);
    var mark = fillFloor.mark();
    try {
      var copy = copy(ExtentStore.Stream.FILL, shared.getFirst(), part, 0);
      committer.commit(tx -> {
        for (var kept : shared) {
          var from = mapped(tx, part.record.file(), kept.reference);
          if (from != null
              && part.holds(from)
              && liveness(tx, kept.reference, from) == Liveness.CLEAN) {
            replace(tx, kept.reference, from, part.at(from, copy, 0));
          }
        }
        return null;
      });
      return copy.length();
    } catch (IOException e) {
      LOG.debug("What was to be kept cannot be read and is dropped", e);
      return 0;
    } finally {
      mark.release();
    }
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
        var live = liveness(tx, reference, extent);
        if (live == Liveness.DIRTY) {
          kept.add(new Kept(reference, extent));
          continue;
        }
        if (live == Liveness.DEAD) {
          tx.deleteExtent(reference.inode.mount(), reference.content, extent);
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

  /** The part of a record that extents need. */
  private record Part(ExtentRecord record, int from, int to) {
    static Part of(List<Kept> shared) {
      var from = Integer.MAX_VALUE;
      var to = 0;
      for (var kept : shared) {
        from = Math.min(from, kept.extent.skip());
        to = Math.max(to, kept.extent.skip() + (int) kept.extent.length());
      }
      return new Part(shared.getFirst().extent.requireRecord(), from, to);
    }

    boolean holds(Extent extent) {
      return record.equals(extent.record())
          && extent.skip() >= from
          && extent.skip() + extent.length() <= to;
    }

    /** Where an extent is in a copy of the part. */
    Extent at(Extent extent, ExtentRecord copy, long sequence) {
      return new Extent(extent.offset(), extent.length(), sequence, copy, extent.skip() - from);
    }
  }

  /** Appends a part of a record to a stream again. The header names one of those who map it. */
  private ExtentRecord copy(ExtentStore.Stream stream, Kept first, Part part, long sequence)
      throws IOException {
    var data = extents.read(part.record, part.from, part.to - part.from, Patience.FOREVER);
    try {
      return extents.append(
          stream,
          first.reference.inode.mount(),
          first.reference.inode.number(),
          first.reference.content,
          sequence,
          Math.max(0, first.extent.offset() - (first.extent.skip() - part.from)),
          data);
    } finally {
      data.release();
    }
  }

  /**
   * Appends what is dirty of a record to the write log again, and maps it there for all who share
   * it. The copy is not replayed, as it is no newer than the metadata of whom its header names.
   */
  private void move(List<Kept> shared) throws IOException, FileSystemException {
    var part = Part.of(shared);
    var mark = floor.mark();
    try {
      var first = shared.getFirst();
      var copy = copy(ExtentStore.Stream.WRITE, first, part, first.extent.sequence());
      extents.sync(List.of(copy));
      while (!committer.commit(tx -> remap(tx, part, copy))) {
        // Each turn maps some of them.
      }
    } finally {
      mark.release();
    }
  }

  /**
   * Maps extents of a record in its copy; returns whether there were no more than one turn takes.
   */
  private boolean remap(Tx tx, Part part, ExtentRecord copy) throws IOException {
    var references = references(tx, part.record);
    var changed = false;
    for (var reference : references) {
      var from = mapped(tx, part.record.file(), reference);
      if (from != null && part.holds(from) && liveness(tx, reference, from) == Liveness.DIRTY) {
        replace(tx, reference, from, part.at(from, copy, from.sequence()));
        changed = true;
      }
    }
    return !changed || references.size() < REFERENCES_A_TRANSACTION;
  }

  private void replace(Tx tx, Reference reference, Extent from, Extent to) throws IOException {
    tx.deleteExtent(reference.inode.mount(), reference.content, from);
    tx.putExtent(reference.inode, reference.content, to);
    tx.afterCommit(() -> {
      var present = table.present(reference.inode);
      if (present != null) {
        present.moved(reference.content, from, to);
      }
    });
  }

  private static Liveness liveness(Tx tx, Reference reference, Extent extent) throws IOException {
    var inode = tx.inode(reference.inode);
    var content = inode == null ? null : inode.content();
    if (content == null || content.id() != reference.content) {
      return Liveness.DEAD;
    }
    return content.hasInBase(extent) ? Liveness.CLEAN : Liveness.DIRTY;
  }
}
