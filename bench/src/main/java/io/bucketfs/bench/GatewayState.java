package io.bucketfs.bench;

import io.bucketfs.cache.LocalTiers;
import io.bucketfs.cache.TierSettings;
import io.bucketfs.core.Gateway;
import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.object.MemoryStores;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A gateway over the real local tier in a new folder, and a bucket in memory that gets nothing
 * while a benchmark runs.
 */
@State(Scope.Benchmark)
public class GatewayState {
  private static final int NATIVE_THREADS = 32;
  private static final long DISK_BYTES_MAX = 32L << 30;
  private static final Duration NOT_BEFORE_THE_END = Duration.ofHours(1);

  /** Where the new folder is made: decides which disk is measured. */
  @Param("/var/tmp")
  public String parent = "";

  private @Nullable Path folder;
  private @Nullable ThreadExecution execution;
  private @Nullable LocalTiers local;
  private @Nullable Gateway gateway;
  private @Nullable FileId root;

  /** Starts the gateway. */
  @Setup(Level.Trial)
  public void start() throws IOException, AdminException {
    folder = Files.createTempDirectory(Path.of(parent), "bucketfs-bench");
    execution = new ThreadExecution(NATIVE_THREADS, Meters.NONE);
    local =
        LocalTiers.open(
            folder, TierSettings.DEFAULTS, execution, PooledByteBufAllocator.DEFAULT, Meters.NONE);
    gateway =
        Gateway.open(
            Gateway.Config.ofDisk(DISK_BYTES_MAX),
            local.tier(),
            new MemoryStores(execution),
            execution,
            Meters.NONE);
    local.lossHandled();
    var location =
        new BucketLocation("bench", "us-east-1", null, true, new Credentials.Anonymous());
    var policy = new Mount.Policy(false, NOT_BEFORE_THE_END, NOT_BEFORE_THE_END, 0, 0, 0644, 0755);
    var mount =
        gateway
            .administration()
            .createMount(new MountRequest("bench", location, "", policy))
            .mount();
    root = new FileId(mount.number(), FileId.ROOT_INODE, 1);
  }

  /** Stops the gateway and removes its folder. */
  @TearDown(Level.Trial)
  public void stop() throws IOException {
    try (var _ = execution;
        var _ = local;
        var _ = gateway) {
      // Closed in the reverse order.
    }
    try (var files = Files.walk(Objects.requireNonNull(folder))) {
      files.sorted(Comparator.reverseOrder()).forEach(GatewayState::delete);
    }
  }

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The file system. */
  FileSystem files() {
    return Objects.requireNonNull(gateway).fileSystem();
  }

  /** Makes an empty file in the mount's root. */
  FileId create(String name) throws FileSystemException {
    return files()
        .create(
            Caller.ROOT,
            Objects.requireNonNull(root),
            name,
            new CreateMode.Guarded(),
            SetAttributes.NONE,
            Patience.FOREVER)
        .attributes()
        .id();
  }
}
