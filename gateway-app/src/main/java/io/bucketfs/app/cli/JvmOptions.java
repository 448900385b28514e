package io.bucketfs.app.cli;

import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.config.MemorySplit;
import java.util.List;

/** The options of the JVM that follow from the one number for memory. */
final class JvmOptions {
  /** From here on short pauses are worth the cores that ZGC takes. */
  private static final long ZGC_HEAP_BYTES_MIN = 8L << 30;

  private JvmOptions() {}

  static List<String> of(GatewayConfig config) {
    var split = MemorySplit.of(config.memoryBytes());
    return List.of(
        "-Xmx" + (split.heapBytes() >> 20) + "m",
        "-XX:MaxDirectMemorySize=" + (split.directBytes() >> 20) + "m",
        split.heapBytes() >= ZGC_HEAP_BYTES_MIN ? "-XX:+UseZGC" : "-XX:+UseG1GC",
        "-XX:+ExitOnOutOfMemoryError");
  }
}
