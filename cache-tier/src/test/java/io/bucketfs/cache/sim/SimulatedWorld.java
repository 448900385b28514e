package io.bucketfs.cache.sim;

import io.bucketfs.cache.extent.ExtentFiles;
import io.bucketfs.cache.extent.ExtentSettings;
import io.bucketfs.core.Gateway;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.ForgetfulDisk;
import io.bucketfs.core.local.LocalTier;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryStores;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.bucketfs.core.vfs.WouldBlock;
import io.bucketfs.core.writeback.MultipartLimits;
import io.bucketfs.core.writeback.WritebackLimits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.time.Duration;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A gateway over a disk and a metadata store that forget, and a bucket that does not, which lives
 * through crashes. Its methods run inside a task of the simulation, but for {@link #crash}.
 */
final class SimulatedWorld {
  static final String BUCKET = "sim";
  static final long EXTENT_FILE_BYTES_MAX = 1 << 20;

  /** Least size of a part where small files are written in parts. */
  static final int PART_BYTES_MIN = 4_000;

  /** Files of some ten thousand bytes are written, and copied, in parts. */
  static final WritebackLimits SMALL_PARTS =
      WritebackLimits.DEFAULT.with(
          new MultipartLimits(
              20_000, 16_000, PART_BYTES_MIN, 40_000, 60_000, 3, 1, Duration.ofMinutes(10)));

  /** Tasks that a crash abandons never release their buffers, which is no leak. */
  private static final ByteBufAllocator ALLOCATOR = new UnpooledByteBufAllocator(false, true);

  final long seed;
  final SimulatedExecution execution;
  final MemoryBucket bucket;
  private final MemoryStores stores;
  private final SplittableRandom chance;
  private final Gateway.Config config;
  private final long diskBytesMax;
  private ForgetfulDisk disk;
  private MemoryKeyValueStore metadata;
  private boolean lost;
  private @Nullable Gateway gateway;

  SimulatedWorld(long seed, long diskBytesMax) {
    this(seed, diskBytesMax, 0);
  }

  SimulatedWorld(long seed, long diskBytesMax, long freeBytesMin) {
    this(seed, diskBytesMax, freeBytesMin, WritebackLimits.DEFAULT);
  }

  SimulatedWorld(long seed, long diskBytesMax, long freeBytesMin, WritebackLimits writeback) {
    this.seed = seed;
    this.diskBytesMax = diskBytesMax;
    config = Gateway.Config.ofDisk(diskBytesMax, freeBytesMin).with(writeback);
    execution = new SimulatedExecution(seed);
    chance = new SplittableRandom(seed ^ 0x5eedL);
    stores = new MemoryStores(execution);
    bucket = newBucket();
    stores.add(BUCKET, bucket);
    disk = new ForgetfulDisk(seed);
    metadata = new MemoryKeyValueStore(execution, seed);
  }

  private MemoryBucket newBucket() {
    return new MemoryBucket(
        execution, new MemoryBucket.Options(false, StoreTraits.FULL, false, PART_BYTES_MIN));
  }

  Gateway gateway() {
    return Objects.requireNonNull(gateway, "not started");
  }

  /** An operation that may have to wait. */
  @FunctionalInterface
  interface Operation<T> {
    T run(Patience patience) throws FileSystemException;
  }

  /**
   * Runs an operation as the server of a client does: first where that needs the disk alone, and
   * where it needs more, again.
   */
  static <T> T served(Operation<T> operation) throws FileSystemException {
    try {
      return operation.run(Patience.DISK);
    } catch (WouldBlock e) {
      return operation.run(Patience.FOREVER);
    }
  }

  /** Writes as the server of a client does. */
  Stability write(FileId file, long offset, ByteBuf data, Stability stability)
      throws FileSystemException {
    var reached = served(patience -> files().write(file, offset, data, stability, patience));
    if (reached.compareTo(stability) < 0) {
      files().commit(file, Patience.FOREVER);
      reached = Stability.FILE_SYNC;
    }
    return reached;
  }

  FileSystem files() {
    return gateway().fileSystem();
  }

  FileId root() {
    return files().exports().getFirst().root();
  }

  /** Makes an empty file in the mount {@link #BUCKET}, or opens the one that is there. */
  FileId create(String name) throws FileSystemException {
    return create(root(), name);
  }

  /** Makes an empty file in a directory, or opens the one that is there. */
  FileId create(FileId directory, String name) throws FileSystemException {
    return files()
        .create(
            Caller.ROOT,
            directory,
            name,
            new CreateMode.Unchecked(),
            SetAttributes.NONE,
            Patience.FOREVER)
        .attributes()
        .id();
  }

  void start() throws Exception {
    var settings =
        new ExtentSettings(Math.min(EXTENT_FILE_BYTES_MAX, diskBytesMax / 16), 1 << 20, 64);
    var extents = new ExtentFiles(disk, settings, execution, ALLOCATOR, Meters.NONE);
    gateway =
        Gateway.open(
            config, new LocalTier(metadata, extents, lost), stores, execution, Meters.NONE);
    lost = false;
  }

  void createMount() throws Exception {
    createMount(BUCKET);
  }

  /** Adds another bucket, which may be mounted. */
  MemoryBucket addBucket(String name) {
    var added = newBucket();
    stores.add(name, added);
    return added;
  }

  /** Mounts a bucket under its name. */
  void createMount(String name) throws Exception {
    gateway()
        .administration()
        .createMount(
            new MountRequest(
                name,
                new BucketLocation(
                    name, "r", null, true, new BucketLocation.Credentials.Anonymous()),
                "",
                Mount.Policy.DEFAULT));
  }

  /** What the host has left. */
  void limitHost(long bytes) {
    disk.limitTo(bytes);
  }

  /** The disk under the extent files, until the next crash. */
  ForgetfulDisk disk() {
    return disk;
  }

  /** The store of the metadata, until the next crash. */
  MemoryKeyValueStore metadata() {
    return metadata;
  }

  /** Makes the next sync of an extent file fail. */
  void failNextSync() {
    disk.failSyncs(1);
  }

  /** Ends the gateway where it stands. Outside of all tasks. */
  void crash(Crash kind) {
    execution.abandonAll();
    disk = disk.crash(kind, chance.split());
    metadata = metadata.crash(kind, chance.split());
    lost |= kind == Crash.POWER;
  }

  /** Forgets the state directory, as if it had been deleted. Outside of all tasks. */
  void wipe() {
    execution.abandonAll();
    disk = new ForgetfulDisk(seed + 1);
    metadata = new MemoryKeyValueStore(execution, seed + 1);
    lost = false;
  }
}
