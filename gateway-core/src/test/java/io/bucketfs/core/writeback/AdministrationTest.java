package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.access.AccessCodec;
import io.bucketfs.core.access.AccessTest;
import io.bucketfs.core.access.ClientRule;
import io.bucketfs.core.access.SubExport;
import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.MountCodec;
import io.bucketfs.core.mount.Quota;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.RecordWriter;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class AdministrationTest {
  private static MountRequest request(String name, String bucket, String prefix) {
    var location =
        new BucketLocation(bucket, "us-east-1", null, true, new Credentials.DefaultChain());
    return new MountRequest(name, location, prefix, World.policy());
  }

  private static void refused(World world, MountRequest request, AdminException.Kind kind) {
    assertThatThrownBy(() -> world.operations.createMount(request))
        .isInstanceOf(AdminException.class)
        .extracting("kind")
        .isEqualTo(kind);
  }

  @Test
  void mountsAreCreatedListedAndDeleted() {
    WriteBackTest.play(world -> {
      var made = world.operations.createMount(request("other", "second", "p/"));
      assertThat(made.mount().number()).isEqualTo(2);
      assertThat(world.operations.mounts())
          .extracting(status -> status.mount().name())
          .containsExactly("data", "other");
      world.stores.bucket("second").foreign().put("p/a", new byte[] {1});
      assertThat(world.files.exports()).hasSize(2);
      world.operations.deleteMount("other", false);
      assertThat(world.files.exports()).hasSize(1);
      for (var family : List.of(Family.INODES, Family.DIRENTS, Family.REMOTE, Family.MOUNTS)) {
        var left = world.metadata.scan(family, Keys.mount(2), Keys.mount(3), 10);
        assertThat(left).as("%s", family).isEmpty();
      }
      assertThatThrownBy(() -> world.operations.mount("other")).isInstanceOf(AdminException.class);
    });
  }

  private static Access withSub(String name) {
    var sub = new SubExport(0, name, "teams/a", true, null, List.of());
    return new Access(List.of(ClientRule.EVERYBODY), List.of(sub), 0);
  }

  @Test
  void rulesOfAccessChangeAtOnceAndAreKept() {
    WriteBackTest.play(world -> {
      var before = world.files.exportsChange();
      var changed = world.operations.setAccess("data", withSub("team"));
      assertThat(world.files.exportsChange()).isGreaterThan(before);
      var access = changed.mount().access();
      assertThat(access.subExports()).extracting(SubExport::number).containsExactly(1);
      assertThat(world.files.exports().getFirst().access()).isEqualTo(access);
      var kept = world.metadata.scan(Family.MOUNTS, Keys.mount(1), Keys.mount(2), 1).getFirst();
      assertThat(MountCodec.decode(kept.value()).mount().access()).isEqualTo(access);
      assertThatThrownBy(() -> world.operations.setAccess("none", Access.OPEN))
          .isInstanceOf(AdminException.class);
    });
  }

  @Test
  void subExportsAndMountsHaveDistinctNames() {
    WriteBackTest.play(world -> {
      world.operations.createMount(request("other", "second", ""));
      assertThatThrownBy(() -> world.operations.setAccess("data", withSub("other")))
          .hasMessageContaining("taken by mount other; choose another name");
      assertThatThrownBy(() -> world.operations.setAccess("data", withSub("data")))
          .hasMessageContaining("named as its mount");
      world.operations.setAccess("data", withSub("team"));
      assertThatThrownBy(() -> world.operations.setAccess("other", withSub("team")))
          .hasMessageContaining("taken by mount data");
      refused(world, request("team", "third", ""), AdminException.Kind.CONFLICT);
    });
  }

  /** What a gateway wrote before there were rules lets everybody in, as it did. */
  @Test
  void aMountOfTheFirstFormatIsOpenToAll() {
    var mount =
        new Mount(
            1,
            new UUID(1, 2),
            "n",
            World.location(),
            "",
            Mount.Policy.DEFAULT,
            Access.OPEN,
            Quota.NONE);
    var now = MountCodec.encode(new MountCodec.Stored(mount, StoreTraits.FULL, false));
    var rules = new RecordWriter(64);
    AccessCodec.write(rules, Access.OPEN);
    var old = Arrays.copyOf(now, now.length - rules.toBytes().length - 2 * Long.BYTES - 2);
    old[0] = 1;
    assertThat(MountCodec.decode(old).mount()).isEqualTo(mount);
  }

  /** What a gateway wrote before there were quotas may grow without end, as it did. */
  @Test
  void aMountOfTheSecondFormatHasNoQuota() {
    var mount =
        new Mount(
            1,
            new UUID(1, 2),
            "n",
            World.location(),
            "",
            Mount.Policy.DEFAULT,
            Access.OPEN,
            Quota.NONE);
    var now = MountCodec.encode(new MountCodec.Stored(mount, StoreTraits.FULL, false));
    var old = Arrays.copyOf(now, now.length - 2 * Long.BYTES - 2);
    old[0] = 2;
    assertThat(MountCodec.decode(old).mount()).isEqualTo(mount);
  }

  /**
   * A store that was probed before there were multipart uploads is trusted with nothing of them.
   */
  @Test
  void aMountOfTheThirdFormatKnowsNothingOfParts() {
    var mount =
        new Mount(
            1,
            new UUID(1, 2),
            "n",
            World.location(),
            "",
            Mount.Policy.DEFAULT,
            Access.OPEN,
            new Quota(5, 6));
    var now = MountCodec.encode(new MountCodec.Stored(mount, StoreTraits.FULL, false));
    var old = Arrays.copyOf(now, now.length - 2);
    old[0] = 3;
    var read = MountCodec.decode(old);
    assertThat(read.mount()).isEqualTo(mount);
    assertThat(read.traits())
        .isEqualTo(new StoreTraits(true, true, true, true, false, false, false));
  }

  @Test
  void wrongMountsAreRefused() {
    WriteBackTest.play(world -> {
      refused(world, request("", "b", ""), AdminException.Kind.INVALID);
      refused(world, request("a/b", "b", ""), AdminException.Kind.INVALID);
      refused(world, request("x".repeat(256), "b", ""), AdminException.Kind.INVALID);
      refused(world, request("p", "b", "no-slash"), AdminException.Kind.INVALID);
      refused(world, request("data", "b", ""), AdminException.Kind.CONFLICT);
      refused(world, request("overlap", "bucket", "below/"), AdminException.Kind.CONFLICT);
      assertThat(world.operations.mounts()).hasSize(1);
    });
  }

  @Test
  void aMountWithDirtyFilesIsKeptUnlessForced() {
    WriteBackTest.play(world -> {
      world.write("a", "x");
      var status = world.operations.mount("data");
      assertThat(status.dirtyFiles()).isEqualTo(1);
      assertThat(status.dirtyBytes()).isEqualTo(1);
      assertThat(status.oldestDirty()).isNotNull();
      assertThat(world.operations.dirty("data", 10))
          .singleElement()
          .satisfies(entry -> assertThat(entry.path()).isEqualTo("/a"));
      assertThatThrownBy(() -> world.operations.deleteMount("data", false))
          .extracting("kind")
          .isEqualTo(AdminException.Kind.CONFLICT);
      world.operations.deleteMount("data", true);
      assertThat(world.operations.status().dirtyFiles()).isZero();
      assertThat(world.operations.mounts()).isEmpty();
      world.execution.sleep(World.MAX_AGE);
      assertThat(world.bucket.foreign().keys()).isEmpty();
    });
  }

  @Test
  void aFlushOfAPathCoversWhatIsBelowIt() {
    WriteBackTest.play(world -> {
      world.mkdir("d");
      world.write("d/a", "x");
      world.write("b", "y");
      var result = world.operations.flush("data", "/d/", true);
      assertThat(result.files()).isEqualTo(2);
      assertThat(world.object("d/a")).isEqualTo("x");
      assertThat(world.object("b")).isNull();
    });
  }

  @Test
  void mountsAndMarksAreFoundAfterARestart() {
    var execution = new SimulatedExecution(1);
    var bucket = new MemoryBucket(execution);
    var metadata = new MemoryKeyValueStore(execution, 1);
    var extents = new MemoryExtentStore();
    execution.run(() -> {
      var world = new World(execution, metadata, extents, bucket);
      world.write("a", "x");
    });
    execution.abandonAll();
    execution.run(() -> {
      var world = new World(execution, metadata, extents, bucket);
      assertThat(world.operations.mounts()).hasSize(1);
      execution.sleep(World.IDLE.plus(Duration.ofSeconds(5)));
      assertThat(world.object("a")).isEqualTo("x");
    });
  }

  @Test
  void mountsAreReadBackAsTheyWereStored() {
    for (var seed = 0L; seed < 200; seed++) {
      var random = new SplittableRandom(seed);
      var credentials =
          switch (random.nextInt(3)) {
            case 0 -> new Credentials.DefaultChain();
            case 1 -> new Credentials.Profile("p" + seed);
            default -> new Credentials.Anonymous();
          };
      var location =
          new BucketLocation(
              "b" + seed,
              "r",
              random.nextBoolean() ? "http://e" : null,
              random.nextBoolean(),
              credentials);
      var policy =
          new Mount.Policy(
              random.nextBoolean(),
              Duration.ofNanos(random.nextLong(1L << 50)),
              Duration.ofNanos(random.nextLong(1L << 50)),
              random.nextInt(),
              random.nextInt(),
              random.nextInt(010000),
              random.nextInt(010000));
      var mount =
          new Mount(
              random.nextInt(1, 1 << 30),
              new UUID(random.nextLong(), random.nextLong()),
              "name",
              location,
              "p/",
              policy,
              AccessTest.random(random),
              new Quota(random.nextLong(), random.nextLong()));
      var traits =
          new StoreTraits(
              random.nextBoolean(),
              random.nextBoolean(),
              random.nextBoolean(),
              random.nextBoolean(),
              random.nextBoolean(),
              random.nextBoolean(),
              random.nextBoolean());
      var stored = new MountCodec.Stored(mount, traits, random.nextBoolean());
      assertThat(MountCodec.decode(MountCodec.encode(stored)))
          .as("seed %d", seed)
          .isEqualTo(stored);
    }
  }
}
