package io.bucketfs.app.gateway;

import io.bucketfs.app.admin.CacheApi.MemoryRange;
import io.bucketfs.app.config.ByteSizes;
import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.config.MemorySplit;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * What the process may use of memory, as changed while it runs. Only the RAM tier gives way: the
 * heap and the other parts are those of the start. What was ordered is kept in the state directory,
 * for starts at which nothing is said.
 */
final class MemoryLimit {
  private static final String FILE = "memory";

  /** What is left of the RAM tier at least: some reads at the same time. */
  private static final long RAM_TIER_BYTES_MIN = 16L << 20;

  private final GatewayConfig config;
  private final DataPath data;
  private volatile long bytes;

  private MemoryLimit(GatewayConfig config, DataPath data) {
    this.config = config;
    this.data = data;
    bytes = config.memoryBytes();
  }

  /** Sets what holds for this start. */
  static MemoryLimit start(GatewayConfig config, DataPath data) throws IOException {
    var limit = new MemoryLimit(config, data);
    if (!config.isMemoryGiven()) {
      try {
        var kept = ByteSizes.parse(Files.readString(limit.file(), StandardCharsets.UTF_8));
        if (kept.isPresent() && kept.getAsLong() < config.memoryBytes()) {
          limit.apply(Math.max(kept.getAsLong(), limit.range().bytesMin()));
        }
      } catch (NoSuchFileException _) {
        // Nothing was ordered.
      }
    }
    return limit;
  }

  private Path file() {
    return config.state().resolve(FILE);
  }

  private long ramTierBytes() {
    return MemorySplit.of(config.memoryBytes()).ramTierBytes();
  }

  /** What can be set. */
  MemoryRange range() {
    var most = config.memoryBytes();
    return new MemoryRange(
        bytes, most - ramTierBytes() + RAM_TIER_BYTES_MIN, most, config.isMemoryGiven());
  }

  /** Sets another limit within the range, at once and for later starts. */
  void set(long wanted) throws IOException {
    Files.writeString(file(), wanted + "\n", StandardCharsets.UTF_8);
    apply(wanted);
  }

  private void apply(long wanted) {
    data.setRamTierBytes(ramTierBytes() - (config.memoryBytes() - wanted));
    bytes = wanted;
  }
}
