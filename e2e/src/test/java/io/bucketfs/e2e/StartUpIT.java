package io.bucketfs.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.cache.LocalTiers;
import io.bucketfs.cache.TierSettings;
import io.bucketfs.core.Gateway;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.Retention;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.e2e.gateway.GeneratedBucket;
import io.bucketfs.e2e.gateway.ServeProcess;
import io.bucketfs.e2e.lab.KernelLab;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a gateway knows does not slow its start, and is not held in its heap. */
final class StartUpIT {
  private static final int FOLDERS = 1_000;
  private static final int KEYS_PER_FOLDER = 1_000;
  private static final int NATIVE_THREADS = 8;
  private static final int LISTERS = 8;
  private static final int STARTS = 3;

  /** More than noise, less than anything that looks at each of a million files. */
  private static final Duration SLOWER_MAX = Duration.ofMillis(700);

  private static final long MORE_HEAP_BYTES_MAX = 16L << 20;

  private static KernelLab lab;

  @BeforeAll
  static void open() {
    lab = KernelLab.open(StartUpIT.class);
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @Test
  void aMillionFilesAreNoBurden() throws Exception {
    var known = lab.data().resolve("known");
    var empty = lab.data().resolve("empty");
    assertThat(learn(known, new GeneratedBucket(FOLDERS, KEYS_PER_FOLDER)))
        .isEqualTo(FOLDERS * KEYS_PER_FOLDER);
    assertThat(learn(empty, new GeneratedBucket(0, 0))).isZero();

    // In turns, and the best of each: other load on the machine slows both.
    var withNone = ServeProcess.Figures.NONE;
    var withMillion = ServeProcess.Figures.NONE;
    for (var i = 0; i < STARTS; i++) {
      withNone = withNone.best(ServeProcess.measure(lab, empty));
      withMillion = withMillion.best(ServeProcess.measure(lab, known));
    }
    System.out.println("Start with none: " + withNone + ", with a million: " + withMillion);
    assertThat(withMillion.start()).isLessThan(withNone.start().plus(SLOWER_MAX));
    assertThat(withMillion.heapBytes()).isLessThan(withNone.heapBytes() + MORE_HEAP_BYTES_MAX);
  }

  /** Fills a state directory with all that a bucket holds; returns how many files that is. */
  private static int learn(Path state, GeneratedBucket bucket) throws Exception {
    try (var execution = new ThreadExecution(NATIVE_THREADS, Meters.NONE);
        var local =
            LocalTiers.open(
                state,
                TierSettings.DEFAULTS,
                execution,
                PooledByteBufAllocator.DEFAULT,
                Meters.NONE);
        var gateway =
            Gateway.open(
                Gateway.Config.ofDisk(4L << 30),
                local.tier(),
                _ -> bucket,
                execution,
                Meters.NONE)) {
      local.lossHandled();
      var mount = gateway.administration().createMount(request()).mount();
      var files = gateway.fileSystem();
      var folders = list(files, new FileId(mount.number(), FileId.ROOT_INODE, 1));
      var count = new AtomicInteger();
      try (var listers = Executors.newFixedThreadPool(LISTERS)) {
        var listings = new ArrayList<Callable<Integer>>();
        for (var folder : folders) {
          listings.add(() -> count.addAndGet(list(files, folder).size()));
        }
        for (var listing : listers.invokeAll(listings)) {
          listing.get();
        }
      }
      return count.get();
    }
  }

  /**
   * Read-only, so that nothing but reading is tried, and without data, which nobody has; nobody
   * listens at its endpoint later.
   */
  private static MountRequest request() {
    var location =
        new BucketLocation(
            "million", "us-east-1", "http://127.0.0.1:1", true, new Credentials.Anonymous());
    var policy =
        new Mount.Policy(true, Duration.ofMinutes(1), Duration.ofMinutes(5), 0, 0, 0644, 0755)
            .with(ImportRules.ON_FILE_ACCESS, Retention.DEFAULT);
    return new MountRequest("million", location, "", policy);
  }

  private static List<FileId> list(FileSystem files, FileId directory) throws FileSystemException {
    var children = new ArrayList<FileId>();
    files.readDirectory(
        Caller.ROOT,
        directory,
        0,
        false,
        (_, _, attributes) -> children.add(attributes.id()),
        Patience.FOREVER);
    return children;
  }
}
