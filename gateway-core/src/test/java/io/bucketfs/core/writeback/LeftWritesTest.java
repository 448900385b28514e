package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.admin.KeepOrders.Place;
import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A process is killed after the store carried out a PUT, and before the reply, which may tell the
 * checksum of other bytes, was acted on: the next one reads what is there before it rests on it.
 */
@Timeout(60)
final class LeftWritesTest {
  private static final String LOST_AND_FOUND = ".bucketfs-lost+found";

  private final SimulatedExecution execution = new SimulatedExecution(1);
  private final MemoryBucket bucket = new MemoryBucket(execution);
  private final MemoryExtentStore extents = new MemoryExtentStore();
  private MemoryKeyValueStore metadata = new MemoryKeyValueStore(execution, 1);

  private World world() throws Exception {
    return new World(execution, metadata, extents, bucket);
  }

  private long requests(RequestKind kind) {
    return bucket.counts().of(kind);
  }

  private void kill(Crash crash) {
    execution.abandonAll();
    bucket.faults().hook((_, _) -> {});
    metadata = metadata.crash(crash, new SplittableRandom(1));
  }

  /** Plays a scene and kills the process when its object is there, after another scene. */
  private void killAfterThePut(WriteBackTest.Scene scene, WriteBackTest.Scene before) {
    killAfter(RequestKind.PUT, scene, before);
  }

  private void killAfter(RequestKind kind, WriteBackTest.Scene scene, WriteBackTest.Scene before) {
    var isThere = new CompletableFuture<Boolean>();
    execution.run(() -> {
      var world = world();
      scene.play(world);
      var sent = requests(kind);
      bucket.faults().next(kind, Fault.LOST_REPLY);
      bucket
          .faults()
          .hook((now, _) -> {
            if (now == RequestKind.HEAD && requests(kind) > sent) {
              isThere.complete(true);
              awaitForEver();
            }
          });
      world.writeBack.flush(world.mount, "", false);
      execution.await(isThere, Patience.FOREVER);
      before.play(world);
    });
    kill(Crash.KILL);
  }

  private void awaitForEver() throws InterruptedException {
    try {
      execution.await(new CompletableFuture<Boolean>(), Patience.FOREVER);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  private static void nothing(World world) {
    assertThat(world.mount).isPositive();
  }

  /** Changes a byte of an object, which keeps the token of its writer. */
  private void damage(String key, int at) {
    var bytes = Objects.requireNonNull(bucket.foreign().get(key), key);
    bytes[at] ^= 1;
    var metadataOfObject = Objects.requireNonNull(bucket.foreign().head(key)).metadata();
    bucket.foreign().put(key, bytes, metadataOfObject);
  }

  private void afterTheKill(WriteBackTest.Scene scene) {
    execution.run(() -> {
      var world = world();
      // What is dirty is loaded in the background.
      execution.sleep(Duration.ofSeconds(1));
      scene.play(world);
      assertThat(world.writeBack.flush(world.mount, "", true).failing()).isEmpty();
      assertThat(world.backlog().files()).isZero();
      assertThat(world.operations.mount("data").conflicts()).isZero();
      assertThat(world.operations.check("data", true).findings()).isEmpty();
    });
  }

  /** The store said that it got other bytes, and nobody had the time to do something about it. */
  @ParameterizedTest
  @EnumSource(Crash.class)
  void damagedBytesAreSentAgain(Crash crash) {
    var isThere = new CompletableFuture<Boolean>();
    execution.run(() -> {
      var world = world();
      world.write("f", "good");
      bucket.faults().next(RequestKind.PUT, Fault.SPOILED);
      bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == RequestKind.HEAD) {
              isThere.complete(true);
              awaitForEver();
            }
          });
      world.writeBack.flush(world.mount, "", false);
      execution.await(isThere, Patience.FOREVER);
    });
    kill(crash);
    assertThat(bucket.foreign().get("f")).isNotNull().isNotEqualTo("good".getBytes(UTF_8));
    afterTheKill(World::flush);
    assertThat(bucket.foreign().get("f")).asString().isEqualTo("good");
    assertThat(requests(RequestKind.PUT)).isEqualTo(2);
  }

  @Test
  void goodBytesAreReadOnceAndNotSentAgain() {
    killAfterThePut(world -> world.write("f", "good"), LeftWritesTest::nothing);
    afterTheKill(World::flush);
    assertThat(requests(RequestKind.PUT)).isOne();
    assertThat(requests(RequestKind.GET)).isOne();
    assertThat(bucket.counts().bytesOut()).isEqualTo(4);
  }

  /** What the later write left as it was would be dropped here, and come from the object. */
  @Test
  void aFileThatWasWrittenSinceDoesNotRestOnDamagedBytes() {
    killAfterThePut(
        world -> world.write("f", "good"), world -> world.overwrite(world.at("f").id(), 2, "LD"));
    damage("f", 0);
    bucket
        .faults()
        .hook((kind, _) -> {
          if (kind == RequestKind.PUT) {
            throw new ObjectStoreException(new BackendFailure.Unreachable("gone"));
          }
        });
    afterTheKill(world -> {
      execution.sleep(Duration.ofMinutes(10));
      assertThat(requests(RequestKind.GET)).isOne();
      world.operations.keep().evict(List.of(new Place("data", "")), _ -> true);
      assertThat(world.read("f")).isEqualTo("goLD");
      bucket.faults().hook((_, _) -> {});
    });
    assertThat(bucket.foreign().get("f")).asString().isEqualTo("goLD");
  }

  /** What the later write replaced need not be in the object. */
  @Test
  void aFileThatWasWrittenSinceIsComparedByWhatIsLeft() {
    killAfterThePut(
        world -> world.write("f", "good"), world -> world.overwrite(world.at("f").id(), 2, "LD"));
    damage("f", 3);
    afterTheKill(World::flush);
    assertThat(bucket.foreign().get("f")).asString().isEqualTo("goLD");
    assertThat(requests(RequestKind.PUT)).isEqualTo(2);
    assertThat(requests(RequestKind.GET)).isOne();
  }

  @Test
  void aFileThatWasCutSinceIsComparedByWhatIsLeft() {
    killAfterThePut(world -> world.write("f", "good"), world -> world.write("f", ""));
    damage("f", 3);
    afterTheKill(World::flush);
    assertThat(bucket.foreign().get("f")).isEmpty();
    assertThat(requests(RequestKind.GET)).isZero();
  }

  /** The old name's turn comes before the new one has its bytes. */
  @Test
  void aFileThatWasRenamedSinceDoesNotRestOnDamagedBytes() {
    killAfterThePut(world -> world.write("f", "good"), world -> world.rename("f", "g"));
    damage("f", 0);
    bucket.faults().next(RequestKind.PUT, Fault.BUSY);
    bucket.faults().next(RequestKind.PUT, Fault.BUSY);
    afterTheKill(World::flush);
    assertThat(bucket.foreign().keys()).containsExactly("g");
    assertThat(bucket.foreign().get("g")).asString().isEqualTo("good");
    assertThat(requests(RequestKind.COPY)).isZero();
  }

  @Test
  void aFileThatIsGoneTakesItsDamagedObjectAlong() {
    killAfterThePut(world -> world.write("f", "good"), world -> world.remove("f"));
    damage("f", 0);
    afterTheKill(World::flush);
    assertThat(bucket.foreign().keys()).isEmpty();
    assertThat(requests(RequestKind.GET)).isZero();
  }

  @Test
  void anotherFileTookTheNameOfOneThatRestsOnNoDamagedBytes() {
    killAfterThePut(
        world -> world.write("f", "good"),
        world -> {
          world.rename("f", "g");
          world.write("f", "other");
        });
    damage("f", 0);
    afterTheKill(World::flush);
    assertThat(bucket.foreign().get("f")).asString().isEqualTo("other");
    assertThat(bucket.foreign().get("g")).asString().isEqualTo("good");
  }

  /** Writes the start of a file of which nothing else was ever read. */
  private static void overwriteTheStart(World world) throws FileSystemException {
    world.list("");
    world.overwrite(world.at("f").id(), 0, "OUR");
  }

  /** The rest of the file was in the object that the PUT replaced, and cannot be compared. */
  @Test
  void bytesThatOnlyTheObjectBeforeHadAreBelieved() {
    bucket.foreign().put("f", "theirs".getBytes(UTF_8));
    killAfterThePut(LeftWritesTest::overwriteTheStart, LeftWritesTest::nothing);
    afterTheKill(world -> {
      world.flush();
      assertThat(world.read("f")).isEqualTo("OURirs");
    });
    assertThat(requests(RequestKind.PUT)).isOne();
  }

  @Test
  void whatWasWrittenSinceIsNotLookedForInTheObject() {
    bucket.foreign().put("f", "theirs".getBytes(UTF_8));
    killAfterThePut(
        LeftWritesTest::overwriteTheStart, world -> world.overwrite(world.at("f").id(), 1, "N"));
    afterTheKill(World::flush);
    assertThat(bucket.foreign().get("f")).asString().isEqualTo("ONRirs");
  }

  /** The rest of the file was read before, and is here. */
  @Test
  void copiesOfWhatTheObjectBeforeHadAreCompared() {
    bucket.foreign().put("f", "theirs".getBytes(UTF_8));
    killAfterThePut(
        world -> {
          assertThat(world.read("f")).isEqualTo("theirs");
          world.overwrite(world.at("f").id(), 0, "OUR");
        },
        LeftWritesTest::nothing);
    damage("f", 5);
    afterTheKill(World::flush);
    assertThat(bucket.foreign().get("f")).asString().isEqualTo("OURirs");
    assertThat(requests(RequestKind.PUT)).isEqualTo(2);
  }

  /** The rest of the file was in the object that the PUT replaced; what is here is not lost. */
  @Test
  void whatIsDamagedAndCannotBeSentAgainAsAWholeIsKept() {
    bucket.foreign().put("f", "theirs".getBytes(UTF_8));
    killAfterThePut(LeftWritesTest::overwriteTheStart, LeftWritesTest::nothing);
    damage("f", 0);
    execution.run(() -> {
      var world = world();
      execution.sleep(Duration.ofMinutes(1));
      assertThat(world.operations.mount("data").conflicts()).isOne();
      var kept = world.at(world.find(LOST_AND_FOUND).getLast());
      var read = world.files.read(kept.id(), 0, 3, Patience.FOREVER).data();
      try {
        assertThat(read.toString(UTF_8)).isEqualTo("OUR");
      } finally {
        read.release();
      }
    });
  }

  /** An object at another place can be read. */
  @Test
  void bytesThatAreOnlyInAnotherObjectAreComparedWithIt() {
    bucket.foreign().put("f", "theirs".getBytes(UTF_8));
    killAfterThePut(
        world -> {
          world.list("");
          world.overwrite(world.at("f").id(), 0, "OUR");
          world.rename("f", "g");
        },
        LeftWritesTest::nothing);
    damage("g", 5);
    afterTheKill(World::flush);
    assertThat(bucket.foreign().get("g")).asString().isEqualTo("OURirs");
    assertThat(bucket.foreign().keys()).containsExactly("g");
  }

  /** The store had the bytes already; a change of the mode sends none. */
  @Test
  void aCopyIsBelieved() {
    killAfter(
        RequestKind.COPY,
        world -> {
          world.write("f", "good");
          world.flush();
          world.rename("f", "g");
        },
        LeftWritesTest::nothing);
    afterTheKill(World::flush);
    assertThat(bucket.foreign().get("g")).asString().isEqualTo("good");
    assertThat(requests(RequestKind.COPY)).isOne();
    assertThat(requests(RequestKind.GET)).isZero();
  }

  @Test
  void aSymlinkIsComparedToo() {
    killAfterThePut(
        world -> world.make("l", new NewNode.Symlink("target".getBytes(UTF_8))),
        LeftWritesTest::nothing);
    damage("l", 0);
    afterTheKill(World::flush);
    assertThat(bucket.foreign().get("l")).asString().isEqualTo("target");
  }

  @Test
  void whatHasNoBytesIsNotRead() {
    killAfterThePut(world -> world.mkdir("d"), LeftWritesTest::nothing);
    afterTheKill(World::flush);
    assertThat(requests(RequestKind.PUT)).isOne();
    assertThat(requests(RequestKind.GET)).isZero();
  }

  @Test
  void whatMayNotBeReadIsSentAgain() {
    killAfterThePut(world -> world.write("f", "good"), LeftWritesTest::nothing);
    damage("f", 0);
    bucket
        .faults()
        .hook((kind, _) -> {
          if (kind == RequestKind.GET) {
            throw new ObjectStoreException(new BackendFailure.Denied("403 AccessDenied: no"));
          }
        });
    afterTheKill(World::flush);
    assertThat(bucket.foreign().get("f")).asString().isEqualTo("good");
  }

  @Test
  void itIsReadWhenTheStoreIsBack() {
    killAfterThePut(world -> world.write("f", "good"), LeftWritesTest::nothing);
    damage("f", 0);
    for (var i = 0; i < 3; i++) {
      bucket.faults().next(RequestKind.GET, Fault.UNREACHABLE);
    }
    afterTheKill(_ -> execution.sleep(Duration.ofMinutes(10)));
    assertThat(bucket.foreign().get("f")).asString().isEqualTo("good");
    assertThat(requests(RequestKind.PUT)).isEqualTo(2);
  }

  /** Somebody else wrote it between the look and the read: that is a conflict, as ever. */
  @Test
  void whatChangesWhileItIsReadIsNotTakenForOurs() throws FileSystemException {
    killAfterThePut(world -> world.write("f", "good"), LeftWritesTest::nothing);
    bucket
        .faults()
        .hook((kind, key) -> {
          if (kind == RequestKind.GET) {
            bucket.faults().hook((_, _) -> {});
            bucket.foreign().put(key, "theirs".getBytes(UTF_8));
          }
        });
    execution.run(() -> {
      var world = world();
      execution.sleep(Duration.ofMinutes(1));
      world.flush();
      assertThat(world.object("f")).isEqualTo("theirs");
      assertThat(world.operations.mount("data").conflicts()).isOne();
    });
  }
}
