package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.PatternBytes;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are written to the bucket in parts. A unit stands for a MiB. */
@Timeout(120)
final class MultipartTest {
  private static final int UNIT = 1_000;

  /** As the defaults, but for the unit; a single request copies 100 of them. */
  private static final WritebackLimits LIMITS =
      WritebackLimits.DEFAULT.with(
          new MultipartLimits(
              16 * UNIT, 16 * UNIT, 5 * UNIT, 40 * UNIT, 100 * UNIT, 4, 4, Duration.ofMinutes(10)));

  /** A gateway that can be killed and started again. */
  private static final class Lab {
    final SimulatedExecution execution = new SimulatedExecution(1);
    final MemoryExtentStore extents = new MemoryExtentStore();
    final MemoryBucket bucket;
    final StoreTraits traits;
    private MemoryKeyValueStore metadata = new MemoryKeyValueStore(execution, 1);

    Lab(StoreTraits traits) {
      this.traits = traits;
      bucket =
          new MemoryBucket(execution, new MemoryBucket.Options(false, traits, false, 5 * UNIT));
    }

    void play(WriteBackTest.Scene scene) {
      execution.run(() ->
          scene.play(
              new World(
                  execution, metadata, extents, bucket, traits, RefreshPolicy.DEFAULT, LIMITS)));
    }

    void kill() {
      execution.abandonAll();
      metadata = metadata.crash(Crash.KILL, new SplittableRandom(1));
    }

    long count(RequestKind kind) {
      return bucket.counts().of(kind);
    }

    /** All requests but those that list. */
    long requests() {
      return bucket.counts().all() - count(RequestKind.LIST);
    }

    byte[] object(String key) {
      var bytes = bucket.foreign().get(key);
      return bytes == null ? new byte[0] : bytes;
    }
  }

  private static void play(WriteBackTest.Scene scene) {
    new Lab(StoreTraits.FULL).play(scene);
  }

  private static byte[] bytes(int seed, int units) {
    return PatternBytes.of(seed, 0, units * UNIT);
  }

  private static FileId write(World world, String name, byte[] bytes) throws FileSystemException {
    var id = world.write(name, "");
    overwrite(world, id, 0, bytes);
    return id;
  }

  private static void overwrite(World world, FileId id, long offset, byte[] bytes)
      throws FileSystemException {
    world.files.write(
        id, offset, Unpooled.wrappedBuffer(bytes), Stability.FILE_SYNC, Patience.FOREVER);
  }

  private static byte[] with(byte[] bytes, int offset, byte[] over) {
    var changed = Arrays.copyOf(bytes, Math.max(bytes.length, offset + over.length));
    System.arraycopy(over, 0, changed, offset, over.length);
    return changed;
  }

  // Requests.

  @Test
  void aFileBelowTheThresholdIsOnePut() {
    play(world -> {
      var bytes = Arrays.copyOf(bytes(1, 16), 16 * UNIT - 1);
      write(world, "a", bytes);
      world.flush();
      assertThat(world.bucket.counts().of(RequestKind.PUT)).isEqualTo(1);
      assertThat(world.bucket.counts().of(RequestKind.CREATE_UPLOAD)).isZero();
      assertThat(world.bucket.foreign().get("a")).isEqualTo(bytes);
    });
  }

  @Test
  void fortyUnitsAreFiveRequests() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      var bytes = bytes(1, 40);
      write(world, "a", bytes);
      world.flush();
      assertThat(lab.requests()).isEqualTo(5);
      assertThat(lab.count(RequestKind.CREATE_UPLOAD)).isEqualTo(1);
      assertThat(lab.count(RequestKind.UPLOAD_PART)).isEqualTo(3);
      assertThat(lab.count(RequestKind.COMPLETE_UPLOAD)).isEqualTo(1);
      assertThat(lab.object("a")).isEqualTo(bytes);
      assertThat(world.metadata("a")).containsEntry("file-permissions", "0100644");
      assertThat(world.backlog().files()).isZero();
    });
  }

  @Test
  void partsGoSideBySide() {
    play(world -> {
      world
          .bucket
          .faults()
          .delay(RequestKind.UPLOAD_PART, Duration.ofSeconds(1), Duration.ofSeconds(1));
      write(world, "a", bytes(1, 320));
      var begin = world.execution.nanoTime();
      world.flush();
      assertThat(Duration.ofNanos(world.execution.nanoTime() - begin))
          .isBetween(Duration.ofSeconds(5), Duration.ofSeconds(6));
      assertThat(world.bucket.counts().runningMax()).isEqualTo(4);
    });
  }

  // Unchanged ranges.

  @Test
  void anAppendToAnObjectThatIsNotHereSendsTheAppendOnly() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      lab.bucket.foreign().put("log", bytes(1, 2_000));
      var id = world.at("log").id();
      overwrite(world, id, 2_000 * UNIT, bytes(2, 1));
      world.flush();
      assertThat(lab.bucket.counts().bytesIn()).isEqualTo(UNIT);
      assertThat(lab.bucket.counts().bytesOut()).isZero();
      assertThat(lab.count(RequestKind.COPY_PART)).isEqualTo(50);
      assertThat(lab.object("log")).isEqualTo(with(bytes(1, 2_000), 2_000 * UNIT, bytes(2, 1)));
    });
  }

  @Test
  void aChangeInTheMiddleSendsOnePart() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      lab.bucket.foreign().put("db", bytes(1, 200));
      overwrite(world, world.at("db").id(), 100 * UNIT, bytes(2, 1));
      world.flush();
      assertThat(lab.bucket.counts().bytesIn()).isEqualTo(5 * UNIT);
      assertThat(lab.bucket.counts().bytesOut()).isEqualTo(4 * UNIT);
      assertThat(lab.object("db")).isEqualTo(with(bytes(1, 200), 100 * UNIT, bytes(2, 1)));
    });
  }

  @Test
  void whereTheStoreCopiesNoPartsTheyAreReadAndSent() {
    var lab = new Lab(new StoreTraits(true, true, true, true, true, false, true));
    lab.play(world -> {
      lab.bucket.foreign().put("log", bytes(1, 100));
      overwrite(world, world.at("log").id(), 100 * UNIT, bytes(2, 1));
      world.flush();
      assertThat(lab.count(RequestKind.COPY_PART)).isZero();
      assertThat(lab.object("log")).isEqualTo(with(bytes(1, 100), 100 * UNIT, bytes(2, 1)));
    });
  }

  /** What the probe saw does not hold any longer. */
  @Test
  void aRefusedCopyOfAPartIsReadInsteadAndNotTriedAgain() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      lab.bucket.honour(new StoreTraits(true, true, true, true, true, false, true));
      lab.bucket.foreign().put("log", bytes(1, 100));
      var id = world.at("log").id();
      overwrite(world, id, 100 * UNIT, bytes(2, 1));
      world.flush();
      assertThat(lab.object("log")).isEqualTo(with(bytes(1, 100), 100 * UNIT, bytes(2, 1)));
      assertThat(lab.bucket.foreign().uploads()).isEmpty();
      var copies = lab.count(RequestKind.COPY_PART);
      overwrite(world, id, 0, bytes(3, 1));
      world.flush();
      assertThat(lab.count(RequestKind.COPY_PART)).isEqualTo(copies);
      assertThat(world.backlog().files()).isZero();
    });
  }

  /** The base is replaced while it is copied from: that is a conflict, and no mixture. */
  @Test
  void aForeignPutUnderCopiedPartsIsAConflict() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      lab.bucket.foreign().put("log", bytes(1, 100));
      overwrite(world, world.at("log").id(), 100 * UNIT, bytes(2, 1));
      var copies = new AtomicInteger();
      lab.bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == RequestKind.COPY_PART && copies.incrementAndGet() == 2) {
              lab.bucket.foreign().put("log", bytes(3, 100));
            }
          });
      world.flush();
      assertThat(lab.object("log")).isEqualTo(bytes(3, 100));
      assertThat(lab.bucket.foreign().uploads()).isEmpty();
    });
  }

  @Test
  void aRenameOfAnObjectThatIsTooBigForOneCopyIsOfParts() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      lab.bucket.foreign().put("big", bytes(1, 101));
      world.list("");
      world.rename("big", "moved");
      world.flush();
      assertThat(lab.count(RequestKind.COPY)).isZero();
      assertThat(lab.count(RequestKind.COPY_PART)).isEqualTo(3);
      assertThat(lab.bucket.counts().bytesIn()).isZero();
      assertThat(lab.bucket.counts().bytesOut()).isZero();
      assertThat(lab.bucket.foreign().keys()).containsExactly("moved");
      assertThat(lab.object("moved")).isEqualTo(bytes(1, 101));
      world.files.setAttributes(
          World.ROOT, world.at("moved").id(), SetAttributes.ofMode(0600), false, Patience.FOREVER);
      world.flush();
      assertThat(world.metadata("moved")).containsEntry("file-permissions", "0100600");
      assertThat(lab.count(RequestKind.COPY_PART)).isEqualTo(6);
      assertThat(lab.object("moved")).isEqualTo(bytes(1, 101));
    });
  }

  @Test
  void twoBigFilesSwapTheirNames() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      lab.bucket.foreign().put("a", bytes(1, 101));
      lab.bucket.foreign().put("b", bytes(2, 101));
      world.list("");
      world.rename("a", "t");
      world.rename("b", "a");
      world.rename("t", "b");
      world.flush();
      world.flush();
      assertThat(lab.bucket.foreign().keys()).containsExactly("a", "b");
      assertThat(lab.object("a")).isEqualTo(bytes(2, 101));
      assertThat(lab.object("b")).isEqualTo(bytes(1, 101));
      assertThat(lab.bucket.foreign().uploads()).isEmpty();
    });
  }

  // Failures.

  /** Rule 13. */
  @Test
  void rule13ACompletionWhoseReplyIsLostIsNoConflict() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      lab.bucket.faults().next(RequestKind.COMPLETE_UPLOAD, Fault.LOST_REPLY);
      write(world, "a", bytes(1, 40));
      world.flush();
      assertThat(lab.count(RequestKind.COMPLETE_UPLOAD)).isEqualTo(1);
      assertThat(lab.count(RequestKind.HEAD)).isEqualTo(1);
      assertThat(lab.object("a")).isEqualTo(bytes(1, 40));
      assertThat(world.operations.conflicts(null, 10)).isEmpty();
      assertThat(world.backlog().files()).isZero();
    });
  }

  /**
   * Rule 15: what was cut off after an export whose outcome is not known yet, and is a hole by the
   * next one, is not copied from the object of the first.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 5_000})
  void rule15HolesAreNotCopiedFromAnObjectThatHasWhatWasThereBefore(int holes) {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      var file = write(world, "a", bytes(1, 80));
      lab.bucket.faults().next(RequestKind.COMPLETE_UPLOAD, Fault.LOST_REPLY);
      lab.bucket.faults().next(RequestKind.HEAD, Fault.UNREACHABLE);
      var once = new AtomicBoolean();
      lab.bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == RequestKind.HEAD && once.compareAndSet(false, true)) {
              cutAndExtend(world, file, holes);
              // The next attempt settles the first export; the one after it has that as base.
              lab.bucket.faults().next(RequestKind.CREATE_UPLOAD, Fault.UNREACHABLE);
            }
          });
      world.flush();
      assertThat(once).isTrue();
      world.flush();
      var expected = Arrays.copyOf(bytes(1, 80), 70 * UNIT);
      Arrays.fill(expected, 10 * UNIT, 70 * UNIT, (byte) 0);
      for (var hole = 1; hole <= holes; hole++) {
        expected[endOf(hole, holes)] = 1;
      }
      assertThat(lab.object("a")).isEqualTo(expected);
      assertThat(world.backlog().files()).isZero();
    });
  }

  /** Where that one of so many holes ends, which together are as long as 60 units. */
  private static int endOf(int hole, int holes) {
    return 10 * UNIT + 60 * UNIT / holes * hole - 1;
  }

  private static void cutAndExtend(World world, FileId file, int holes) {
    try {
      world.files.setAttributes(
          World.ROOT, file, SetAttributes.ofSize(10 * UNIT), false, Patience.FOREVER);
      for (var hole = 1; hole <= holes; hole++) {
        overwrite(world, file, endOf(hole, holes), new byte[] {1});
      }
    } catch (FileSystemException e) {
      throw new AssertionError(e);
    }
  }

  /** Rule 13: the completion lands only after a HEAD said that it did not. */
  @Test
  void rule13ALateCompletionIsFoundThroughTheUploadThatIsGone() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      var tried = new AtomicInteger();
      lab.bucket
          .faults()
          .hook((kind, key) -> {
            if (kind == RequestKind.COMPLETE_UPLOAD && tried.incrementAndGet() == 1) {
              throw new ObjectStoreException(new BackendFailure.Unreachable("cut"));
            }
          });
      write(world, "a", bytes(1, 40));
      world.flush();
      assertThat(tried.get()).isEqualTo(2);
      // The parts are not sent again.
      assertThat(lab.count(RequestKind.UPLOAD_PART)).isEqualTo(3);
      assertThat(lab.object("a")).isEqualTo(bytes(1, 40));
    });
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"BUSY", "UNREACHABLE", "LOST_REPLY"})
  void aPartIsSentAgain(Fault fault) {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      lab.bucket.faults().next(RequestKind.UPLOAD_PART, fault);
      write(world, "a", bytes(1, 40));
      world.flush();
      assertThat(lab.count(RequestKind.UPLOAD_PART)).isEqualTo(4);
      assertThat(lab.count(RequestKind.CREATE_UPLOAD)).isEqualTo(1);
      assertThat(lab.object("a")).isEqualTo(bytes(1, 40));
    });
  }

  /** A rule of the bucket aborted it, or an operator. */
  @Test
  void anUploadThatIsGoneIsBegunAnew() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      var parts = new AtomicInteger();
      lab.bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == RequestKind.UPLOAD_PART && parts.incrementAndGet() == 2) {
              lab.bucket.foreign().abortUploads();
            }
          });
      write(world, "a", bytes(1, 40));
      world.flush();
      assertThat(lab.object("a")).isEqualTo(bytes(1, 40));
      assertThat(lab.bucket.foreign().uploads()).isEmpty();
    });
  }

  /** Rule 15: at every request a crash, and the same bytes are gone on with. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void rule15AnUploadIsResumedAfterACrash(int request) {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      var seen = new AtomicInteger();
      lab.bucket
          .faults()
          .hook((kind, _) -> {
            if (kind != RequestKind.LIST && seen.incrementAndGet() >= request) {
              lab.execution.sleep(Duration.ofDays(1));
            }
          });
      write(world, "a", bytes(1, 40));
      world.execution.sleep(Duration.ofMinutes(2));
    });
    lab.kill();
    lab.bucket.faults().hook((_, _) -> {});
    var parts = lab.count(RequestKind.UPLOAD_PART);
    var done = lab.bucket.foreign().uploadsWithParts().isEmpty() ? 0 : request - 2;
    lab.play(world -> {
      world.execution.sleep(Duration.ofMinutes(2));
      assertThat(lab.object("a")).isEqualTo(bytes(1, 40));
      assertThat(lab.count(RequestKind.UPLOAD_PART) - parts).isEqualTo(3 - done);
      assertThat(lab.bucket.foreign().uploadsWithParts()).isEmpty();
      assertThat(world.operations.conflicts(null, 10)).isEmpty();
      assertThat(world.backlog().files()).isZero();
    });
  }

  /** Rule 15. */
  @Test
  void rule15AnotherSnapshotBeginsAnUploadOfItsOwn() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      var stuck = new AtomicInteger();
      lab.bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == RequestKind.UPLOAD_PART && stuck.incrementAndGet() > 1) {
              throw new ObjectStoreException(new BackendFailure.Denied("403 AccessDenied: no"));
            }
          });
      var id = write(world, "a", bytes(1, 40));
      world.flush();
      assertThat(lab.bucket.foreign().uploadsWithParts()).hasSize(1);
      lab.bucket.faults().hook((_, _) -> {});
      overwrite(world, id, 0, bytes(2, 1));
      world.flush();
      assertThat(lab.object("a")).isEqualTo(with(bytes(1, 40), 0, bytes(2, 1)));
      assertThat(lab.count(RequestKind.ABORT_UPLOAD)).isEqualTo(1);
      assertThat(lab.bucket.foreign().uploads()).isEmpty();
    });
  }

  // What is left.

  private static void leaveAnUpload(Lab lab, World world) throws Exception {
    lab.bucket
        .faults()
        .hook((kind, _) -> {
          if (kind == RequestKind.COMPLETE_UPLOAD) {
            throw new ObjectStoreException(new BackendFailure.Denied("403 AccessDenied: no"));
          }
        });
    write(world, "a", bytes(1, 40));
    world.flush();
    lab.bucket.faults().hook((_, _) -> {});
    assertThat(lab.bucket.foreign().uploadsWithParts()).hasSize(1);
  }

  @Test
  void theUploadOfAFileThatIsDeletedIsAborted() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      leaveAnUpload(lab, world);
      world.remove("a");
      world.flush();
      assertThat(lab.bucket.foreign().uploads()).isEmpty();
      assertThat(lab.bucket.foreign().keys()).isEmpty();
    });
  }

  @Test
  void theUploadOfAFileThatIsRenamedIsAborted() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      leaveAnUpload(lab, world);
      world.rename("a", "b");
      world.flush();
      assertThat(lab.bucket.foreign().uploads()).isEmpty();
      assertThat(lab.bucket.foreign().keys()).containsExactly("b");
    });
  }

  @Test
  void theUploadsOfAMountThatGoesAreAborted() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      leaveAnUpload(lab, world);
      world.operations.deleteMount("data", true);
      assertThat(lab.bucket.foreign().uploads()).isEmpty();
    });
  }

  /** Nobody knows of it any longer but the record: the file became clean by other means. */
  @Test
  void whatNothingWillCompleteIsAbortedInTime() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      leaveAnUpload(lab, world);
      var id = world.at("a").id();
      world.files.setAttributes(
          World.ROOT, id, SetAttributes.ofSize(UNIT), false, Patience.FOREVER);
      lab.bucket.faults().always(Fault.UNREACHABLE);
      world.execution.sleep(Duration.ofMinutes(1));
      lab.bucket.faults().always(null);
      world.execution.sleep(Duration.ofMinutes(11));
      assertThat(lab.bucket.foreign().uploads()).isEmpty();
      assertThat(world.bucket.foreign().get("a")).isEqualTo(Arrays.copyOf(bytes(1, 40), UNIT));
    });
  }

  @Test
  void theUploadsOfOthersAreLeftAlone() {
    var lab = new Lab(StoreTraits.FULL);
    lab.play(world -> {
      var foreign = lab.bucket.foreign().beginUpload("a");
      leaveAnUploadBeside(lab, world);
      world.remove("a");
      world.flush();
      world.execution.sleep(Duration.ofMinutes(11));
      assertThat(lab.bucket.foreign().uploads())
          .singleElement()
          .satisfies(upload -> assertThat(upload.uploadId()).isEqualTo(foreign));
    });
  }

  private static void leaveAnUploadBeside(Lab lab, World world) throws Exception {
    write(world, "a", bytes(1, 40));
    world.flush();
    assertThat(lab.bucket.foreign().uploads()).hasSize(1);
  }

  /** Rule 16: a store that ignores the condition is asked before. */
  @Test
  void rule16WithoutAConditionAHeadComesBeforeTheCompletion() {
    var lab = new Lab(StoreTraits.NONE);
    lab.play(world -> {
      write(world, "a", bytes(1, 40));
      lab.bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == RequestKind.UPLOAD_PART) {
              lab.bucket.foreign().put("a", bytes(2, 1));
            }
          });
      world.flush();
      assertThat(lab.object("a")).isEqualTo(bytes(2, 1));
      assertThat(world.operations.conflicts(null, 10)).hasSize(1);
      assertThat(lab.bucket.foreign().uploads()).isEmpty();
    });
  }
}
