package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem.FileRange;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Clients that change and read the same files at the same time, without any locks, now and then in
 * a hurry all at once.
 */
final class SharedWriters {
  static final String DIRECTORY = "shared";

  /** All begin to hurry when a multiple of it has passed. */
  static final Duration PERIOD = Duration.ofSeconds(15);

  private static final int WRITERS = 3;
  private static final int FILES = 2;
  private static final int OPERATIONS_MAX = 6;
  private static final int SOURCE_BYTES = 50_000;
  private static final int FILE_BYTES_MAX = 90_000;

  /** Where writes begin and end often, so that they hide each other. */
  private static final int STEP = 1_000;

  private static final int STEPS = 8;

  private final SimulatedWorld world;
  private final SplittableRandom random;
  private final AtomicLong clock = new AtomicLong();
  private final List<SharedFile> files = new ArrayList<>();
  private FileId source = FileId.root(1);
  private byte[] sourceBytes = new byte[0];
  private long verifier;

  SharedWriters(SimulatedWorld world) {
    this.world = world;
    random = new SplittableRandom(world.seed * 37);
  }

  void makeFiles() throws FileSystemException {
    var directory =
        world
            .files()
            .make(
                Caller.ROOT,
                world.root(),
                DIRECTORY,
                new NewNode.Directory(),
                SetAttributes.NONE,
                Patience.FOREVER)
            .attributes()
            .id();
    for (var i = 0; i < FILES; i++) {
      var name = "f" + i;
      files.add(new SharedFile(name, world.create(directory, name), clock));
    }
    source = world.create(directory, "source");
    sourceBytes = new byte[SOURCE_BYTES];
    random.nextBytes(sourceBytes);
    world
        .files()
        .write(
            source, 0, Unpooled.wrappedBuffer(sourceBytes), Stability.FILE_SYNC, Patience.FOREVER);
    verifier = world.files().writeVerifier();
  }

  /** Lets them work until the next crash. */
  void fork() {
    for (var i = 0; i < WRITERS; i++) {
      var own = new Writer(random.split());
      world.execution.fork("writer", own::work);
    }
  }

  /** Whether an object may be one of the files as it was at some time. */
  boolean mayHaveBeen(String name, byte[] bytes) {
    return name.equals("source")
        ? bytes.length == 0 || Digests.of(bytes).equals(Digests.of(sourceBytes))
        : files.stream().anyMatch(file -> file.name.equals(name) && file.mayHaveBeen(bytes));
  }

  /** Checks what is there after a crash, and goes on from it. */
  void recover(Crash kind) throws FileSystemException {
    var before = verifier;
    verifier = world.files().writeVerifier();
    for (var file : files) {
      file.recover(
          SimulatedClient.contents(world.files(), file.id),
          kind == Crash.POWER && verifier != before,
          kind + ", seed " + world.seed);
    }
  }

  /** Checks what is there where nobody has worked since {@link #recover}. */
  void check() throws FileSystemException {
    for (var file : files) {
      file.recover(
          SimulatedClient.contents(world.files(), file.id),
          false,
          "in the end, seed " + world.seed);
    }
  }

  /** Digests of all that is in the directory, by key. */
  static Map<String, String> contents(SimulatedWorld world) throws FileSystemException {
    var found = new TreeMap<String, String>();
    var directory =
        world.files().lookup(Caller.ROOT, world.root(), DIRECTORY, Patience.FOREVER).id();
    var ids = new TreeMap<String, FileId>();
    world
        .files()
        .readNames(
            Caller.ROOT,
            directory,
            0,
            (_, name, id) -> {
              ids.put(name, id);
              return true;
            },
            Patience.FOREVER);
    for (var entry : ids.entrySet()) {
      found.put(
          DIRECTORY + "/" + entry.getKey(),
          Digests.of(SimulatedClient.contents(world.files(), entry.getValue())));
    }
    return found;
  }

  /** One of them. */
  private final class Writer {
    private final SplittableRandom random;

    Writer(SplittableRandom random) {
      this.random = random;
    }

    void work() {
      try {
        while (true) {
          var passed = world.execution.nanoTime();
          var period = PERIOD.toNanos();
          world.execution.sleep(Duration.ofNanos(period - passed % period));
          hurry((int) (passed / period) % FILES);
        }
      } catch (FileSystemException | InterruptedException e) {
        throw new AssertionError("a writer, seed " + world.seed, e);
      }
    }

    private void hurry(int favourite) throws FileSystemException, InterruptedException {
      for (var left = random.nextInt(OPERATIONS_MAX + 1); left > 0; left--) {
        if (random.nextInt(6) == 0) {
          world.execution.sleep(Duration.ofNanos(random.nextLong(2_000_000_000)));
        }
        operate(files.get(random.nextInt(5) == 0 ? random.nextInt(FILES) : favourite));
      }
    }

    private void operate(SharedFile file) throws FileSystemException {
      switch (random.nextInt(20)) {
        case 0, 1, 2, 3, 4, 5, 6 -> write(file, Stability.UNSTABLE);
        case 7, 8 -> write(file, Stability.FILE_SYNC);
        case 9, 10 -> commit(file);
        case 11 -> truncate(file);
        case 12 -> punch(file);
        case 13, 14 -> copySource(file);
        case 15 -> copy(files.get(random.nextInt(FILES)), file);
        default -> read(file);
      }
    }

    private int place() {
      return random.nextInt(6) == 0
          ? random.nextInt(FILE_BYTES_MAX / 2)
          : STEP * random.nextInt(STEPS) + (random.nextInt(3) == 0 ? random.nextInt(STEP) : 0);
    }

    private int length() {
      return switch (random.nextInt(6)) {
        case 0 -> 1 + random.nextInt(FILE_BYTES_MAX / 2);
        case 1, 2 -> 1 + random.nextInt(3 * STEP);
        default -> STEP * (1 + random.nextInt(3));
      };
    }

    /** Notes the answer to a change that is durable with all that was answered before it began. */
    private void durable(SharedLife life, Change change) {
      change.makeDurable();
      life.synced(change.begin());
      change.endAt(life.now());
    }

    private void write(SharedFile file, Stability stability) throws FileSystemException {
      var life = file.life();
      var offset = place();
      var data = new byte[length()];
      random.nextBytes(data);
      var change = life.write(offset, data, false);
      var done = world.write(file.id, offset, Unpooled.wrappedBuffer(data), stability);
      if (done == Stability.UNSTABLE) {
        assertThat(stability).isEqualTo(Stability.UNSTABLE);
        change.endAt(life.now());
      } else {
        durable(life, change);
      }
    }

    private void commit(SharedFile file) throws FileSystemException {
      var life = file.life();
      var begin = life.now();
      world.files().commit(file.id, Patience.FOREVER);
      life.synced(begin);
    }

    private void truncate(SharedFile file) throws FileSystemException {
      var life = file.life();
      var size =
          switch (random.nextInt(3)) {
            case 0 -> 0;
            case 1 -> place();
            default -> random.nextInt(FILE_BYTES_MAX);
          };
      var change = life.truncate(size);
      world
          .files()
          .setAttributes(Caller.ROOT, file.id, SetAttributes.ofSize(size), true, Patience.FOREVER);
      durable(life, change);
    }

    private void punch(SharedFile file) throws FileSystemException {
      var life = file.life();
      var from = place();
      var length = length();
      var change = life.punch(from, from + length);
      world.files().deallocate(Rider.NONE, file.id, from, length, Patience.FOREVER);
      durable(life, change);
    }

    /** Takes bytes of a file that nobody changes, and that may have to be fetched. */
    private void copySource(SharedFile file) throws FileSystemException {
      var from = random.nextInt(SOURCE_BYTES);
      var length = Math.min(length(), SOURCE_BYTES - from);
      var offset = place();
      var life = file.life();
      var bytes = Arrays.copyOfRange(sourceBytes, from, from + length);
      var change = life.write(offset, bytes, random.nextBoolean());
      share(new FileRange(source, from, length), file, offset, change);
    }

    private void copy(SharedFile from, SharedFile to) throws FileSystemException {
      var start = place();
      var length = length();
      var offset = place();
      if (from.equals(to) && start < offset + length && offset < start + length) {
        return;
      }
      var change = to.life().copy(from.life(), start, offset, length, random.nextBoolean());
      try {
        share(new FileRange(from.id, start, length), to, offset, change);
      } catch (FileSystemException e) {
        // Somebody has cut the source off, maybe in the middle.
        assertThat(e.error()).isEqualTo(FsError.INVALID);
        return;
      }
      from.life().synced(change.begin());
    }

    /** Clones, which is seen as a whole, or copies. */
    private void share(FileRange range, SharedFile file, int offset, Change change)
        throws FileSystemException {
      if (!change.isInParts()) {
        world.files().clone(Rider.NONE, range, file.id, offset, Patience.FOREVER);
        durable(file.life(), change);
      } else {
        var done = world.files().copy(Rider.NONE, range, file.id, offset, Patience.FOREVER);
        assertThat(done.bytes()).isPositive();
        if (done.bytes() == range.length()) {
          durable(file.life(), change);
        }
      }
    }

    private void read(SharedFile file) throws FileSystemException {
      var life = file.life();
      var whole = random.nextBoolean();
      var offset = whole ? 0 : place();
      var count = whole ? FILE_BYTES_MAX * 2 : length();
      var begin = life.now();
      var result = world.files().read(file.id, offset, count, Patience.FOREVER);
      var bytes = new byte[result.data().readableBytes()];
      try {
        result.data().readBytes(bytes);
      } finally {
        result.data().release();
      }
      var end = life.now();
      var to = offset + bytes.length;
      assertThat(life.read(new SharedLife.Seen(offset, bytes), begin, end))
          .as(
              "read %s+%s of %s at %s to %s, seed %s",
              offset, bytes.length, file.name, begin, end, world.seed)
          .isNull();
      if (bytes.length > 0) {
        assertThat(life.seen(0, to, true, begin, end)).as("there, seed %s", world.seed).isNull();
      }
      if (result.endOfFile()) {
        assertThat(life.seen(to, Integer.MAX_VALUE, false, begin, end))
            .as("end of %s at %s, seed %s", file.name, to, world.seed)
            .isNull();
      }
    }
  }
}
