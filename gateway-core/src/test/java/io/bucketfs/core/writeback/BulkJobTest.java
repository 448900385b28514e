package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.writeback.BulkProgress.State;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Renames and removals of many objects: what is seen of them, and what they send. */
@Timeout(120)
final class BulkJobTest {
  private static void make(World world, String directory, int files) throws Exception {
    world.mkdir(directory);
    for (var i = 0; i < files; i++) {
      world.write(directory + "/f" + i, "0123456789");
    }
    world.flush();
  }

  @Test
  void aRenamedDirectoryIsAJobUntilItsLastKeyIsGone() {
    WriteBackTest.play(world -> {
      make(world, "d", 300);
      world.rename("d", "e");
      var waiting = world.writeBack.jobs(world.mount);
      assertThat(waiting).hasSize(1);
      assertThat(waiting.getFirst().state()).isEqualTo(State.WAITING);
      assertThat(waiting.getFirst().rename()).isTrue();
      assertThat(waiting.getFirst().path()).isEqualTo("d");
      assertThat(waiting.getFirst().renamedTo()).isEqualTo("e");
      world.rename("e", "x");
      assertThat(world.writeBack.jobs(world.mount).getFirst().renamedTo()).isEqualTo("x");
      world.bucket.faults().delay(RequestKind.COPY, Duration.ofSeconds(1), Duration.ofSeconds(1));
      world.execution.sleep(World.IDLE.plusSeconds(4));
      var running = world.writeBack.jobs(world.mount).getFirst();
      assertThat(running.state()).isEqualTo(State.RUNNING);
      assertThat(running.objects()).isEqualTo(300);
      assertThat(running.bytes()).isEqualTo(3_000);
      assertThat(running.objectsDone()).isBetween(1L, 299L);
      assertThat(running.bytesDone()).isEqualTo(10 * running.objectsDone());
      world.execution.sleep(Duration.ofMinutes(2));
      assertThat(world.writeBack.jobs(world.mount)).isEmpty();
      assertThat(world.bucket.foreign().keys()).hasSize(300).allMatch(key -> key.startsWith("x/"));
      assertThat(world.bucket.counts().of(RequestKind.COPY)).isEqualTo(300);
      assertThat(world.operations.check(null, false).findings()).isEmpty();
    });
  }

  @Test
  void whatIsRemovedOneByOneIsOneJob() {
    WriteBackTest.play(world -> {
      world.mkdir("a");
      world.mkdir("a/b");
      make(world, "a/b/one", 40);
      make(world, "a/b/other", 2);
      for (var directory : new String[] {"a/b/one", "a/b/other"}) {
        for (var name : world.list(directory)) {
          world.remove(directory + "/" + name);
        }
        world.remove(directory);
      }
      var jobs = world.writeBack.jobs(world.mount);
      assertThat(jobs).hasSize(1);
      assertThat(jobs.getFirst().rename()).isFalse();
      assertThat(jobs.getFirst().path()).isEqualTo("a/b");
      assertThat(jobs.getFirst().objects()).isEqualTo(42);
      assertThat(jobs.getFirst().bytes()).isEqualTo(420);
      world.flush();
      assertThat(world.writeBack.jobs(world.mount)).isEmpty();
      assertThat(world.bucket.foreign().keys()).containsExactly("a/b/");
      // Two requests: the directories' last children wait until what shows them is there.
      assertThat(world.bucket.counts().of(RequestKind.DELETE_MANY)).isLessThanOrEqualTo(2);
      assertThat(world.bucket.counts().of(RequestKind.DELETE)).isLessThanOrEqualTo(1);
    });
  }

  /** Rule 16: a wrong tag protects its key, and only that. */
  @Test
  void rule16AKeyOfManyThatSomebodyChangedStays() {
    WriteBackTest.play(world -> {
      make(world, "d", 20);
      world.foreignPut("d/f7", "foreign");
      for (var i = 0; i < 20; i++) {
        world.remove("d/f" + i);
      }
      world.flush();
      assertThat(world.bucket.counts().of(RequestKind.DELETE_MANY)).isPositive();
      assertThat(world.object("d/f7")).isEqualTo("foreign");
      assertThat(world.read("d/f7")).isEqualTo("foreign");
      assertThat(world.list("d")).containsExactly("f7");
      assertThat(world.operations.conflicts(null, 10)).hasSize(1);
      assertThat(world.writeBack.jobs(world.mount)).isEmpty();
    });
  }

  @Test
  void anErrorOfOneKeyIsShownAndLeavesTheOthersAlone() {
    WriteBackTest.play(world -> {
      make(world, "d", 20);
      world
          .bucket
          .faults()
          .hook((kind, key) -> {
            if ((kind == RequestKind.DELETE_MANY || kind == RequestKind.DELETE)
                && key.equals("d/f3")) {
              throw new ObjectStoreException(new BackendFailure.Denied("403 AccessDenied: no"));
            }
          });
      for (var i = 0; i < 20; i++) {
        world.remove("d/f" + i);
      }
      assertThat(world.flush().failing()).hasSize(1);
      var job = world.writeBack.jobs(world.mount).getFirst();
      assertThat(job.state()).isEqualTo(State.FAILING);
      assertThat(job.reason()).contains("AccessDenied");
      assertThat(job.objects()).isEqualTo(20);
      assertThat(job.objectsDone()).isEqualTo(19);
      assertThat(world.operations.check(null, false).findings()).isEmpty();
      world.bucket.faults().hook((_, _) -> {});
      world.flush();
      assertThat(world.writeBack.jobs(world.mount)).isEmpty();
      assertThat(world.bucket.foreign().keys()).containsExactly("d/");
    });
  }

  @Test
  void aLostReplyOfManyDeletesIsNoConflict() {
    WriteBackTest.play(world -> {
      make(world, "d", 20);
      for (var i = 0; i < 20; i++) {
        world.remove("d/f" + i);
      }
      world.bucket.faults().next(RequestKind.DELETE_MANY, Fault.LOST_REPLY);
      world.flush();
      assertThat(world.bucket.foreign().keys()).containsExactly("d/");
      assertThat(world.operations.conflicts(null, 10)).isEmpty();
    });
  }

  /** A directory comes back and moves once more while its marker is being deleted. */
  @Test
  void aDirectoryThatMovesFromWhereItsMarkerIsDeletedMovesAsAWhole() {
    WriteBackTest.play(world -> {
      var directory = world.mkdir("d");
      // Its marker has it, so that it is there beside the file's object.
      world.files.setAttributes(
          World.ROOT, directory, SetAttributes.ofMode(0700), false, Patience.FOREVER);
      world.write("d/a", "bytes");
      world.flush();
      world.rename("d", "e");
      var once = new AtomicBoolean();
      world
          .bucket
          .faults()
          .hook((kind, key) -> {
            if (key.equals("d/")
                && kind == RequestKind.DELETE_MANY
                && once.compareAndSet(false, true)) {
              moveBackAndOn(world);
            }
          });
      world.flush();
      world.flush();
      assertThat(once).isTrue();
      assertThat(world.bucket.foreign().keys()).containsExactly("g/", "g/a");
      assertThat(world.object("g/a")).isEqualTo("bytes");
      assertThat(world.writeBack.jobs(world.mount)).isEmpty();
      assertThat(world.backlog().files()).isZero();
    });
  }

  private static void moveBackAndOn(World world) {
    try {
      world.rename("e", "d");
      world.rename("d", "g");
    } catch (FileSystemException e) {
      throw new AssertionError(e);
    }
  }

  /** A rename that waits for its turn leaves room to what somebody writes meanwhile. */
  @Test
  void aJobLeavesRoomToOtherFiles() {
    WriteBackTest.play(world -> {
      make(world, "d", 500);
      world.bucket.faults().delay(RequestKind.COPY, Duration.ofSeconds(5), Duration.ofSeconds(5));
      var copying = new AtomicInteger();
      world
          .bucket
          .faults()
          .hook((kind, _) -> {
            if (kind == RequestKind.COPY) {
              copying.incrementAndGet();
            }
          });
      world.rename("d", "e");
      world.execution.sleep(World.IDLE.plusSeconds(1));
      world.write("new", "x");
      world.execution.sleep(World.IDLE.plusSeconds(1));
      // 500 copies of 5 s each, 32 at a time, take 79 s.
      assertThat(world.object("new")).isEqualTo("x");
      assertThat(copying.get()).isBetween(300, 450);
    });
  }

  @Test
  void whatASecondRenameOfTheSameNameMovesIsCountedToo() {
    WriteBackTest.play(world -> {
      make(world, "d", 5);
      world.rename("d", "e");
      make(world, "d", 3);
      world.rename("d", "f");
      world.flush();
      assertThat(world.bucket.foreign().keys()).hasSize(8);
      assertThat(world.writeBack.jobs(world.mount)).isEmpty();
    });
  }

  /**
   * A directory whose marker was removed and that is made again and moved takes its files along.
   */
  @Test
  void aDirectoryThatWasRemovedBeforeMovesWhole() {
    WriteBackTest.play(world -> {
      world.mkdir("d");
      world.flush();
      assertThat(world.bucket.foreign().keys()).containsExactly("d/");
      world.bucket.faults().always(Fault.UNREACHABLE);
      world.remove("d");
      world.mkdir("d");
      world.write("d/a", "a");
      world.bucket.faults().always(null);
      world.write("x", "x");
      world.writeBack.flush(world.mount, "d/a", true);
      world.rename("d", "e");
      world.flush();
      assertThat(world.bucket.foreign().keys()).containsExactly("e/a", "x");
    });
  }

  /** The marker of a directory moves with it. */
  @Test
  void aMarkerMovesWithItsDirectory() {
    WriteBackTest.play(world -> {
      world.mkdir("d");
      world.flush();
      world.rename("d", "e");
      world.flush();
      assertThat(world.bucket.foreign().keys()).containsExactly("e/");
      assertThat(world.writeBack.jobs(world.mount)).isEmpty();
    });
  }
}
