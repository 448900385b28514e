package io.bucketfs.app.admin;

import io.bucketfs.app.config.ByteSizes;
import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.config.InvalidInputException;
import io.bucketfs.app.config.Problems;
import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.AdminException.Kind;
import io.bucketfs.core.admin.Administration;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Changes what the cache may take of the disk and of memory, while the gateway runs. */
public final class CacheApi {
  private static final String SIZE = "size";
  private static final String MEMORY = "memory";

  private final Administration administration;
  private final Setting setting;

  CacheApi(Administration administration, Setting setting) {
    this.administration = administration;
    this.setting = setting;
  }

  /** What the cache may take, now and as later starts have it. */
  public interface Setting {
    /** Keeps a size of the local tier for later starts. */
    void keep(long bytes) throws IOException;

    /** What the configuration says of that size, which later starts take first. */
    OptionalLong configured();

    /** What of memory the process may use, and can be told to use. */
    MemoryRange memory();

    /** Sets another limit within the range, at once and for later starts. */
    void setMemory(long bytes) throws IOException;
  }

  /**
   * A limit that can be changed while the process runs.
   *
   * @param bytes now
   * @param bytesMin what everything but file data takes, and a little
   * @param bytesMax what the process was started with
   * @param isConfigured whether the configuration says the most, and later starts take that
   */
  public record MemoryRange(long bytes, long bytesMin, long bytesMax, boolean isConfigured) {}

  CacheView set(Map<String, String> settings) throws AdminException, InvalidInputException {
    var problems = new Problems();
    var unknown = new LinkedHashSet<>(settings.keySet());
    unknown.removeAll(Set.of(SIZE, MEMORY));
    unknown.forEach(key -> problems.add("Unknown key " + key + "."));
    var size = settings.get(SIZE);
    var memory = settings.get(MEMORY);
    var sizeBytes = OptionalLong.empty();
    if (size != null || memory == null) {
      sizeBytes = size(size, problems);
    }
    var memoryBytes = memory == null ? OptionalLong.empty() : memory(memory, problems);
    problems.throwIfAny();
    try {
      if (sizeBytes.isPresent()) {
        setting.keep(sizeBytes.getAsLong());
        administration.setDiskBytesMax(sizeBytes.getAsLong());
      }
      if (memoryBytes.isPresent()) {
        setting.setMemory(memoryBytes.getAsLong());
      }
    } catch (IOException e) {
      throw new AdminException(
          Kind.CONFLICT, "The size cannot be kept in the state directory: " + e.getMessage());
    }
    return new CacheView(
        administration.status().diskBytesMax(),
        setting.configured().isPresent(),
        setting.memory().bytes(),
        setting.memory().isConfigured());
  }

  private static OptionalLong size(@Nullable String text, Problems problems) {
    var size = text == null ? OptionalLong.empty() : ByteSizes.parse(text);
    if (size.isEmpty() || size.getAsLong() < GatewayConfig.CACHE_SIZE_BYTES_MIN) {
      problems.add(
          "size must be "
              + ByteSizes.FORM
              + ", at least "
              + plain(GatewayConfig.CACHE_SIZE_BYTES_MIN)
              + ", but is '"
              + (text == null ? "" : text)
              + "'.");
    }
    return size;
  }

  private OptionalLong memory(String text, Problems problems) {
    var memory = ByteSizes.parse(text);
    var range = setting.memory();
    if (memory.isEmpty() || memory.getAsLong() < range.bytesMin()) {
      problems.add(
          "memory must be "
              + ByteSizes.FORM
              + ", at least "
              + plain(range.bytesMin())
              + ", which is what this gateway takes without file data in memory, but is '"
              + text
              + "'. Restart it with --memory for less.");
    } else if (memory.getAsLong() > range.bytesMax()) {
      problems.add(
          "memory can be at most "
              + plain(range.bytesMax())
              + ", with which this gateway was started, but is '"
              + text
              + "'. Restart it with --memory for more.");
    }
    return memory;
  }

  private static String plain(long bytes) {
    return ByteSizes.format(bytes).replace(" ", "");
  }
}
