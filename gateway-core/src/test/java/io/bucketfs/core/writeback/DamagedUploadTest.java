package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What the store says it got otherwise than it was sent is never taken for done. */
@Timeout(60)
final class DamagedUploadTest {
  private static final int BYTES = 17 << 20;

  private final SimulatedExecution execution = new SimulatedExecution(1);
  private final MemoryBucket bucket = new MemoryBucket(execution);
  private final MemoryKeyValueStore metadata = new MemoryKeyValueStore(execution, 1);
  private final MemoryExtentStore extents = new MemoryExtentStore();

  private void inWorld(WriteBackTest.Scene scene) {
    execution.run(() -> scene.play(new World(execution, metadata, extents, bucket)));
  }

  private static byte[] bytes() {
    var bytes = new byte[BYTES];
    for (var i = 0; i < BYTES; i += 4_096) {
      bytes[i] = (byte) (i >> 12);
    }
    return bytes;
  }

  private static void write(World world, FileId file, byte[] bytes) throws Exception {
    var data = Unpooled.wrappedBuffer(bytes);
    world.files.write(file, 0, data, Stability.FILE_SYNC, Patience.FOREVER);
  }

  private long requests(RequestKind kind) {
    return bucket.counts().of(kind);
  }

  private void isWhole(World world) throws Exception {
    assertThat(world.writeBack.flush(world.mount, "", true).failing()).isEmpty();
    assertThat(world.backlog().files()).isZero();
    assertThat(Arrays.equals(bucket.foreign().get("f"), bytes())).isTrue();
    assertThat(world.operations.mount("data").conflicts()).isZero();
    assertThat(bucket.foreign().uploads()).isEmpty();
  }

  /** The checksum of the whole was wrong, and the object is not: reading it says so. */
  @Test
  void aCompletionWithAWrongChecksumIsReadBack() {
    inWorld(world -> {
      write(world, world.write("f", ""), bytes());
      bucket.faults().next(RequestKind.COMPLETE_UPLOAD, Fault.DAMAGED);
      isWhole(world);
      assertThat(requests(RequestKind.COMPLETE_UPLOAD)).isOne();
      assertThat(bucket.counts().bytesOut()).isEqualTo(BYTES);
      // It is known as what it is: a change of its mode is a copy of it.
      assertThat(world.metadata("f")).containsEntry("file-permissions", "0100644");
    });
  }

  /** The object is another one than was sent, with the token of its writer: it is sent again. */
  @Test
  void anObjectThatIsDamagedIsWrittenOver() {
    inWorld(world -> {
      write(world, world.write("f", ""), bytes());
      bucket.faults().next(RequestKind.COMPLETE_UPLOAD, Fault.DAMAGED);
      damageOnce();
      isWhole(world);
      assertThat(requests(RequestKind.COMPLETE_UPLOAD)).isEqualTo(2);
    });
  }

  /** Changes a byte of the object before anybody looks at it. */
  private void damageOnce() {
    var isDone = new AtomicBoolean();
    bucket
        .faults()
        .hook((kind, key) -> {
          if (kind == RequestKind.HEAD
              && bucket.foreign().get(key) != null
              && isDone.compareAndSet(false, true)) {
            damage(key);
          }
        });
  }

  private void damage(String key) {
    var damaged = Objects.requireNonNull(bucket.foreign().get(key));
    damaged[BYTES - 1] ^= 1;
    var ofObject = Objects.requireNonNull(bucket.foreign().head(key)).metadata();
    bucket.foreign().put(key, damaged, ofObject);
  }

  /** While it cannot be read nothing is known, and it is sent again in the end. */
  @Test
  void whatCannotBeReadBackIsNotTakenForDone() {
    inWorld(world -> {
      write(world, world.write("f", ""), bytes());
      bucket.faults().next(RequestKind.COMPLETE_UPLOAD, Fault.DAMAGED);
      bucket.faults().next(RequestKind.GET, Fault.UNREACHABLE);
      isWhole(world);
      assertThat(requests(RequestKind.COMPLETE_UPLOAD)).isEqualTo(2);
    });
  }

  /** Whether the store carried it out or not. */
  @Test
  void whatCannotBeLookedAtIsNotTakenForDone() {
    inWorld(world -> {
      write(world, world.write("f", ""), bytes());
      bucket.faults().next(RequestKind.COMPLETE_UPLOAD, Fault.DAMAGED);
      bucket.faults().next(RequestKind.HEAD, Fault.UNREACHABLE);
      isWhole(world);
      assertThat(requests(RequestKind.COMPLETE_UPLOAD)).isEqualTo(2);
    });
  }

  // Of a process that is killed between the reply and what it would have done about it.

  /** Where the process is killed, after the upload was completed. */
  enum Killed {
    /** The reply never arrives. */
    AT_THE_REPLY(RequestKind.HEAD),
    /** The reply told a wrong checksum, and nobody has looked at the object. */
    BEFORE_THE_LOOK(RequestKind.HEAD),
    /** Its version is known, and not its bytes. */
    BEFORE_THE_READ(RequestKind.GET);

    private final RequestKind at;

    Killed(RequestKind at) {
      this.at = at;
    }
  }

  /**
   * Writes a file and kills the process.
   *
   * @param isDamaged whether the object is another one than was sent
   * @param before runs when the object is there
   */
  private void kill(Killed where, boolean isDamaged, WriteBackTest.Scene before) {
    killAfter(where, world -> write(world, world.write("f", ""), bytes()), before);
    if (isDamaged) {
      damage("f");
    }
  }

  /** Kills the process while it exports what a scene writes. */
  private void killAfter(Killed where, WriteBackTest.Scene writing, WriteBackTest.Scene before) {
    var isKilled = new CompletableFuture<Boolean>();
    execution.run(() -> {
      var world = new World(execution, metadata, extents, bucket);
      writing.play(world);
      bucket
          .faults()
          .next(
              RequestKind.COMPLETE_UPLOAD,
              where == Killed.AT_THE_REPLY ? Fault.LOST_REPLY : Fault.DAMAGED);
      bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == where.at && requests(RequestKind.COMPLETE_UPLOAD) > 0) {
              isKilled.complete(true);
              awaitForEver();
            }
          });
      world.writeBack.flush(world.mount, "", false);
      execution.await(isKilled, Patience.FOREVER);
      before.play(world);
    });
    execution.abandonAll();
    bucket.faults().hook((_, _) -> {});
  }

  private void awaitForEver() throws InterruptedException {
    try {
      execution.await(new CompletableFuture<Boolean>(), Patience.FOREVER);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  private void afterTheKill(Crash crash, WriteBackTest.Scene scene) {
    var left = metadata.crash(crash, new SplittableRandom(1));
    execution.run(() -> {
      var world = new World(execution, left, extents, bucket);
      // What is dirty is loaded in the background.
      execution.sleep(Duration.ofSeconds(1));
      scene.play(world);
    });
  }

  /** It was taken for done after a restart, and its bytes were dropped here some time. */
  @ParameterizedTest
  @CsvSource({
    "AT_THE_REPLY, KILL",
    "AT_THE_REPLY, POWER",
    "BEFORE_THE_LOOK, KILL",
    "BEFORE_THE_LOOK, POWER",
    "BEFORE_THE_READ, KILL",
    "BEFORE_THE_READ, POWER"
  })
  void anObjectThatIsDamagedIsWrittenOverAfterAKill(Killed where, Crash crash) {
    kill(where, true, _ -> {});
    afterTheKill(
        crash,
        world -> {
          isWhole(world);
          assertThat(requests(RequestKind.COMPLETE_UPLOAD)).isEqualTo(2);
          assertThat(world.operations.check("data", true).findings()).isEmpty();
        });
  }

  @ParameterizedTest
  @EnumSource(Killed.class)
  void anObjectThatIsWholeIsReadAndTakenForDoneAfterAKill(Killed where) {
    kill(where, false, _ -> {});
    afterTheKill(
        Crash.KILL,
        world -> {
          isWhole(world);
          assertThat(requests(RequestKind.COMPLETE_UPLOAD)).isOne();
          assertThat(bucket.counts().bytesOut()).isEqualTo(BYTES);
        });
  }

  /** What became of it is found out when the old key is to go. */
  @Test
  void anObjectThatIsDamagedIsNotCopiedToTheNewNameOfItsFileAfterAKill() {
    kill(Killed.BEFORE_THE_READ, true, world -> world.rename("f", "g"));
    // The old key's turn comes before the new one has its bytes.
    bucket.faults().next(RequestKind.CREATE_UPLOAD, Fault.BUSY);
    bucket.faults().next(RequestKind.CREATE_UPLOAD, Fault.BUSY);
    afterTheKill(
        Crash.KILL,
        world -> {
          assertThat(world.writeBack.flush(world.mount, "", true).failing()).isEmpty();
          assertThat(Arrays.equals(bucket.foreign().get("g"), bytes())).isTrue();
          assertThat(bucket.foreign().keys()).containsExactly("g");
          assertThat(world.operations.mount("data").conflicts()).isZero();
        });
  }

  /** Bytes that are on their way to an archive, or that the mount's user may not read. */
  @Test
  void whatMayNotBeReadIsSentAgainAfterAKill() {
    kill(Killed.BEFORE_THE_READ, true, _ -> {});
    bucket
        .faults()
        .hook((kind, _) -> {
          if (kind == RequestKind.GET) {
            throw new ObjectStoreException(new BackendFailure.Archived("403 InvalidObjectState"));
          }
        });
    afterTheKill(
        Crash.KILL,
        world -> {
          isWhole(world);
          assertThat(requests(RequestKind.COMPLETE_UPLOAD)).isEqualTo(2);
        });
  }

  /** It has bytes that were nowhere but in the object whose place it took. */
  @Test
  void whatMayNotBeReadAndNotBeSentAgainIsBelievedAfterAKill() {
    bucket.foreign().put("f", bytes());
    killAfter(
        Killed.BEFORE_THE_LOOK,
        world -> {
          world.list("");
          world.overwrite(world.at("f").id(), BYTES, "more");
        },
        _ -> {});
    assertThat(requests(RequestKind.COPY_PART)).isPositive();
    bucket
        .faults()
        .hook((kind, _) -> {
          if (kind == RequestKind.GET) {
            throw new ObjectStoreException(new BackendFailure.Denied("403 AccessDenied: no"));
          }
        });
    afterTheKill(
        Crash.KILL,
        world -> {
          assertThat(world.writeBack.flush(world.mount, "", true).failing()).isEmpty();
          assertThat(world.backlog().files()).isZero();
          assertThat(requests(RequestKind.COMPLETE_UPLOAD)).isOne();
          bucket.faults().hook((_, _) -> {});
          assertThat(bucket.foreign().get("f")).hasSize(BYTES + 4);
          assertThat(world.at("f").sizeBytes()).isEqualTo(BYTES + 4);
          var read = world.files.read(world.at("f").id(), BYTES - 1, 5, Patience.FOREVER);
          try {
            assertThat(read.data().readableBytes()).isEqualTo(5);
          } finally {
            read.data().release();
          }
        });
  }

  /** While it cannot be read nothing is known, and the job stays. */
  @Test
  void itIsReadWhenTheStoreIsBackAfterAKill() {
    kill(Killed.BEFORE_THE_READ, true, _ -> {});
    for (var i = 0; i < 3; i++) {
      bucket.faults().next(RequestKind.GET, Fault.UNREACHABLE);
    }
    afterTheKill(
        Crash.KILL,
        world -> {
          execution.sleep(Duration.ofMinutes(10));
          isWhole(world);
          assertThat(requests(RequestKind.COMPLETE_UPLOAD)).isEqualTo(2);
        });
  }

  /** A store that says so each time is not believed, and not taken for somebody else. */
  @Test
  void aPutThatIsAlwaysDamagedIsRepeatedAndNoConflict() {
    inWorld(world -> {
      world.write("f", "v");
      var puts = new AtomicInteger();
      for (var i = 0; i < 9; i++) {
        bucket.faults().next(RequestKind.PUT, Fault.DAMAGED);
      }
      bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == RequestKind.PUT) {
              puts.incrementAndGet();
            }
          });
      world.writeBack.flush(world.mount, "", false);
      execution.sleep(Duration.ofMinutes(5));
      assertThat(puts.get()).isEqualTo(10);
      assertThat(world.object("f")).isEqualTo("v");
      assertThat(world.backlog().files()).isZero();
      assertThat(world.operations.mount("data").conflicts()).isZero();
    });
  }

  /** A PUT that arrived damaged is no PUT whose reply was lost. */
  @Test
  void aLostReplyAfterADamagedPutSettlesNothing() {
    inWorld(world -> {
      world.write("f", "v");
      bucket.faults().next(RequestKind.PUT, Fault.DAMAGED);
      bucket.faults().next(RequestKind.PUT, Fault.UNREACHABLE);
      assertThat(world.writeBack.flush(world.mount, "", true).failing()).isEmpty();
      assertThat(requests(RequestKind.PUT)).isEqualTo(3);
      assertThat(world.operations.mount("data").conflicts()).isZero();
    });
  }
}
