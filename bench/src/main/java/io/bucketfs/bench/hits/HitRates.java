package io.bucketfs.bench.hits;

import io.bucketfs.cache.LocalTiers;
import io.bucketfs.cache.TierSettings;
import io.bucketfs.cache.extent.ExtentSettings;
import io.bucketfs.core.Gateway;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.Retention;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryStores;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;

/**
 * How many reads the local tiers answer by themselves: the RAM tier and eviction from the disk as
 * they are, over a real disk and a bucket in memory, beside LRU and the optimum of the same size on
 * the same requests. The second half of the requests counts. Run by {@code bench/hit-rates/run}.
 */
public final class HitRates {
  private static final int OBJECT_BYTES = 64 << 10;
  private static final int REQUESTS = 20_480;
  private static final int FIT = 1_024;
  private static final int NATIVE_THREADS = 8;

  /** What a block costs in memory besides its bytes is part of the tier's size. */
  private static final int BLOCK_OVERHEAD = 300;

  private static final long NO_LIMIT = 1L << 40;

  private static final Duration PAUSE = Duration.ofMillis(200);

  private HitRates() {}

  /** What is measured, and of which size it is. */
  private enum Tier {
    RAM(NO_LIMIT, FIT * (long) (OBJECT_BYTES + BLOCK_OVERHEAD)),
    /** A tenth of it is kept free. */
    DISK(FIT * (long) OBJECT_BYTES * 10 / 9, 1 << 20);

    private final long diskBytes;
    private final long ramBytes;

    Tier(long diskBytes, long ramBytes) {
      this.diskBytes = diskBytes;
      this.ramBytes = ramBytes;
    }

    /** What the tier did not have. */
    long missed(TierReads reads) {
      return reads.bytes("cache_read_bytes", "tier", this == RAM ? "disk" : "s3");
    }
  }

  /**
   * @param missed reads of the second half that the tier did not answer
   * @param copied bytes that eviction wrote again, by byte that was fetched
   */
  private record Result(long missed, double copied) {
    double rate() {
      return percent(REQUESTS - REQUESTS / 2 - missed);
    }
  }

  /** Measures both tiers with each pattern; the arguments are the folder whose disk is used. */
  public static void main(String[] arguments) throws Exception {
    var parent = Path.of(arguments.length == 0 ? "/var/tmp" : arguments[0]);
    System.out.printf(
        "%,d objects of 64 KiB fit; %,d requests, of which the second half counts%n",
        FIT, REQUESTS);
    System.out.printf(
        "%-38s %7s %7s %7s %7s %7s%n", "requests", "LRU", "RAM", "disk", "best", "copied");
    for (var pattern : AccessPattern.of(REQUESTS, FIT)) {
      var ram = measure(parent, Tier.RAM, pattern);
      var disk = measure(parent, Tier.DISK, pattern);
      System.out.printf(
          "%-38s %6.1f%% %6.1f%% %6.1f%% %6.1f%% %7.2f%n",
          pattern.name(),
          percent(Yardsticks.leastRecentlyUsed(FIT, pattern.requests())),
          ram.rate(),
          disk.rate(),
          percent(Yardsticks.optimum(FIT, pattern.requests())),
          disk.copied);
    }
  }

  private static double percent(long hits) {
    return 100.0 * hits / (REQUESTS - REQUESTS / 2);
  }

  private static Result measure(Path parent, Tier tier, AccessPattern pattern) throws Exception {
    var folder = Files.createTempDirectory(parent, "bucketfs-hits");
    var reads = new TierReads();
    var extents = new ExtentSettings(Math.min(64L << 20, tier.diskBytes / 32), tier.ramBytes, 64);
    var settings = new TierSettings(extents, 64L << 20);
    try (var execution = new ThreadExecution(NATIVE_THREADS, Meters.NONE);
        var local =
            LocalTiers.open(folder, settings, execution, PooledByteBufAllocator.DEFAULT, reads)) {
      var stores = new MemoryStores(execution);
      var bucket = new MemoryBucket(execution);
      stores.add("bench", bucket);
      try (var gateway =
          Gateway.open(
              Gateway.Config.ofDisk(tier.diskBytes), local.tier(), stores, execution, reads)) {
        local.lossHandled();
        var result = measure(gateway, bucket, reads, tier, pattern.requests());
        // Nothing is to be evicted while it is closed.
        gateway.administration().setDiskBytesMax(NO_LIMIT);
        Thread.sleep(PAUSE);
        return result;
      }
    } finally {
      try (var files = Files.walk(folder)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static Result measure(
      Gateway gateway, MemoryBucket bucket, TierReads reads, Tier tier, int... requests)
      throws Exception {
    var location =
        new BucketLocation("bench", "us-east-1", null, true, new Credentials.Anonymous());
    var policy = Mount.Policy.DEFAULT.with(ImportRules.ON_FILE_ACCESS, Retention.DEFAULT);
    var mount =
        gateway
            .administration()
            .createMount(new MountRequest("bench", location, "", policy))
            .mount();
    var fileSystem = gateway.fileSystem();
    var root = FileId.root(mount.number());
    var files = new FileId[Arrays.stream(requests).max().orElse(0) + 1];
    for (var i = 0; i < files.length; i++) {
      bucket.foreign().putPattern("f" + i, i, OBJECT_BYTES);
    }
    for (var i = 0; i < files.length; i++) {
      files[i] = fileSystem.lookup(Caller.ROOT, root, "f" + i, Patience.FOREVER).id();
    }
    if (tier == Tier.RAM) {
      for (var file : files) {
        read(fileSystem, file);
      }
    }
    var missedBefore = 0L;
    for (var i = 0; i < REQUESTS; i++) {
      if (i == REQUESTS / 2) {
        missedBefore = tier.missed(reads);
      }
      read(fileSystem, files[requests[i]]);
    }
    return new Result(
        (tier.missed(reads) - missedBefore) / OBJECT_BYTES,
        (double) reads.bytes("cache_second_chance_bytes")
            / reads.bytes("cache_read_bytes", "tier", "s3"));
  }

  private static void read(FileSystem fileSystem, FileId file) throws Exception {
    fileSystem.read(file, 0, OBJECT_BYTES, Patience.FOREVER).data().release();
  }
}
