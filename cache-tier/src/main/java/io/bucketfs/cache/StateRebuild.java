package io.bucketfs.cache;

import io.bucketfs.cache.extent.ExtentFiles;
import io.bucketfs.cache.extent.RealDisk;
import io.bucketfs.cache.metadata.MetadataFiles;
import io.bucketfs.cache.metadata.MetadataRebuild;
import io.bucketfs.cache.metadata.MetadataRebuild.Rebuilt;
import io.bucketfs.core.local.LocalTier;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;

/** Rebuilds the metadata of a state directory that no gateway uses (CORRECTNESS 7). */
public final class StateRebuild {
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

  private final Path path;
  private final TierSettings settings;
  private final Execution execution;
  private final ByteBufAllocator allocator;

  /**
   * @param settings with what the extent files are opened
   */
  public StateRebuild(
      Path path, TierSettings settings, Execution execution, ByteBufAllocator allocator) {
    this.path = path;
    this.settings = settings;
    this.execution = execution;
    this.allocator = allocator;
  }

  /** Makes rebuilt metadata fit to go on with; it comes into use afterwards. */
  @FunctionalInterface
  public interface Mending {
    /**
     * @param whole whether all that was ever committed is in the metadata, as far as can be told
     */
    void mend(LocalTier tier, boolean whole) throws IOException;
  }

  /**
   * How it went.
   *
   * @param checkpoint the metadata was made from; 0 where it begins empty
   * @param whole whether all that was ever committed is in it, as far as can be told
   * @param failures why nothing better could be made
   * @param damaged where the metadata of before is kept
   */
  public record Result(long checkpoint, boolean whole, List<String> failures, Path damaged) {}

  /**
   * Rebuilds the metadata. The metadata of before is changed in nothing, and kept.
   *
   * @param mayBeEmpty whether to begin with empty metadata where there is no usable checkpoint
   * @throws StateDirectoryException where it cannot be done, with the reason
   */
  public Result run(boolean mayBeEmpty, Mending mending) throws IOException {
    if (!Files.exists(path.resolve("RUN"))) {
      throw new StateDirectoryException(path + " is no state directory that was ever used");
    }
    try (var directory = StateDirectory.open(path)) {
      var now = execution.now();
      var rebuild =
          new MetadataRebuild(MetadataFiles.in(path), directory.draftOfMetadata(), execution);
      var rebuilt = rebuilt(rebuild, mayBeEmpty);
      try (var store = rebuilt.store()) {
        var disk = new RealDisk(directory.subdirectory("extents"));
        try (var extents =
            new ExtentFiles(disk, settings.extents(), execution, allocator, Meters.NONE)) {
          mending.mend(new LocalTier(store, extents, true), rebuilt.whole());
        }
      }
      // What is rebuilt may lack the end of the log: no client may go on as if it had not.
      directory.note(new LastRun(StateDirectory.bootId(), false, true));
      var damaged = directory.replaceMetadata(stamp(now));
      return new Result(rebuilt.checkpoint(), rebuilt.whole(), rebuild.failures(), damaged);
    }
  }

  /** A time as it stands in the names of directories. */
  public static String stamp(Instant time) {
    return STAMP.format(time);
  }

  private Rebuilt rebuilt(MetadataRebuild rebuild, boolean mayBeEmpty) throws IOException {
    var best = rebuild.best();
    if (best.isPresent()) {
      return best.get();
    }
    if (!mayBeEmpty) {
      var reasons = rebuild.failures();
      throw new StateDirectoryException(
          "no checkpoint of the metadata in %s can be used (%s); --empty begins without any"
              .formatted(path, reasons.isEmpty() ? "there is none" : String.join("; ", reasons)));
    }
    return rebuild.empty();
  }
}
