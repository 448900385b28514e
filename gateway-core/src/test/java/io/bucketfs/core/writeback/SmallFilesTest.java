package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.ImportRules.Rule;
import io.bucketfs.core.mount.ImportRules.Trigger;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Data that come before they are read, together with their attributes. */
@Timeout(120)
final class SmallFilesTest {
  private static final Duration SOON = Duration.ofSeconds(5);

  private static void play(ImportRules rules, WriteBackTest.Scene scene) {
    var execution = new SimulatedExecution(1);
    execution.run(() ->
        scene.play(
            new World(
                execution,
                new MemoryKeyValueStore(execution, 1),
                new MemoryExtentStore(),
                new MemoryBucket(execution),
                StoreTraits.FULL,
                RefreshPolicy.DEFAULT,
                WritebackLimits.DEFAULT,
                rules)));
  }

  private static void play(WriteBackTest.Scene scene) {
    play(ImportRules.DEFAULT, scene);
  }

  private static String text(int bytes) {
    return "x".repeat(bytes);
  }

  @Test
  void attributesAndDataOfASmallFileAreOneRequest() {
    play(world -> {
      for (var file = 0; file < 300; file++) {
        world
            .bucket
            .foreign()
            .put(
                "d/f" + file,
                ("data " + file).getBytes(UTF_8),
                Map.of("file-owner", String.valueOf(file), "file-permissions", "0100640"));
      }
      assertThat(world.find("")).hasSize(301);
      for (var file = 0; file < 300; file++) {
        assertThat(world.at("d/f" + file).uid()).isEqualTo(file);
        assertThat(world.read("d/f" + file)).isEqualTo("data " + file);
      }
      world.execution.sleep(SOON);
      var counts = world.bucket.counts();
      assertThat(counts.of(RequestKind.LIST)).isEqualTo(2);
      assertThat(counts.of(RequestKind.GET)).isEqualTo(300);
      assertThat(counts.of(RequestKind.HEAD)).isZero();
      assertThat(counts.runningMax()).isLessThanOrEqualTo(129);
    });
  }

  @Test
  void dataFollowAListingByThemselves() {
    play(world -> {
      world.foreignPut("d/small", text(131_071));
      world.foreignPut("d/threshold", text(131_072));
      world.foreignPut("d/empty", "");
      var directory = world.cache.inode(InodeKey.of(world.at("d").id()), Patience.FOREVER);
      world.importer.ensureListed(Objects.requireNonNull(directory), Patience.FOREVER);
      world.execution.sleep(SOON);
      assertThat(world.bucket.counts().of(RequestKind.GET)).isEqualTo(1);
      assertThat(world.bucket.counts().of(RequestKind.HEAD)).isZero();
      var before = world.bucket.counts().all();
      assertThat(world.read("d/small")).hasSize(131_071);
      assertThat(world.bucket.counts().all()).isEqualTo(before);
      assertThat(world.read("d/threshold")).hasSize(131_072);
      assertThat(world.bucket.counts().of(RequestKind.HEAD)).isEqualTo(1);
      assertThat(world.bucket.counts().of(RequestKind.GET)).isEqualTo(2);
    });
  }

  @Test
  void theRuleWithTheLongestPrefixHolds() {
    var rules =
        new ImportRules(
            List.of(
                new Rule("", Trigger.ON_DIRECTORY_FIRST_ACCESS, 10),
                new Rule("logs/", Trigger.ON_FILE_ACCESS, 0),
                new Rule("logs/hot/", Trigger.ON_DIRECTORY_FIRST_ACCESS, 100)));
    play(
        rules,
        world -> {
          world.foreignPut("a", text(9));
          world.foreignPut("b", text(10));
          world.foreignPut("logs/a", text(5));
          world.foreignPut("logs/hot/a", text(99));
          world.find("");
          world.execution.sleep(SOON);
          var counts = world.bucket.counts();
          assertThat(counts.of(RequestKind.GET)).isEqualTo(2);
          assertThat(counts.of(RequestKind.HEAD)).isEqualTo(2);
          assertThat(world.read("a")).hasSize(9);
          assertThat(world.read("logs/hot/a")).hasSize(99);
          assertThat(counts.of(RequestKind.GET)).isEqualTo(2);
          assertThat(world.read("b")).hasSize(10);
          assertThat(world.read("logs/a")).hasSize(5);
          assertThat(counts.of(RequestKind.GET)).isEqualTo(4);
        });
  }

  @Test
  void aSymlinkIsOneRequestToo() {
    play(world -> {
      world
          .bucket
          .foreign()
          .put("l", "there".getBytes(UTF_8), Map.of("file-permissions", "0120777"));
      assertThat(world.at("l").type()).isEqualTo(FileType.SYMLINK);
      assertThat(world.files.readLink(world.at("l").id(), Patience.FOREVER))
          .isEqualTo("there".getBytes(UTF_8));
      assertThat(world.bucket.counts().of(RequestKind.GET)).isEqualTo(1);
      assertThat(world.bucket.counts().of(RequestKind.HEAD)).isZero();
      world.execution.sleep(SOON);
      assertThat(world.operations.check(null, true).findings()).isEmpty();
    });
  }

  @Test
  void whatCannotBeReadStillHasItsAttributes() {
    play(world -> {
      world.bucket.foreign().put("a", "x".getBytes(UTF_8), Map.of("file-owner", "7"));
      world.bucket.faults().next(RequestKind.GET, Fault.DENIED);
      assertThat(world.at("a").uid()).isEqualTo(7);
    });
  }

  /** After the listing, and before the GET that its names make takes effect. */
  private static void replaceSoon(World world) {
    try {
      world.execution.sleep(Duration.ofMillis(1_500));
      world.foreignPut("a", "newer");
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whatIsReplacedBetweenListingAndFetchIsShownInItsNewVersion() {
    play(world -> {
      world.foreignPut("a", "old");
      world.bucket.faults().delay(RequestKind.GET, Duration.ofSeconds(2), Duration.ofSeconds(2));
      world.bucket.faults().delay(RequestKind.LIST, Duration.ofSeconds(1), Duration.ofSeconds(1));
      world.execution.fork("writer", () -> replaceSoon(world));
      assertThat(world.at("a").sizeBytes()).isEqualTo(5);
      assertThat(world.read("a")).isEqualTo("newer");
    });
  }

  /** A folder with very many keys: memory is for pages, and requests are bounded. */
  @Test
  void aFolderOfManyKeysIsOneRequestForEachSmallFile() {
    play(world -> {
      for (var file = 0; file < 20_000; file++) {
        world.foreignPut("big/f" + file, "x");
      }
      assertThat(world.list("big")).hasSize(20_000);
      world.execution.sleep(Duration.ofMinutes(1));
      var counts = world.bucket.counts();
      assertThat(counts.of(RequestKind.LIST)).isEqualTo(1 + 20);
      assertThat(counts.of(RequestKind.GET)).isEqualTo(20_000);
      assertThat(counts.of(RequestKind.HEAD)).isZero();
      assertThat(counts.runningMax()).isLessThanOrEqualTo(129);
      assertThat(world.read("big/f19999")).isEqualTo("x");
      assertThat(counts.of(RequestKind.GET)).isEqualTo(20_000);
    });
  }

  @Test
  void aDeepTreeIsOneListALevel() {
    play(world -> {
      var path = "d".concat("/d".repeat(199));
      world.foreignPut(path + "/f", "deep");
      assertThat(world.read(path + "/f")).isEqualTo("deep");
      assertThat(world.bucket.counts().of(RequestKind.LIST)).isEqualTo(201);
      assertThat(world.bucket.counts().of(RequestKind.GET)).isEqualTo(1);
    });
  }
}
