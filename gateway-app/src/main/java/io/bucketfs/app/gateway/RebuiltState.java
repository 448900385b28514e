package io.bucketfs.app.gateway;

import io.bucketfs.cache.StateRebuild;
import io.bucketfs.cache.TierSettings;
import io.bucketfs.core.content.Restoration;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Metadata that was rebuilt, for the report.
 *
 * @param checkpoint it was made from; 0 where it begins empty
 * @param whole whether all that was ever committed is in it, as far as can be told
 * @param failures why nothing better could be made
 * @param damaged where the metadata of before is kept
 * @param recovered where data of files went of which no name is known
 * @param recoveredFiles how many there are
 * @param recoveredBytes what was written to them
 */
public record RebuiltState(
    long checkpoint,
    boolean whole,
    List<String> failures,
    Path damaged,
    Path recovered,
    int recoveredFiles,
    long recoveredBytes) {
  private static final int NATIVE_THREADS_MAX = 2;

  /**
   * Rebuilds the metadata of a state directory that no gateway uses.
   *
   * @param mayBeEmpty whether to begin with empty metadata where there is no usable checkpoint
   * @throws IOException where it cannot be done, with the reason
   */
  public static RebuiltState make(Path state, boolean mayBeEmpty) throws IOException {
    var execution = new ThreadExecution(NATIVE_THREADS_MAX, Meters.NONE);
    try {
      var recovered = state.resolve("recovered-" + StateRebuild.stamp(execution.now()));
      var rebuild =
          new StateRebuild(state, TierSettings.DEFAULTS, execution, PooledByteBufAllocator.DEFAULT);
      try (var files = new RecoveredFiles(recovered)) {
        var result =
            rebuild.run(
                mayBeEmpty,
                (tier, whole) -> {
                  if (!whole) {
                    Restoration.findUnnamed(tier, files);
                    files.sync();
                  }
                  Restoration.prepare(tier.metadata(), whole);
                });
        return new RebuiltState(
            result.checkpoint(),
            result.whole(),
            result.failures(),
            result.damaged(),
            recovered,
            files.count(),
            files.bytes());
      }
    } finally {
      execution.close();
    }
  }
}
