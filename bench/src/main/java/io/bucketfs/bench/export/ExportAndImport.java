package io.bucketfs.bench.export;

import com.sun.management.OperatingSystemMXBean;
import io.bucketfs.cache.LocalTiers;
import io.bucketfs.cache.TierSettings;
import io.bucketfs.core.Gateway;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.Retention;
import io.bucketfs.core.object.PatternBytes;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.bucketfs.s3.S3ObjectStores;
import io.bucketfs.s3.S3Settings;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/**
 * The core over the real local tier and the real SDK beside a bare loop of the same requests on the
 * same server, in turn: export of small files, of big ones, renames, and the first listing.
 *
 * <pre>
 * ExportAndImport ENDPOINT STATE_FOLDER ROUNDS [ROWS]
 * </pre>
 *
 * ROWS is a part of the names of the rows to measure.
 */
public final class ExportAndImport {
  private static final int NATIVE_THREADS = 32;
  private static final int SMALL_FILES = 6_400;
  private static final int SMALL_BYTES = 16 << 10;
  private static final int RENAMED_FILES = 2_000;
  private static final int LISTED_FILES = 1_000;
  private static final long BIG_BYTES = 1L << 30;
  private static final int CHUNK_BYTES = 1 << 20;

  /** As the core's own limits: exports of a mount, parts of a file, requests of the import. */
  private static final int EXPORTS = 64;

  private static final int PARTS = 8;
  private static final int READS = 128;

  /** Before these rounds the compiler takes more of the machine than what is measured. */
  private static final int WARM_UPS = 4;

  /** A listing is a sixth of the requests of the rest. */
  private static final int LISTING_WARM_UPS = 60;

  private static final Duration NOT_BEFORE_THE_END = Duration.ofHours(1);

  private final Gateway gateway;
  private final FileSystem files;
  private final BareLoop bare;
  private final String endpoint;
  private final int rounds;
  private final String rows;

  private ExportAndImport(
      Gateway gateway, BareLoop bare, String endpoint, int rounds, String rows) {
    this.gateway = gateway;
    files = gateway.fileSystem();
    this.bare = bare;
    this.endpoint = endpoint;
    this.rounds = rounds;
    this.rows = rows;
  }

  public static void main(String... arguments) throws Exception {
    var location = location(arguments[0]);
    try (var execution = new ThreadExecution(NATIVE_THREADS, Meters.NONE);
        var local =
            LocalTiers.open(
                Path.of(arguments[1]),
                TierSettings.DEFAULTS,
                execution,
                PooledByteBufAllocator.DEFAULT,
                Meters.NONE);
        var stores = new S3ObjectStores(Meters.NONE, S3Settings.DEFAULT);
        var store = stores.open(location);
        var bare = new BareLoop(store, location);
        var gateway =
            Gateway.open(
                Gateway.Config.ofDisk(32L << 30), local.tier(), stores, execution, Meters.NONE)) {
      local.lossHandled();
      var rounds = Integer.parseInt(arguments[2]);
      var rows = arguments.length > 3 ? arguments[3] : "";
      new ExportAndImport(gateway, bare, arguments[0], rounds, rows).run();
    }
  }

  private static BucketLocation location(String endpoint) {
    return new BucketLocation("bench", "us-east-1", endpoint, true, new Credentials.DefaultChain());
  }

  /** Something that is timed. */
  @FunctionalInterface
  private interface Work {
    void run(int round) throws Exception;
  }

  private void run() throws Exception {
    mount("ours", ImportRules.DEFAULT);
    System.out.printf(
        "%-28s %10s %10s %8s %14s %14s%n",
        "median of " + rounds, "bare loop", "bucketfs", "ratio", "CPU bare loop", "CPU bucketfs");
    compare(
        "export, 6,400 x 16 KiB",
        WARM_UPS,
        round -> bare.put("bare/small" + round + "/", SMALL_FILES, SMALL_BYTES, EXPORTS),
        this::writeSmall,
        _ -> flush());
    compare(
        "export, 1 GiB",
        WARM_UPS,
        round -> bare.upload("bare/big" + round, round, BIG_BYTES, PARTS),
        this::writeBig,
        _ -> flush());
    compare(
        "rename, 2,000 files",
        WARM_UPS,
        round ->
            bare.move(
                "bare/small" + round + "/", "bare/moved" + round + "/", RENAMED_FILES, EXPORTS),
        this::rename,
        _ -> flush());
    compare(
        "first ls -l, 1,000 objects",
        LISTING_WARM_UPS,
        round -> bare.look("looked/" + round + "/", READS),
        round -> prepareListing("looked", round, ImportRules.ON_FILE_ACCESS),
        round -> list("looked", round));
    compare(
        "the same with their data",
        LISTING_WARM_UPS,
        round -> bare.read("read/" + round + "/", READS),
        round -> prepareListing("read", round, ImportRules.DEFAULT),
        round -> list("read", round));
  }

  /** Runs both in turn, so that whatever else goes on hits both; the gateway's work is prepared. */
  private void compare(String name, int warmUps, Work bareWork, Work prepare, Work ours)
      throws Exception {
    if (!name.contains(rows)) {
      return;
    }
    var bareCosts = new ArrayList<Cost>();
    var ourCosts = new ArrayList<Cost>();
    for (var round = 0; round < warmUps + rounds; round++) {
      prepare.run(round);
      var bareCost = cost(bareWork, round);
      var ourCost = cost(ours, round);
      if (round >= warmUps) {
        bareCosts.add(bareCost);
        ourCosts.add(ourCost);
      }
    }
    var bareTime = median(bareCosts, Cost::seconds);
    var ourTime = median(ourCosts, Cost::seconds);
    System.out.printf(
        "%-28s %8.2f s %8.2f s %7.2fx %12.2f s %12.2f s%n",
        name,
        bareTime,
        ourTime,
        ourTime / bareTime,
        median(bareCosts, Cost::processorSeconds),
        median(ourCosts, Cost::processorSeconds));
  }

  /**
   * What a round took.
   *
   * @param processorSeconds of this process, which varies less with what else runs
   */
  private record Cost(double seconds, double processorSeconds) {}

  private static double median(List<Cost> costs, ToDoubleFunction<Cost> what) {
    return costs.stream().mapToDouble(what).sorted().toArray()[costs.size() / 2];
  }

  private static Cost cost(Work work, int round) throws Exception {
    var process = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    var start = System.nanoTime();
    var processorStart = process.getProcessCpuTime();
    work.run(round);
    return new Cost(
        (System.nanoTime() - start) / 1e9, (process.getProcessCpuTime() - processorStart) / 1e9);
  }

  private void mount(String name, ImportRules rules) throws Exception {
    var policy =
        new Mount.Policy(false, NOT_BEFORE_THE_END, NOT_BEFORE_THE_END, 0, 0, 0644, 0755)
            .with(rules, Retention.DEFAULT);
    gateway
        .administration()
        .createMount(new MountRequest(name, location(endpoint), name + "/", policy));
  }

  private void flush() throws Exception {
    var failing = gateway.administration().flush("ours", "", true).failing();
    if (!failing.isEmpty()) {
      throw new IllegalStateException(failing.toString());
    }
  }

  private FileId root(String mount) {
    return files.exports().stream()
        .filter(export -> export.name().equals(mount))
        .findFirst()
        .orElseThrow()
        .root();
  }

  private FileId directory(String name) throws FileSystemException {
    return files
        .make(
            Caller.ROOT,
            root("ours"),
            name,
            new NewNode.Directory(),
            SetAttributes.NONE,
            Patience.FOREVER)
        .attributes()
        .id();
  }

  private void write(FileId directory, String name, long seed, long bytes)
      throws FileSystemException {
    var file =
        files
            .create(
                Caller.ROOT,
                directory,
                name,
                new CreateMode.Guarded(),
                SetAttributes.NONE,
                Patience.FOREVER)
            .attributes()
            .id();
    for (var at = 0L; at < bytes; at += CHUNK_BYTES) {
      var part = PatternBytes.of(seed, at, (int) Math.min(CHUNK_BYTES, bytes - at));
      files.write(file, at, Unpooled.wrappedBuffer(part), Stability.UNSTABLE, Patience.FOREVER);
    }
    files.commit(file, Patience.FOREVER); // as an NFS client does when it closes
  }

  private void writeSmall(int round) throws Exception {
    var directory = directory("small" + round);
    for (var i = 0; i < SMALL_FILES; i++) {
      write(directory, "" + i, i, SMALL_BYTES);
    }
  }

  private void writeBig(int round) throws Exception {
    write(root("ours"), "big" + round, round, BIG_BYTES);
  }

  /** The first files of a directory that was exported go to another one. */
  private void rename(int round) throws Exception {
    var from = files.lookup(Caller.ROOT, root("ours"), "small" + round, Patience.FOREVER).id();
    var to = directory("moved" + round);
    for (var i = 0; i < RENAMED_FILES; i++) {
      files.rename(Caller.ROOT, from, "" + i, to, "" + i, Patience.FOREVER);
    }
  }

  /** One mount for all rounds, as the loop has one client: what is new is the directory. */
  private void prepareListing(String mount, int round, ImportRules rules) throws Exception {
    if (round == 0) {
      for (var each = 0; each < LISTING_WARM_UPS + rounds; each++) {
        bare.put(mount + "/" + each + "/", LISTED_FILES, SMALL_BYTES, EXPORTS);
      }
      mount(mount, rules);
    }
  }

  private void list(String mount, int round) throws Exception {
    var seen = new int[1];
    var directory = files.lookup(Caller.ROOT, root(mount), "" + round, Patience.FOREVER).id();
    var whole =
        files.readDirectory(
            Caller.ROOT,
            directory,
            0,
            true,
            (_, _, attributes) -> {
              Objects.requireNonNull(attributes);
              seen[0]++;
              return true;
            },
            Patience.FOREVER);
    if (!whole || seen[0] != LISTED_FILES) {
      throw new IllegalStateException(seen[0] + " entries");
    }
  }
}
