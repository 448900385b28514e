package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem.FileRange;
import io.bucketfs.core.vfs.FileSystem.Region;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Writes, truncates, clones, copies, punched holes and allocations against an array of bytes that
 * knows which of them are holes, with exports and restarts in between.
 */
@Timeout(120)
final class RangeModelTest {
  private static final int SEEDS = 60;
  private static final int OPERATIONS = 150;
  private static final int FILES = 3;

  /** Each is an extent and a hole. */
  private static final int FRAGMENTS = 4_097;

  private static final int FILE_BYTES_MAX = 40_000;

  /** A file as it must be. */
  private static final class Model {
    private final FileId id;
    private byte[] bytes = new byte[0];
    private final BitSet data = new BitSet();

    Model(FileId id) {
      this.id = id;
    }

    void resize(int size) {
      bytes = Arrays.copyOf(bytes, size);
      data.clear(size, Math.max(size, data.length()));
    }

    void write(int offset, byte[] from) {
      resize(Math.max(bytes.length, offset + from.length));
      System.arraycopy(from, 0, bytes, offset, from.length);
      data.set(offset, offset + from.length);
    }

    void punch(int from, int to) {
      var end = Math.min(to, bytes.length);
      if (from < end) {
        Arrays.fill(bytes, from, end, (byte) 0);
        data.clear(from, end);
      }
    }

    void copy(Model source, int from, int to, int length) {
      var taken = Arrays.copyOfRange(source.bytes, from, from + length);
      var kind = source.data.get(from, from + length);
      write(to, taken);
      data.clear(to, to + length);
      kind.stream().forEach(at -> data.set(to + at));
    }

    int seek(int from, boolean wantsData) {
      var found = wantsData ? data.nextSetBit(from) : data.nextClearBit(from);
      return found < 0 ? bytes.length : Math.min(found, bytes.length);
    }
  }

  @Test
  void whateverIsDoneToRangesLeavesTheRightBytesAndHoles() {
    for (var seed = 1; seed <= SEEDS; seed++) {
      var execution = new SimulatedExecution(seed);
      var test = new Player(new SplittableRandom(seed));
      try {
        execution.run(() -> test.play(execution));
      } catch (Throwable e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  @Test
  void nothingIsSoughtBeyondTheEnd() {
    WriteBackTest.play(world -> {
      var file = world.write("f", "bytes");
      assertThatThrownBy(() -> world.files.seek(file, 5, Region.HOLE, Patience.FOREVER))
          .isInstanceOfSatisfying(
              FileSystemException.class,
              e -> assertThat(e.error()).isEqualTo(FsError.NO_SUCH_OFFSET));
    });
  }

  /** What only the bucket has is fetched, and then shared like all else. */
  @Test
  void clonesWhatOnlyTheBucketHas() {
    WriteBackTest.play(world -> {
      world.foreignPut("big", "0123456789".repeat(100_000));
      var source = world.at("big").id();
      var target = world.write("copy", "");
      world.files.clone(
          Rider.NONE, new FileRange(source, 0, 1_000_000), target, 0, Patience.FOREVER);
      world.files.deallocate(Rider.NONE, target, 10, 10, Patience.FOREVER);
      world.flush();
      assertThat(world.object("copy"))
          .isEqualTo("0123456789" + "\0".repeat(10) + "0123456789".repeat(99_998));
      assertThat(world.object("big")).isEqualTo("0123456789".repeat(100_000));
      var found = world.files.seek(target, 0, Region.HOLE, Patience.FOREVER);
      assertThat(found.offset()).isEqualTo(10);
    });
  }

  /** More extents than one transaction takes are cloned and punched in several. */
  @Test
  void fragmentsAreClonedAndPunchedInSeveralTransactions() {
    WriteBackTest.play(world -> {
      var expected = new StringBuilder();
      var source = world.write("source", "");
      var data = Unpooled.copiedBuffer("x", UTF_8);
      for (var i = 0; i < FRAGMENTS; i++) {
        expected.append("\0x");
        world.files.write(source, 2L * i + 1, data, Stability.UNSTABLE, Patience.FOREVER);
      }
      data.release();
      var target = world.write("target", "old");
      world.files.clone(
          Rider.NONE, new FileRange(source, 0, 2 * FRAGMENTS), target, 1, Patience.FOREVER);
      assertThat(world.read(target)).isEqualTo("o" + expected);
      world.flush();
      assertThat(world.object("target")).isEqualTo("o" + expected);
      world.files.deallocate(Rider.NONE, target, 1, 2 * FRAGMENTS - 1, Patience.FOREVER);
      assertThat(world.read(target)).isEqualTo("o" + "\0".repeat(2 * FRAGMENTS - 1) + "x");
      var found = world.files.seek(target, 1, Region.DATA, Patience.FOREVER);
      assertThat(found.offset()).isEqualTo(2 * FRAGMENTS);
    });
  }

  /** A hole is not filled by an export that was on its way when it was punched. */
  @Test
  void aHoleStaysWhenAnOlderExportIsAcknowledged() {
    WriteBackTest.play(world -> {
      var file = world.write("f", "0123456789");
      world.bucket.faults().delay(Duration.ofSeconds(1), Duration.ofSeconds(1));
      world.execution.fork("flush", () -> unchecked(world::flush));
      world.execution.sleep(Duration.ofMillis(500));
      world.files.deallocate(Rider.NONE, file, 2, 3, Patience.FOREVER);
      assertThat(world.backlog().files()).as("the export is on its way").isEqualTo(1);
      world.execution.sleep(World.IDLE.multipliedBy(3));
      assertThat(world.read("f")).isEqualTo("01" + "\0".repeat(3) + "56789");
      assertThat(world.object("f")).isEqualTo(world.read("f"));
    });
  }

  private interface Work {
    Object run() throws Exception;
  }

  private static void unchecked(Work work) {
    try {
      assertThat(work.run()).isNotNull();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** One run of random operations. */
  private static final class Player {
    private final SplittableRandom random;
    private final List<Model> models = new ArrayList<>();

    Player(SplittableRandom random) {
      this.random = random;
    }

    private void play(SimulatedExecution execution) throws Exception {
      var metadata = new MemoryKeyValueStore(execution, 1);
      var extents = new MemoryExtentStore();
      var bucket = new MemoryBucket(execution);
      var world = new World(execution, metadata, extents, bucket);
      for (var i = 0; i < FILES; i++) {
        models.add(new Model(world.write("f" + i, "")));
      }
      for (var i = 0; i < OPERATIONS; i++) {
        operate(world);
        check(world, models.get(random.nextInt(FILES)));
        if (random.nextInt(30) == 0) {
          export(world);
        }
        if (random.nextInt(60) == 0) {
          world.writeBack.close();
          world.contents.close();
          world.committer.close();
          world = new World(execution, metadata, extents, bucket);
          for (var model : models) {
            check(world, model);
          }
        }
      }
      export(world);
      for (var model : models) {
        check(world, model);
      }
    }

    private int offset(Model model) {
      return random.nextInt(Math.min(FILE_BYTES_MAX, model.bytes.length + 5_000));
    }

    private void operate(World world) throws FileSystemException {
      var model = models.get(random.nextInt(FILES));
      switch (random.nextInt(10)) {
        case 0, 1, 2 -> write(world, model);
        case 3 -> {
          var size = random.nextInt(4) == 0 ? 0 : offset(model);
          world.files.setAttributes(
              World.ROOT, model.id, SetAttributes.ofSize(size), true, Patience.FOREVER);
          model.resize(size);
        }
        case 4, 5 -> {
          var offset = offset(model);
          var length = random.nextInt(10_000);
          world.files.deallocate(Rider.NONE, model.id, offset, length, Patience.FOREVER);
          model.punch(offset, offset + length);
        }
        case 6 -> {
          var offset = offset(model);
          var length = random.nextInt(5_000);
          world.files.allocate(Rider.NONE, model.id, offset, length, Patience.FOREVER);
          model.resize(Math.max(model.bytes.length, offset + length));
        }
        default -> copy(world, model, models.get(random.nextInt(FILES)));
      }
    }

    private void write(World world, Model model) throws FileSystemException {
      var bytes = new byte[1 + random.nextInt(6_000)];
      random.nextBytes(bytes);
      var offset = offset(model);
      var stability = random.nextBoolean() ? Stability.UNSTABLE : Stability.FILE_SYNC;
      world.files.write(
          model.id, offset, Unpooled.wrappedBuffer(bytes), stability, Patience.FOREVER);
      model.write(offset, bytes);
    }

    private void copy(World world, Model from, Model to) throws FileSystemException {
      if (from.bytes.length == 0) {
        return;
      }
      var start = random.nextInt(from.bytes.length);
      var length = 1 + random.nextInt(from.bytes.length - start);
      var target = offset(to);
      var range = new FileRange(from.id, start, length);
      if (from == to && start < target + length && target < start + length) {
        assertThatThrownBy(
                () -> world.files.clone(Rider.NONE, range, to.id, target, Patience.FOREVER))
            .isInstanceOfSatisfying(
                FileSystemException.class, e -> assertThat(e.error()).isEqualTo(FsError.INVALID));
        return;
      }
      var before = world.files.attributes(to.id, Patience.FOREVER).change();
      if (random.nextBoolean()) {
        world.files.clone(Rider.NONE, range, to.id, target, Patience.FOREVER);
      } else {
        assertThat(world.files.copy(Rider.NONE, range, to.id, target, Patience.FOREVER).bytes())
            .isEqualTo(length);
      }
      assertThat(world.files.attributes(to.id, Patience.FOREVER).change()).isGreaterThan(before);
      to.copy(from, start, target, length);
    }

    private void check(World world, Model model) throws FileSystemException {
      var attributes = world.files.attributes(model.id, Patience.FOREVER);
      assertThat(attributes.sizeBytes()).isEqualTo(model.bytes.length);
      var result = world.files.read(model.id, 0, 1 << 20, Patience.FOREVER);
      try {
        var read = new byte[result.data().readableBytes()];
        result.data().readBytes(read);
        assertThat(read).isEqualTo(model.bytes);
      } finally {
        result.data().release();
      }
      for (var i = 0; i < 5 && model.bytes.length > 0; i++) {
        var from = random.nextInt(model.bytes.length);
        var data = random.nextBoolean();
        var found =
            world.files.seek(model.id, from, data ? Region.DATA : Region.HOLE, Patience.FOREVER);
        var expected = model.seek(from, data);
        assertThat(found.offset()).isEqualTo(expected);
        assertThat(found.endOfFile()).isEqualTo(expected == model.bytes.length);
      }
    }

    private void export(World world) throws Exception {
      world.flush();
      for (var i = 0; i < FILES; i++) {
        assertThat(world.bucket.foreign().get("f" + i)).isEqualTo(models.get(i).bytes);
      }
    }
  }
}
