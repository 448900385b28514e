package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.barrier.ExportBarriers;
import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.mount.ExportPolicy.Trigger;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.bucketfs.core.vfs.WouldBlock;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What clients do that waits for the bucket. */
@Timeout(60)
final class ExportBarriersTest {
  private static final Duration TICK = Duration.ofSeconds(15);

  private static FileSystem over(World world) {
    return new ExportBarriers(world.files, world.mounts, world.writeBack);
  }

  private static void trigger(World world, Trigger trigger) throws Exception {
    world.operations.setExports("data", new ExportPolicy(trigger, ExportPolicy.NO_LIMIT));
  }

  private static Patience patience(World world) {
    return Patience.atMost(TICK, world.execution.nanoTime());
  }

  private static FileId flushFile(World world, FileSystem files) throws Exception {
    var directory = files.lookup(World.ROOT, world.root(), ".bucketfs", Patience.NONE);
    assertThat(directory.type()).isEqualTo(FileType.DIRECTORY);
    return files.lookup(World.ROOT, directory.id(), "flush", Patience.NONE).id();
  }

  private static Stability write(
      FileSystem files, FileId file, String text, Stability stability, Patience patience)
      throws Exception {
    var data = Unpooled.copiedBuffer(text, UTF_8);
    try {
      return files.write(file, 0, data, stability, patience);
    } finally {
      data.release();
    }
  }

  private static void fails(FsError error, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FileSystemException.class, e -> assertThat(e.error()).isEqualTo(error));
  }

  /** An fsync of a client that has one page to write is a WRITE that is to be stable. */
  @Test
  void anFsyncOfTheFlushFileReturnsOnceAllIsInTheBucket() {
    WriteBackTest.play(world -> {
      var files = over(world);
      world.bucket.faults().delay(Duration.ofSeconds(1), Duration.ofSeconds(1));
      var flush = flushFile(world, files);
      for (var stable : List.of(true, false)) {
        for (var i = 0; i < 100; i++) {
          world.write("f" + i, "v" + stable);
        }
        world.remove("f7");
        assertThat(write(files, flush, "x", Stability.UNSTABLE, Patience.FOREVER))
            .isEqualTo(Stability.UNSTABLE);
        assertThat(world.object("f99")).isNotEqualTo("v" + stable);
        if (stable) {
          assertThat(write(files, flush, "x", Stability.FILE_SYNC, patience(world)))
              .isEqualTo(Stability.FILE_SYNC);
        } else {
          files.commit(flush, patience(world));
        }
        assertThat(world.backlog().files()).isZero();
        assertThat(world.object("f99")).isEqualTo("v" + stable);
        assertThat(world.object("f7")).isNull();
      }
    });
  }

  /** What takes longer than a request may goes on, and the client comes again until it is done. */
  @Test
  void anFsyncThatTakesLongIsDelayedAndGoesOn() {
    WriteBackTest.play(world -> {
      var files = over(world);
      world.write("f", "v");
      world.bucket.faults().delay(Duration.ofSeconds(100), Duration.ofSeconds(100));
      var flush = flushFile(world, files);
      var start = world.execution.nanoTime();
      var delays = 0;
      while (true) {
        try {
          files.commit(flush, patience(world));
          break;
        } catch (FileSystemException e) {
          assertThat(e.error()).isEqualTo(FsError.DELAY);
          delays++;
        }
      }
      assertThat(delays).isEqualTo(6);
      assertThat(world.object("f")).isEqualTo("v");
      assertThat(Duration.ofNanos(world.execution.nanoTime() - start))
          .isBetween(Duration.ofSeconds(99), Duration.ofSeconds(102));
    });
  }

  /** Another one who comes meanwhile does not get the older answer. */
  @Test
  void anFsyncCoversWhatIsDirtyWhenItComes() {
    WriteBackTest.play(world -> {
      var files = over(world);
      world.write("early", "v");
      world.bucket.faults().delay(Duration.ofSeconds(20), Duration.ofSeconds(20));
      var flush = flushFile(world, files);
      fails(FsError.DELAY, () -> files.commit(flush, patience(world)));
      world.write("late", "v");
      fails(FsError.DELAY, () -> files.commit(flush, patience(world)));
      assertThat(world.object("early")).isEqualTo("v");
      files.commit(flush, Patience.FOREVER);
      assertThat(world.object("late")).isEqualTo("v");
    });
  }

  @Test
  void anFsyncSaysWhatCannotBeExported() {
    WriteBackTest.play(world -> {
      var files = over(world);
      world.write("f", "v");
      world.bucket.faults().always(Fault.DENIED);
      fails(FsError.IO, () -> files.commit(flushFile(world, files), Patience.FOREVER));
      world.bucket.faults().always(null);
      files.commit(flushFile(world, files), Patience.FOREVER);
      assertThat(world.object("f")).isEqualTo("v");
    });
  }

  @Test
  void theFlushFileIsNotListedAndStaysWhatItIs() {
    WriteBackTest.play(world -> {
      var files = over(world);
      var names = new ArrayList<String>();
      files.readDirectory(
          World.ROOT, world.root(), 0, true, (_, name, _) -> names.add(name), Patience.FOREVER);
      assertThat(names).isEmpty();
      var flush = flushFile(world, files);
      var directory = files.lookup(World.ROOT, world.root(), ".bucketfs", Patience.NONE).id();
      files.readDirectory(
          World.ROOT, directory, 0, true, (_, name, _) -> names.add(name), Patience.FOREVER);
      assertThat(names).containsExactly("flush");
      assertThat(files.lookupParent(World.ROOT, directory, Patience.FOREVER).id())
          .isEqualTo(world.root());
      var user = new Caller(7, 7);
      var opened =
          files.create(
              user,
              directory,
              "flush",
              new CreateMode.Unchecked(),
              SetAttributes.ofSize(0),
              Patience.FOREVER);
      assertThat(opened.attributes()).isEqualTo(files.attributes(flush, Patience.NONE));
      assertThat(opened.isNew()).isFalse();
      write(files, flush, "text", Stability.FILE_SYNC, Patience.FOREVER);
      assertThat(files.attributes(flush, Patience.NONE).sizeBytes()).isZero();
      assertThat(files.read(flush, 0, 10, Patience.NONE).endOfFile()).isTrue();
      files.setAttributes(user, flush, SetAttributes.ofSize(0), true, Patience.FOREVER);
      fails(
          FsError.PERMISSION,
          () ->
              files.setAttributes(
                  World.ROOT, flush, SetAttributes.ofMode(0), false, Patience.FOREVER));
      fails(
          FsError.PERMISSION, () -> files.remove(World.ROOT, directory, "flush", Patience.FOREVER));
      fails(
          FsError.PERMISSION,
          () -> files.rename(World.ROOT, directory, "flush", world.root(), "f", Patience.FOREVER));
      fails(
          FsError.PERMISSION,
          () ->
              files.make(
                  World.ROOT,
                  directory,
                  "d",
                  new NewNode.Directory(),
                  SetAttributes.NONE,
                  Patience.FOREVER));
      fails(
          FsError.NOT_FOUND, () -> files.lookup(World.ROOT, directory, "other", Patience.FOREVER));
      assertThat(world.bucket.foreign().keys()).isEmpty();
    });
  }

  @Test
  void onCloseAFileIsInTheBucketWhenItIsClosed() {
    WriteBackTest.play(world -> {
      var files = over(world);
      trigger(world, Trigger.ON_CLOSE);
      world.bucket.faults().delay(Duration.ofSeconds(1), Duration.ofSeconds(1));
      var other = world.write("other", "v");
      var file = world.write("f", "v");
      files.commit(file, Patience.FOREVER);
      assertThat(world.object("f")).isNull();
      assertThatThrownBy(() -> files.closing(file, Patience.NONE)).isInstanceOf(WouldBlock.class);
      files.closing(file, patience(world));
      assertThat(world.object("f")).isEqualTo("v");
      assertThat(world.object("other")).isNull();
      files.closing(file, Patience.NONE);
      trigger(world, Trigger.ON_IDLE);
      files.closing(other, Patience.NONE);
      assertThat(world.object("other")).isNull();
    });
  }

  /** Bytes that no COMMIT made stable are in the object, too. */
  @Test
  void onCloseAlsoUnstableBytesAreExported() {
    WriteBackTest.play(world -> {
      var files = over(world);
      trigger(world, Trigger.ON_CLOSE);
      var file = world.write("f", "");
      write(files, file, "late", Stability.UNSTABLE, Patience.FOREVER);
      files.closing(file, Patience.FOREVER);
      assertThat(world.object("f")).isEqualTo("late");
    });
  }

  @Test
  void onFsyncAFileIsInTheBucketWhenItIsStable() {
    WriteBackTest.play(world -> {
      var files = over(world);
      trigger(world, Trigger.ON_FSYNC);
      world.bucket.faults().delay(Duration.ofSeconds(1), Duration.ofSeconds(1));
      var file = world.write("f", "");
      write(files, file, "one", Stability.UNSTABLE, Patience.FOREVER);
      assertThat(world.object("f")).isNull();
      files.commit(file, patience(world));
      assertThat(world.object("f")).isEqualTo("one");
      write(files, file, "two", Stability.DATA_SYNC, patience(world));
      assertThat(world.object("f")).isEqualTo("two");
      for (var patience : List.of(Patience.NONE, Patience.DISK)) {
        assertThatThrownBy(() -> write(files, file, "ten", Stability.FILE_SYNC, patience))
            .isSameAs(WouldBlock.INSTANCE);
      }
      assertThat(world.read("f")).isEqualTo("two");
      write(files, file, "six", Stability.UNSTABLE, Patience.FOREVER);
      files.closing(file, patience(world));
      assertThat(world.object("f")).isEqualTo("six");
    });
  }

  /** A close cannot say it; the file stays dirty and is reported. An fsync says it. */
  @Test
  void whatCannotBeExportedIsClosedAllTheSame() {
    WriteBackTest.play(world -> {
      var files = over(world);
      trigger(world, Trigger.ON_FSYNC);
      var file = world.write("f", "v");
      world.bucket.faults().always(Fault.DENIED);
      files.closing(file, Patience.FOREVER);
      assertThat(world.backlog().failing()).isOne();
      fails(FsError.IO, () -> files.commit(file, Patience.FOREVER));
    });
  }

  @Test
  void aStoreThatIsGoneIsWaitedFor() {
    WriteBackTest.play(world -> {
      var files = over(world);
      trigger(world, Trigger.ON_CLOSE);
      var file = world.write("f", "v");
      world.bucket.faults().always(Fault.UNREACHABLE);
      fails(FsError.DELAY, () -> files.closing(file, patience(world)));
      world.bucket.faults().always(null);
      files.closing(file, Patience.FOREVER);
      assertThat(world.object("f")).isEqualTo("v");
    });
  }

  @Test
  void aMountThatIsGoneHasNoFlushFile() {
    WriteBackTest.play(world -> {
      var files = over(world);
      var flush = flushFile(world, files);
      world.operations.deleteMount("data", true);
      fails(FsError.STALE, () -> files.attributes(flush, Patience.FOREVER));
      fails(FsError.STALE, () -> files.commit(flush, Patience.FOREVER));
    });
  }
}
