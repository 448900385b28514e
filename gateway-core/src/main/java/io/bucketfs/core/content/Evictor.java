package io.bucketfs.core.content;

import io.bucketfs.core.content.References.Liveness;
import io.bucketfs.core.content.References.Mapping;
import io.bucketfs.core.content.References.Reference;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.ExtentStore.FileInfo;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives disk space back, by whole extent files: those in which nothing is live any more at once,
 * and above the high-water mark those that are worth least ({@link Victims}) and are not all dirty.
 * Of such a file the clean extents are dropped (their bytes are in S3), the dirty ones are appended
 * to the write log again, synced and mapped there, and only then the file is deleted. Dirty data is
 * never dropped.
 *
 * <p>What is clean gets a second chance where it is worth more than what was dropped of late: it is
 * appended to the fills again, as a copy of what is in S3. In the mean over some files at most half
 * is kept like that, so that eviction gets on also where everything is read again and again.
 *
 * <p>A record that several files share is judged for each of them: who has it in S3 too lets go of
 * it, and for all others it is written once more, not once for each.
 *
 * <p>A file that may hold records which no metadata reflects yet is left alone.
 */
final class Evictor {
  private static final Logger LOG = LoggerFactory.getLogger(Evictor.class);
  private static final Duration STOP = Duration.ofSeconds(30);
  private static final Duration SWEEP = Duration.ofSeconds(10);

  /** After so many new extent files those that were written last are looked at. */
  private static final int LOOK_AFTER_FILES = 4;

  /** How many of them. */
  private static final int LOOK_AT_FILES = 32;

  /**
   * A file is worth evicting where at least one part in so many of it is not dirty: half, and where
   * there is none such, a quarter. As no more than six tenths of the cap are dirty, some file is.
   */
  private static final List<Integer> GAINS_MIN = List.of(2, 4);

  private static final int GAIN_LEAST = GAINS_MIN.getLast();

  /** Gets a second chance: what is worth so many times what was dropped of late. */
  private static final int SECOND_CHANCE = 2;

  /** How much the file that is dropped counts for what was dropped of late. */
  private static final double LATELY = 1.0 / 8;

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
  private final Uses uses;
  private final Victims victims;
  private final KeptBytes staying;
  private final Relocation relocation;
  private final Meters.Counter droppedBytes;
  private final Meters.Counter keptBytes;

  /** What may be given a second chance before more is dropped; used by the evictor's task only. */
  private long chanceBytes;

  /** What a byte of the files that were dropped of late was worth; as {@link #chanceBytes}. */
  private double droppedWorth;

  private final Map<Long, Long> restingUntil = new HashMap<>();
  private final Signal signal = new Signal();

  /** The file that was the last one when it looked for dead ones. */
  private volatile long lookedAt;

  /** When it looked at all files; used by the evictor's task only. */
  private long sweptNanos;

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
      Uses uses,
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
    this.uses = uses;
    victims = new Victims(uses);
    staying = new KeptBytes(extents, cache, pins, space, execution);
    relocation = new Relocation(extents, committer, table, floor, fillFloor, uses);
    this.execution = execution;
    sweptNanos = execution.nanoTime() - SWEEP.toNanos();
    droppedBytes = meters.counter("cache_evicted_bytes");
    keptBytes = meters.counter("cache_second_chance_bytes");
  }

  void start() {
    ended = new CompletableFuture<>();
    execution.fork("evictor", this::loop);
    execution.schedule(SWEEP, "evictor-sweep", this::sweep);
  }

  void wake() {
    signal.raise();
  }

  /**
   * Notes where a write went. What is written over and over leaves one dead file after the other,
   * of which the next ones can be made. Any thread, not waiting.
   */
  void wrote(long file) {
    if (file - lookedAt >= LOOK_AFTER_FILES) {
      lookedAt = file;
      signal.raise();
    }
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
          deleteDead(toLookAt());
          while (!stopped && isShort() && evictLeast()) {
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
    var present = new TreeSet<Long>();
    files.forEach(file -> present.add(file.file()));
    uses.retain(present, space.effectiveBytesMax());
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

  /** All files every now and then, and where room is short; else the ones written last. */
  private List<FileInfo> toLookAt() {
    var candidates = candidates();
    var now = execution.nanoTime();
    if (now - sweptNanos >= SWEEP.toNanos() || space.excessBytes() > 0) {
      sweptNanos = now;
      return candidates;
    }
    var writes = candidates.stream().filter(file -> file.stream() == Stream.WRITE).toList();
    return writes.subList(Math.max(0, writes.size() - LOOK_AT_FILES), writes.size());
  }

  /** Whether a file has to go, now that no spare one is left. */
  private boolean isShort() throws IOException {
    if (space.excessBytes() > 0 && extents.spareBytes() > 0) {
      extents.trim();
    }
    return space.excessBytes() > 0;
  }

  private void deleteDead(List<FileInfo> files) throws IOException, FileSystemException {
    var dead = new ArrayList<Long>();
    for (var file : files) {
      if (stopped) {
        return;
      }
      if (References.of(cache.store(), file.file(), 1).isEmpty()) {
        dead.add(file.file());
      }
    }
    delete(dead);
  }

  private void delete(List<Long> files) throws IOException, FileSystemException {
    if (files.isEmpty()) {
      return;
    }
    committer.commit(tx -> {
      for (var file : files) {
        tx.deleteFile(file);
      }
      return null;
    });
    for (var file : files) {
      extents.delete(file);
    }
  }

  /** Frees the file that is worth least of those with something clean in them; false for none. */
  private boolean evictLeast() throws IOException, FileSystemException {
    staying.countPins();
    var candidates = victims.inOrder(candidates(), space.effectiveBytesMax());
    restingUntil.keySet().retainAll(candidates.stream().map(FileInfo::file).toList());
    for (var gainMin : GAINS_MIN) {
      if (evictLeast(candidates, gainMin)) {
        return true;
      }
    }
    return false;
  }

  private boolean evictLeast(List<FileInfo> candidates, int gainMin)
      throws IOException, FileSystemException {
    var now = execution.nanoTime();
    for (var file : candidates) {
      var until = restingUntil.get(file.file());
      if (until != null && until - now > 0) {
        continue;
      }
      var stays = staying.of(file.file());
      var gain = file.sizeBytes() - stays.dirty() - stays.pinned();
      if (gain < file.sizeBytes() / gainMin) {
        if (gainMin == GAIN_LEAST) {
          restingUntil.put(file.file(), now + REST.toNanos());
        }
        continue;
      }
      try {
        evict(file, stays.pinned());
        staying.evicted(stays);
        return true;
      } catch (IOException e) {
        // Others can be freed all the same.
        LOG.error("Extent file {} cannot be evicted; it is tried again", file.file(), e);
        restingUntil.put(file.file(), now + REST_BROKEN.toNanos());
      }
    }
    return false;
  }

  /**
   * Frees a file.
   *
   * @param pinnedMax how many of its clean bytes stay because they are pinned
   */
  private void evict(FileInfo info, long pinnedMax) throws IOException, FileSystemException {
    var file = info.file();
    var pinnedLeft = pinnedMax;
    droppedWorth += LATELY * (uses.worth(file, info.sizeBytes()).perByte() - droppedWorth);
    chanceBytes = Math.min(chanceBytes + info.sizeBytes() / 2, CHANCE_FILES * info.sizeBytes());
    while (!stopped) {
      var references = References.of(cache.store(), file, References.A_TRANSACTION);
      if (references.isEmpty()) {
        delete(List.of(file));
        return;
      }
      pinnedLeft -= keepPinned(file, references, pinnedLeft);
      chanceBytes -= keepUsed(file, references, chanceBytes);
      for (var shared : References.byRecord(dropClean(file, references))) {
        relocation.move(shared);
      }
    }
  }

  /** Moves what is clean and pinned; returns how many bytes. */
  private long keepPinned(long file, List<Reference> references, long bytesMax)
      throws FileSystemException, IOException {
    if (bytesMax <= 0 || pins.isEmpty()) {
      return 0;
    }
    var held = new HashSet<InodeKey>();
    for (var reference : references) {
      if (pins.holds(reference.inode())) {
        held.add(reference.inode());
      }
    }
    return keep(file, references, bytesMax, (reference, _) -> held.contains(reference.inode()));
  }

  /**
   * Gives what is clean and worth it a second chance.
   *
   * @return how many bytes it took
   */
  private long keepUsed(long file, List<Reference> references, long bytesMax)
      throws FileSystemException, IOException {
    if (bytesMax <= 0) {
      return 0;
    }
    return keep(
        file,
        references,
        bytesMax,
        (_, extent) -> uses.worth(extent).perByte() >= SECOND_CHANCE * droppedWorth);
  }

  /** Appends what is clean and chosen to the fills again. */
  private long keep(
      long file, List<Reference> references, long bytesMax, BiPredicate<Reference, Extent> isChosen)
      throws FileSystemException {
    var read =
        committer.commit(tx -> {
          var found = new ArrayList<Mapping>();
          for (var reference : references) {
            var extent = References.mapped(tx, file, reference);
            if (extent != null
                && isChosen.test(reference, extent)
                && References.liveness(tx, reference, extent) == Liveness.CLEAN) {
              found.add(new Mapping(reference, extent));
            }
          }
          return found;
        });
    var bytes = 0L;
    for (var shared : References.byRecord(read)) {
      if (bytes >= bytesMax) {
        break;
      }
      bytes += relocation.copyToFills(shared);
    }
    keptBytes.add(bytes);
    return bytes;
  }

  /** Drops what S3 has too, in one transaction; returns what has to stay. */
  private List<Mapping> dropClean(long file, List<Reference> references)
      throws FileSystemException {
    return committer.commit(tx -> {
      var kept = new ArrayList<Mapping>();
      for (var reference : references) {
        var extent = References.mapped(tx, file, reference);
        if (extent == null) {
          continue;
        }
        var live = References.liveness(tx, reference, extent);
        if (live == Liveness.DIRTY) {
          kept.add(new Mapping(reference, extent));
          continue;
        }
        if (live == Liveness.DEAD) {
          tx.deleteExtent(reference.inode().mount(), reference.content(), extent);
          continue;
        }
        tx.deleteExtent(reference.inode().mount(), reference.content(), extent);
        tx.afterCommit(() -> {
          droppedBytes.add(extent.length());
          uses.dropped(reference.inode().mount(), reference.content(), extent);
          var present = table.present(reference.inode());
          if (present != null) {
            present.dropped(reference.content(), extent);
          }
        });
      }
      return kept;
    });
  }
}
