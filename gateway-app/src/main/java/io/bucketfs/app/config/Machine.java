package io.bucketfs.app.config;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;

/**
 * What defaults depend on.
 *
 * @param memoryBytes what the machine has, or the container may use
 * @param root whether the process runs as root
 * @param home the user's home directory
 */
public record Machine(long memoryBytes, boolean root, Path home) {
  /** The machine that this process runs on. */
  public static Machine current() {
    var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    return new Machine(
        system.getTotalMemorySize(),
        "root".equals(System.getProperty("user.name")),
        Path.of(System.getProperty("user.home", "/")));
  }

  /** Where the state is unless something else is said. */
  public Path defaultState() {
    return root ? Path.of("/var/lib/bucketfs") : home.resolve(".local/share/bucketfs");
  }

  /** A quarter of the memory, and no less than what is needed. */
  public long defaultMemoryBytes() {
    return Math.max(GatewayConfig.MEMORY_BYTES_MIN, memoryBytes / 4);
  }
}
