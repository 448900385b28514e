package io.bucketfs.app.gateway;

import io.bucketfs.app.config.ByteSizes;
import io.bucketfs.app.config.GatewayConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * What the local tier may occupy. Where nothing is said it is a share of what is free at the first
 * start, and is kept in the state directory: later the free space has shrunk by the tier itself.
 */
final class CacheSize {
  private static final String FILE = "cache-size";
  private static final int FREE_PERCENT = 80;

  private CacheSize() {}

  /** The size that holds for this start. */
  static long of(Path state, OptionalLong configured) throws IOException {
    if (configured.isPresent()) {
      return configured.getAsLong();
    }
    var file = state.resolve(FILE);
    try {
      var kept = ByteSizes.parse(Files.readString(file, StandardCharsets.UTF_8));
      if (kept.isPresent()) {
        return kept.getAsLong();
      }
    } catch (NoSuchFileException _) {
      // The first start.
    }
    var size =
        Math.max(
            GatewayConfig.CACHE_SIZE_BYTES_MIN,
            Files.getFileStore(state).getUsableSpace() / 100 * FREE_PERCENT);
    keep(state, size);
    return size;
  }

  /** Keeps a size for later starts at which nothing is said. */
  static void keep(Path state, long size) throws IOException {
    Files.writeString(state.resolve(FILE), size + "\n", StandardCharsets.UTF_8);
  }
}
