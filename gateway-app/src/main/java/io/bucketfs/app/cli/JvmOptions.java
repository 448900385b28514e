package io.bucketfs.app.cli;

import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.config.MemorySplit;
import java.util.List;

/** The options of the JVM that follow from the one number for memory. */
final class JvmOptions {
  /** From here on short pauses are worth the cores that ZGC takes. */
  private static final long ZGC_HEAP_BYTES_MIN = 8L << 30;

  /** From here on larger pieces of memory for buffers are worth what lies idle in them. */
  private static final long LARGE_CHUNKS_DIRECT_BYTES_MIN = 1L << 30;

  /**
   * Sizes of Netty's chunks, as powers of two pages of 8 KiB: 4 MiB as by default, and 16 MiB. The
   * requests of a fast writer fill a chunk of 4 MiB and leave it empty again, and each new one is
   * filled with zeroes first.
   */
  private static final int CHUNK_ORDER = 9;

  private static final int LARGE_CHUNK_ORDER = 11;

  private JvmOptions() {}

  static List<String> of(GatewayConfig config) {
    var split = MemorySplit.of(config.memoryBytes());
    return List.of(
        "-Xmx" + (split.heapBytes() >> 20) + "m",
        "-XX:MaxDirectMemorySize=" + (split.directBytes() >> 20) + "m",
        "-Dio.netty.allocator.maxOrder="
            + (split.directBytes() >= LARGE_CHUNKS_DIRECT_BYTES_MIN
                ? LARGE_CHUNK_ORDER
                : CHUNK_ORDER),
        split.heapBytes() >= ZGC_HEAP_BYTES_MIN ? "-XX:+UseZGC" : "-XX:+UseG1GC",
        "-XX:+ExitOnOutOfMemoryError");
  }
}
