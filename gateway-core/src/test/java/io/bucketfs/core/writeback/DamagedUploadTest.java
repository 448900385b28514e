package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the store says it got otherwise than it was sent is never taken for done. */
@Timeout(60)
final class DamagedUploadTest {
  private static final int BYTES = 17 << 20;

  private final SimulatedExecution execution = new SimulatedExecution(1);
  private final MemoryBucket bucket = new MemoryBucket(execution);

  private void inWorld(WriteBackTest.Scene scene) {
    execution.run(() ->
        scene.play(
            new World(
                execution,
                new MemoryKeyValueStore(execution, 1),
                new MemoryExtentStore(),
                bucket)));
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
            var damaged = Objects.requireNonNull(bucket.foreign().get(key));
            damaged[BYTES - 1] ^= 1;
            var metadata = Objects.requireNonNull(bucket.foreign().head(key)).metadata();
            bucket.foreign().put(key, damaged, metadata);
          }
        });
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
