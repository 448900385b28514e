package io.bucketfs.cache.metadata;

import io.bucketfs.cache.TierSettings;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.runtime.Execution;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Makes another metadata store from the checkpoints and log files of one that is damaged. Nothing
 * of that one is changed.
 */
public final class MetadataRebuild {
  private static final long CACHE_BYTES = 2 * TierSettings.METADATA_CACHE_BYTES_MIN;

  private final MetadataFiles damaged;
  private final Path target;
  private final Execution execution;
  private final Set<String> failures = new LinkedHashSet<>();

  /**
   * @param target where the other store is made; what is there is removed
   */
  public MetadataRebuild(MetadataFiles damaged, Path target, Execution execution) {
    this.damaged = damaged;
    this.target = target;
    this.execution = execution;
  }

  /**
   * A store that was rebuilt.
   *
   * @param store open; the receiver closes it
   * @param checkpoint it was made from; 0 where it is empty
   * @param whole whether all that was ever committed is in it, as far as can be told
   */
  public record Rebuilt(KeyValueStore store, long checkpoint, boolean whole) {}

  /** The best store that can be made of what there is, or none. */
  public Optional<Rebuilt> best() throws IOException {
    Optional<Rebuilt> earlier = Optional.empty();
    for (var number : damaged.numbers()) {
      var found = whole(number);
      if (found.isPresent()) {
        return found;
      }
    }
    for (var number : damaged.numbers()) {
      if (earlier.isEmpty()) {
        earlier = attempt(number, false);
      }
    }
    return earlier;
  }

  /** Why no better one could be made, in the order of the attempts. */
  public List<String> failures() {
    return List.copyOf(failures);
  }

  /** A store without anything in it. */
  public Rebuilt empty() throws IOException {
    MetadataFiles.deleteTree(target);
    return new Rebuilt(new RocksMetadataStore(place(), true, CACHE_BYTES, execution), 0, false);
  }

  private MetadataFiles place() {
    return new MetadataFiles(target, target.resolveSibling(target.getFileName() + ".none"));
  }

  /**
   * With the whole log. One that is damaged is read up to there, or passed over where it is
   * missing, without a word.
   */
  private Optional<Rebuilt> whole(long number) throws IOException {
    var upToDamage = attempt(number, false);
    if (upToDamage.isEmpty()) {
      return upToDamage;
    }
    long sequence;
    try (var store = (RocksMetadataStore) upToDamage.get().store) {
      sequence = store.sequence();
    }
    var whole = attempt(number, true);
    if (whole.isPresent()) {
      var store = (RocksMetadataStore) whole.get().store;
      if (store.sequence() == sequence && store.isLogWhole()) {
        return whole;
      }
      store.close();
      failures.add("checkpoint %d: a part of the log is missing".formatted(number));
    }
    return Optional.empty();
  }

  private Optional<Rebuilt> attempt(long number, boolean whole) throws IOException {
    MetadataFiles.deleteTree(target);
    try {
      damaged.assemble(number, target);
      var store =
          whole
              ? new RocksMetadataStore(place(), false, CACHE_BYTES, execution)
              : RocksMetadataStore.openUpToDamage(place(), CACHE_BYTES, execution);
      var good = false;
      try {
        store.verify();
        good = true;
        return Optional.of(new Rebuilt(store, number, whole));
      } finally {
        if (!good) {
          store.close();
        }
      }
    } catch (DamagedMetadataException e) {
      failures.add("checkpoint %d: %s".formatted(number, e.reason()));
      return Optional.empty();
    }
  }
}
