package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A disk that is full or fails: an error or a wait for who needs it, and nothing lost. */
@Timeout(60)
class DiskFaultsTest {
  /** More than rides in the metadata, so that the extent file is synced for it. */
  private static final int BYTES = 100_000;

  /** What a test does. */
  @FunctionalInterface
  private interface Play {
    void run(SimulatedWorld world) throws Exception;
  }

  private static void play(Play before, Crash crash, Play after) {
    for (var seed = 1; seed <= 10; seed++) {
      var world = new SimulatedWorld(seed, 1L << 40);
      world.execution.run(() -> {
        world.start();
        world.createMount();
        before.run(world);
      });
      world.crash(crash);
      world.execution.run(() -> {
        world.start();
        after.run(world);
        assertThat(world.gateway().administration().check(null, true).findings()).isEmpty();
      });
      world.execution.abandonAll();
    }
  }

  private static byte[] bytes(int fill) {
    var bytes = new byte[BYTES];
    Arrays.fill(bytes, (byte) fill);
    return bytes;
  }

  private static void write(SimulatedWorld world, FileId file, int fill, Stability stability)
      throws FileSystemException {
    var data = Unpooled.wrappedBuffer(bytes(fill));
    world.files().write(file, 0, data, stability, Patience.FOREVER);
  }

  private static byte[] read(SimulatedWorld world, String name) throws FileSystemException {
    var file = world.files().lookup(Caller.ROOT, world.root(), name, Patience.FOREVER);
    return SimulatedClient.contents(world.files(), file.id());
  }

  private static void fails(FsError error, Play play, SimulatedWorld world) {
    assertThatThrownBy(() -> play.run(world))
        .isInstanceOfSatisfying(
            FileSystemException.class, e -> assertThat(e.error()).isEqualTo(error));
  }

  @Test
  void whoWritesToAFullDiskIsToldToComeBackAndReadsGoOn() {
    play(
        world -> {
          var file = world.create("f");
          write(world, file, 1, Stability.FILE_SYNC);
          world.disk().limitTo(BYTES + 1_000);
          fails(FsError.DELAY, it -> write(it, file, 2, Stability.FILE_SYNC), world);
          assertThat(read(world, "f")).isEqualTo(bytes(1));
          world.disk().limitTo(Long.MAX_VALUE);
          write(world, file, 3, Stability.FILE_SYNC);
          assertThat(read(world, "f")).isEqualTo(bytes(3));
        },
        Crash.POWER,
        world -> assertThat(read(world, "f")).isEqualTo(bytes(3)));
  }

  @Test
  void aSyncThatFailsOnceIsMadeUpForElsewhere() {
    play(
        world -> {
          var verifier = world.files().writeVerifier();
          var file = world.create("f");
          world.disk().failSyncs(1);
          write(world, file, 1, Stability.FILE_SYNC);
          assertThat(world.files().writeVerifier()).isEqualTo(verifier);
        },
        Crash.POWER,
        world -> assertThat(read(world, "f")).isEqualTo(bytes(1)));
  }

  /** The client is told by the verifier that it has to send what was not synced again. */
  @Test
  void aDiskThatSyncsNoMoreIsAnErrorAndANewVerifier() {
    play(
        world -> {
          var verifier = world.files().writeVerifier();
          var file = world.create("f");
          write(world, file, 1, Stability.FILE_SYNC);
          write(world, file, 2, Stability.UNSTABLE);
          world.disk().failSyncs(100);
          fails(FsError.IO, it -> it.files().commit(file, Patience.FOREVER), world);
          assertThat(world.files().writeVerifier()).isNotEqualTo(verifier);
          world.disk().failSyncs(0);
          write(world, file, 3, Stability.FILE_SYNC);
        },
        Crash.POWER,
        world -> assertThat(read(world, "f")).isEqualTo(bytes(3)));
  }

  @Test
  void aDirectoryThatCannotBeSyncedFailsTheWriteThatNeedsIt() {
    play(
        world -> {
          world.disk().failDirectorySyncs(1);
          var file = world.create("f");
          fails(FsError.IO, it -> write(it, file, 1, Stability.FILE_SYNC), world);
          write(world, file, 2, Stability.FILE_SYNC);
        },
        Crash.POWER,
        world -> assertThat(read(world, "f")).isEqualTo(bytes(2)));
  }

  @Test
  void readErrorsAreErrorsAndPassWithTheirCause() {
    play(
        world -> write(world, world.create("f"), 1, Stability.FILE_SYNC),
        Crash.KILL,
        world -> {
          world.disk().failReads(true);
          fails(FsError.IO, it -> read(it, "f"), world);
          world.disk().failReads(false);
          assertThat(read(world, "f")).isEqualTo(bytes(1));
        });
  }

  @Test
  void whatS3HasIsFetchedAgainWhereTheDiskCannotReadIt() {
    play(
        world -> {
          write(world, world.create("f"), 1, Stability.FILE_SYNC);
          world.gateway().administration().flush("sim", "", true);
        },
        Crash.KILL,
        world -> {
          world.disk().failReadsOfPresentFiles();
          assertThat(read(world, "f")).isEqualTo(bytes(1));
          world.disk().failReads(false);
          assertThat(read(world, "f")).isEqualTo(bytes(1));
        });
  }

  @Test
  void whatWasJustFetchedIsReadWithoutTheDisk() {
    play(
        world -> {
          write(world, world.create("f"), 1, Stability.FILE_SYNC);
          world.gateway().administration().flush("sim", "", true);
        },
        Crash.KILL,
        world -> {
          world.disk().failReads(true);
          assertThat(read(world, "f")).isEqualTo(bytes(1));
          world.disk().failReads(false);
        });
  }

  /** It is more than memory keeps of what was just fetched. */
  @Test
  void aDiskThatReadsNothingIsAnErrorAlsoForWhatS3Has() {
    var large = new byte[4 << 20];
    Arrays.fill(large, (byte) 1);
    play(
        world -> {
          var data = Unpooled.wrappedBuffer(large);
          world.files().write(world.create("f"), 0, data, Stability.FILE_SYNC, Patience.FOREVER);
          world.gateway().administration().flush("sim", "", true);
        },
        Crash.KILL,
        world -> {
          world.disk().failReads(true);
          fails(FsError.IO, it -> read(it, "f"), world);
          world.disk().failReads(false);
          assertThat(read(world, "f")).isEqualTo(large);
        });
  }

  /** What the log's medium has is not known: a restart finds out. */
  @Test
  void metadataThatCannotBeWrittenFailEveryChangeUntilARestart() {
    play(
        world -> {
          write(world, world.create("f"), 1, Stability.FILE_SYNC);
          world.metadata().failWrites(1);
          fails(FsError.IO, it -> it.create("g"), world);
          fails(FsError.IO, it -> it.create("h"), world);
          assertThat(read(world, "f")).isEqualTo(bytes(1));
        },
        Crash.POWER,
        world -> {
          assertThat(read(world, "f")).isEqualTo(bytes(1));
          write(world, world.create("g"), 2, Stability.FILE_SYNC);
        });
  }
}
