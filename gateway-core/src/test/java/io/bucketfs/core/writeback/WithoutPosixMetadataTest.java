package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.MountCodec;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.object.Encryption;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.ObjectHeaders;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.object.Placement;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.FileSystem.XattrMode;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A mount whose owner, mode, times and extended attributes do not travel with objects. */
@Timeout(60)
final class WithoutPosixMetadataTest {
  private static final Map<String, String> FOREIGN =
      Map.of("colour", "blue", "file-owner", "77", "file-permissions", "0100600");

  private final SimulatedExecution execution = new SimulatedExecution(1);
  private final MemoryBucket bucket = new MemoryBucket(execution);
  private MemoryExtentStore extents = new MemoryExtentStore();
  private MemoryKeyValueStore metadata = new MemoryKeyValueStore(execution, 1);

  private World open(ImportRules imports) throws Exception {
    return new World(
        execution,
        metadata,
        extents,
        bucket,
        StoreTraits.FULL,
        RefreshPolicy.DEFAULT,
        WritebackLimits.DEFAULT,
        imports);
  }

  private void play(WriteBackTest.Scene scene) {
    play(ImportRules.ON_FILE_ACCESS, scene);
  }

  /** In a gateway of its own, whose state directory is empty. */
  private void play(ImportRules imports, WriteBackTest.Scene scene) {
    extents = new MemoryExtentStore();
    metadata = new MemoryKeyValueStore(execution, 1);
    execution.run(() -> {
      var active = open(imports).require("data");
      var mount = active.mount();
      var off = mount.withPolicy(mount.policy().withPosixMetadata(false));
      var stored = new MountCodec.Stored(off, StoreTraits.FULL, false);
      metadata.write(
          List.of(new Change.Put(Family.MOUNTS, Keys.mount(1), MountCodec.encode(stored))), true);
    });
    execution.abandonAll();
    metadata = metadata.crash(Crash.KILL, new SplittableRandom(1));
    execution.run(() -> scene.play(open(imports)));
    execution.abandonAll();
  }

  private static void flush(World world) throws Exception {
    assertThat(world.writeBack.flush(world.mount, "", true).failing()).isEmpty();
  }

  private static Attributes chmod(World world, String path, int mode) throws Exception {
    return world.files.setAttributes(
        World.ROOT,
        world.at(path).id(),
        new SetAttributes(mode, 5, 6, null, null, null),
        false,
        Patience.FOREVER);
  }

  private long requests(RequestKind kind) {
    return bucket.counts().of(kind);
  }

  private static long lastModified(ObjectVersion version) {
    return Committer.nanos(Objects.requireNonNull(version.lastModified()));
  }

  @Test
  void objectsCarryNothingButTheTokenOfTheirWriter() {
    play(world -> {
      var file = world.write("f", "text");
      chmod(world, "f", 0600);
      world.files.setXattr(
          World.ROOT, file, "a", new byte[] {1}, XattrMode.EITHER, Patience.FOREVER);
      world.mkdir("d");
      flush(world);
      assertThat(world.metadata("f")).containsOnlyKeys("bucketfs-token");
      assertThat(world.metadata("d/")).containsOnlyKeys("bucketfs-token");
      assertThat(world.at("f").mode()).isEqualTo(0600);
      assertThat(world.files.xattr(World.ROOT, file, "a", Patience.FOREVER)).containsExactly(1);
    });
  }

  @Test
  void attributesChangeWithoutARequest() {
    bucket.foreign().put("d/theirs", new byte[3]);
    play(world -> {
      world.write("f", "text");
      flush(world);
      world.list("d");
      var before = bucket.counts().all();
      for (var path : List.of("f", "d/theirs", "d")) {
        assertThat(chmod(world, path, 0700).mode()).isEqualTo(0700);
        world.files.setXattr(
            World.ROOT,
            world.at(path).id(),
            "a",
            new byte[] {1},
            XattrMode.EITHER,
            Patience.FOREVER);
      }
      flush(world);
      assertThat(bucket.counts().all()).isEqualTo(before);
      assertThat(world.backlog().files()).isZero();
      assertThat(world.at("d/theirs").uid()).isEqualTo(5);
    });
  }

  @Test
  void attributesOutliveARestart() {
    play(world -> {
      world.write("f", "text");
      chmod(world, "f", 0604);
      flush(world);
    });
    metadata = metadata.crash(Crash.KILL, new SplittableRandom(1));
    execution.run(
        () -> assertThat(open(ImportRules.ON_FILE_ACCESS).at("f").mode()).isEqualTo(0604));
  }

  /** Without the state directory they are the mount's defaults, and the time is the object's. */
  @Test
  void attributesAreLostWithTheStateDirectory() {
    play(world -> {
      world.write("f", "text");
      chmod(world, "f", 0604);
      flush(world);
    });
    play(world -> {
      var file = world.at("f");
      assertThat(file.mode()).isEqualTo(0644);
      assertThat(file.uid()).isZero();
      var head = Objects.requireNonNull(bucket.foreign().head("f"));
      assertThat(file.modifyNanos()).isEqualTo(lastModified(head.version()));
      assertThat(world.read("f")).isEqualTo("text");
    });
  }

  /** A first ls -l is a LIST, and so is a later one. */
  @Test
  void aDirectoryCostsItsListings() {
    for (var i = 0; i < 50; i++) {
      bucket.foreign().put("d/f" + i, new byte[] {1}, FOREIGN);
    }
    bucket.foreign().put("d/", new byte[0], FOREIGN);
    play(world -> {
      var before = bucket.counts().all();
      assertThat(world.find("")).hasSize(51);
      assertThat(world.at("d/f7").mode()).isEqualTo(0644);
      assertThat(world.at("d").mode()).isEqualTo(0755);
      assertThat(bucket.counts().all() - before).isEqualTo(2);
      assertThat(requests(RequestKind.HEAD)).isZero();
    });
  }

  /** One HEAD before an object is replaced finds what others keep with it. */
  @Test
  void whatOthersKeepWithObjectsSurvives() {
    var headers = new ObjectHeaders("max-age=60", null, null, null, null, "ONEZONE_IA", false);
    for (var key : List.of("written", "cut", "renamed")) {
      bucket
          .foreign()
          .put(
              key,
              "theirs".getBytes(UTF_8),
              new Placement(headers, Encryption.OF_BUCKET, Map.of("team", "a")));
    }
    var theirs = new HashMap<>(FOREIGN);
    theirs.put("file-mtime", "5ns");
    bucket.foreign().put("metadata", "theirs".getBytes(UTF_8), theirs);
    play(world -> {
      world.overwrite(world.at("written").id(), 0, "OURS");
      world.write("cut", "");
      world.rename("renamed", "moved");
      world.overwrite(world.at("metadata").id(), 0, "OURS");
      flush(world);
      assertThat(world.object("written")).isEqualTo("OURSrs");
      assertThat(world.object("cut")).isEmpty();
      assertThat(world.object("moved")).isEqualTo("theirs");
      for (var key : List.of("written", "cut", "moved")) {
        assertThat(bucket.foreign().tags(key)).containsEntry("team", "a");
        assertThat(Objects.requireNonNull(bucket.foreign().head(key)).headers().cacheControl())
            .isEqualTo("max-age=60");
      }
      // The time would be wrong; owner and mode are none of ours.
      assertThat(world.metadata("metadata")).containsAllEntriesOf(FOREIGN);
      assertThat(world.metadata("metadata")).doesNotContainKey("file-mtime");
      var heads = requests(RequestKind.HEAD);
      world.overwrite(world.at("written").id(), 0, "MORE");
      flush(world);
      assertThat(requests(RequestKind.HEAD)).isEqualTo(heads);
      assertThat(bucket.foreign().tags("written")).containsEntry("team", "a");
    });
  }

  @Test
  void aChangeInTheBucketShowsWithItsTime() {
    bucket.foreign().put("f", "one".getBytes(UTF_8));
    play(world -> {
      chmod(world, "f", 0600);
      flush(world);
      var version = bucket.foreign().put("f", "other".getBytes(UTF_8));
      world.refresh("", true);
      assertThat(world.read("f")).isEqualTo("other");
      assertThat(world.at("f").mode()).isEqualTo(0600);
      assertThat(world.at("f").modifyNanos()).isEqualTo(lastModified(version));
      assertThat(requests(RequestKind.HEAD)).isZero();
    });
  }

  @Test
  void aChangeOnBothSidesIsAConflictAsElsewhere() {
    bucket.foreign().put("f", "one".getBytes(UTF_8));
    play(world -> {
      world.overwrite(world.at("f").id(), 0, "our");
      bucket.foreign().put("f", "theirs".getBytes(UTF_8));
      world.flush();
      assertThat(world.object("f")).isEqualTo("theirs");
      assertThat(world.read("f")).isEqualTo("theirs");
      assertThat(world.list(".bucketfs-lost+found")).hasSize(1);
    });
  }

  /** The bytes of an object are its target; what it is is said nowhere. */
  @Test
  void symlinksAreFilesWithoutTheStateDirectory() {
    play(world -> {
      world.make("l", new NewNode.Symlink("target".getBytes(UTF_8)));
      flush(world);
      assertThat(world.at("l").type()).isEqualTo(FileType.SYMLINK);
      assertThat(world.object("l")).isEqualTo("target");
    });
    play(world -> {
      assertThat(world.at("l").type()).isEqualTo(FileType.FILE);
      assertThat(world.read("l")).isEqualTo("target");
    });
  }

  @Test
  void dataOfSmallFilesComeByThemselvesAllTheSame() {
    bucket.foreign().put("d/f", "text".getBytes(UTF_8));
    play(
        ImportRules.DEFAULT,
        world -> {
          world.list("d");
          execution.sleep(World.IDLE);
          assertThat(requests(RequestKind.GET)).isOne();
          assertThat(world.read("d/f")).isEqualTo("text");
          assertThat(requests(RequestKind.GET)).isOne();
        });
  }

  /** A directory needs a marker only as long as nothing else shows it. */
  @Test
  void directoriesWithFilesNeedNoMarker() {
    play(world -> {
      world.mkdir("d");
      world.write("d/f", "x");
      chmod(world, "d", 0700);
      flush(world);
      assertThat(bucket.foreign().keys()).containsExactly("d/f");
      world.remove("d/f");
      flush(world);
      assertThat(bucket.foreign().keys()).containsExactly("d/");
    });
  }
}
