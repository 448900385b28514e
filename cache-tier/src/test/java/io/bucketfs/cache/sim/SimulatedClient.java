package io.bucketfs.cache.sim;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystem.FileRange;
import io.bucketfs.core.vfs.FileSystem.XattrMode;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Rider;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A client that works in a directory of its own, one operation after another, and knows what must
 * be there. After a crash the operation that was under way may have happened or not.
 */
final class SimulatedClient {
  private static final int NAMES = 5;
  private static final int WRITE_BYTES_MAX = 100_000;
  private static final int WRITE_SMALL_BYTES_MAX = 3_000;
  private static final int FILE_BYTES_MAX = 150_000;
  private static final Duration PAUSE_MAX = Duration.ofSeconds(25);

  private final SimulatedWorld world;
  private final SplittableRandom random;
  private final String firstDirectory;
  private final Set<String> history;
  private Map<String, FileModel> model = new TreeMap<>();

  /** What the model becomes if the operation that is under way happens. */
  private @Nullable Map<String, FileModel> pending;

  private @Nullable FileId home;

  /** Where it works now. */
  String directory;

  /** What its directory becomes if the rename that is under way happens. */
  private @Nullable String movingTo;

  /**
   * @param history digests of every state that any file ever had
   */
  SimulatedClient(SimulatedWorld world, int number, Set<String> history) {
    this.world = world;
    this.history = history;
    firstDirectory = "client-" + number;
    directory = firstDirectory;
    random = new SplittableRandom(world.seed * 31 + number);
  }

  void makeHome() throws FileSystemException {
    home =
        SimulatedWorld.served(patience ->
                world
                    .files()
                    .make(
                        Caller.ROOT,
                        world.root(),
                        directory,
                        new NewNode.Directory(),
                        SetAttributes.NONE,
                        patience))
            .attributes()
            .id();
  }

  Map<String, FileModel> model() {
    return model;
  }

  /** Works until it is abandoned or has done its operations. */
  void work(int operations) throws Exception {
    for (var i = 0; i < operations; i++) {
      world.execution.sleep(Duration.ofNanos(random.nextLong(PAUSE_MAX.toNanos())));
      operate();
    }
  }

  /** Does operations one after another without a pause. */
  void hurry(int operations) throws Exception {
    for (var i = 0; i < operations; i++) {
      operate();
    }
  }

  private FileId home() {
    if (home == null) {
      throw new IllegalStateException("no home yet");
    }
    return home;
  }

  private Map<String, FileModel> copy() {
    var copy = new TreeMap<String, FileModel>();
    model.forEach((name, file) -> copy.put(name, file.copy()));
    return copy;
  }

  private void done(Map<String, FileModel> next) {
    model = next;
    pending = null;
    note(next);
  }

  private void note(Map<String, FileModel> files) {
    files.values().forEach(file -> history.add(Digests.of(file.bytes())));
  }

  /**
   * Counts what the operation under way would leave as a state that files had: where a sync waits
   * for the bucket, the bucket has it before the client hears of it.
   */
  void noteUnderWay() {
    if (pending != null) {
      note(pending);
    }
  }

  private void operate() throws Exception {
    var name = "f" + random.nextInt(NAMES);
    var file = model.get(name);
    switch (random.nextInt(20)) {
      case 0, 1 -> create(name);
      case 2, 3, 4, 5 -> write(name, file, Stability.UNSTABLE);
      case 6 -> write(name, file, Stability.FILE_SYNC);
      case 7 -> commit(name, file);
      case 8 -> truncate(name, file);
      case 9 -> rename(name, "f" + random.nextInt(NAMES));
      case 10 -> remove(name, file);
      case 11, 12, 13 -> share(file, "f" + random.nextInt(NAMES));
      case 14, 15 -> punch(name, file);
      case 16 -> setXattr(name, file);
      case 17 -> moveHome();
      default -> read(file);
    }
  }

  /** Renames the directory, whose objects follow as a job. */
  private void moveHome() throws Exception {
    var target = directory.equals(firstDirectory) ? firstDirectory + "-moved" : firstDirectory;
    movingTo = target;
    var _ =
        SimulatedWorld.served(patience ->
            world
                .files()
                .rename(Caller.ROOT, world.root(), directory, world.root(), target, patience));
    directory = target;
    movingTo = null;
  }

  private void create(String name) throws Exception {
    var next = copy();
    if (!next.containsKey(name)) {
      next.put(name, new FileModel(FileId.root(1), new byte[0]));
    }
    pending = next;
    var created =
        SimulatedWorld.served(patience ->
            world
                .files()
                .create(
                    Caller.ROOT,
                    home(),
                    name,
                    new CreateMode.Unchecked(),
                    SetAttributes.NONE,
                    patience));
    if (created.isNew()) {
      next.put(name, new FileModel(created.attributes().id(), new byte[0]));
    }
    done(next);
  }

  private void write(String name, @Nullable FileModel file, Stability stability) throws Exception {
    if (file == null) {
      return;
    }
    // Most are so small that their bytes ride in the metadata.
    var most = random.nextInt(4) == 0 ? WRITE_BYTES_MAX : WRITE_SMALL_BYTES_MAX;
    var data = new byte[1 + random.nextInt(most)];
    random.nextBytes(data);
    var offset =
        random.nextInt(4) == 0
            ? random.nextInt(FILE_BYTES_MAX)
            : random.nextInt(file.bytes().length + 1);
    var next = copy();
    var target = next.get(name);
    if (target == null) {
      throw new IllegalStateException("the model lost " + name);
    }
    target.write(offset, data);
    pending = next;
    world.write(file.id, offset, Unpooled.wrappedBuffer(data), stability);
    if (stability == Stability.FILE_SYNC) {
      target.commit();
    }
    done(next);
  }

  private void commit(String name, @Nullable FileModel file) throws Exception {
    if (file == null) {
      return;
    }
    world.files().commit(file.id, Patience.FOREVER);
    var committed = model.get(name);
    if (committed != null) {
      committed.commit();
    }
  }

  private void truncate(String name, @Nullable FileModel file) throws Exception {
    if (file == null) {
      return;
    }
    var size = random.nextInt(3) == 0 ? 0 : random.nextInt(FILE_BYTES_MAX);
    // Whatever happens to the truncate, the writes before it are made stable first.
    var next = copy();
    var target = next.get(name);
    if (target == null) {
      throw new IllegalStateException("the model lost " + name);
    }
    target.truncate(size);
    pending = next;
    var cut = SetAttributes.ofSize(size);
    var _ =
        SimulatedWorld.served(
            patience -> world.files().setAttributes(Caller.ROOT, file.id, cut, true, patience));
    done(next);
  }

  /** Clones or copies a part of a file to another one, or to another place of the same. */
  private void share(@Nullable FileModel from, String to) throws Exception {
    var target = model.get(to);
    if (from == null || target == null || from.bytes().length == 0) {
      return;
    }
    var start = random.nextInt(from.bytes().length);
    var length = 1 + random.nextInt(from.bytes().length - start);
    var offset = random.nextInt(target.bytes().length + 1);
    if ((from == target && start < offset + length && offset < start + length)
        || offset + length > FILE_BYTES_MAX) {
      return;
    }
    var data = Arrays.copyOfRange(from.bytes(), start, start + length);
    var next = copy();
    next.values().stream().filter(file -> file.id.equals(from.id)).forEach(FileModel::commit);
    next.values().stream()
        .filter(file -> file.id.equals(target.id))
        .forEach(file -> file.share(data, offset));
    pending = next;
    var range = new FileRange(from.id, start, length);
    if (random.nextBoolean()) {
      world.files().clone(Rider.NONE, range, target.id, offset, Patience.FOREVER);
    } else {
      assertThat(world.files().copy(Rider.NONE, range, target.id, offset, Patience.FOREVER).bytes())
          .isEqualTo(length);
    }
    done(next);
  }

  private void punch(String name, @Nullable FileModel file) throws Exception {
    if (file == null) {
      return;
    }
    var from = random.nextInt(file.bytes().length + 1);
    var length = random.nextInt(FILE_BYTES_MAX / 4);
    var next = copy();
    var target = next.get(name);
    if (target == null) {
      throw new IllegalStateException("the model lost " + name);
    }
    target.punch(from, from + length);
    pending = next;
    world.files().deallocate(Rider.NONE, file.id, from, length, Patience.FOREVER);
    done(next);
  }

  private void setXattr(String name, @Nullable FileModel file) throws Exception {
    if (file == null) {
      return;
    }
    var attribute = "X" + random.nextInt(3);
    var value = Long.toString(random.nextLong());
    var next = copy();
    var target = next.get(name);
    if (target == null) {
      throw new IllegalStateException("the model lost " + name);
    }
    var had = target.xattrs().containsKey(attribute);
    if (had && random.nextInt(3) == 0) {
      target.xattrs().remove(attribute);
      pending = next;
      world.files().removeXattr(Caller.ROOT, file.id, attribute, Patience.FOREVER);
    } else {
      target.xattrs().put(attribute, value);
      pending = next;
      world
          .files()
          .setXattr(
              Caller.ROOT,
              file.id,
              attribute,
              value.getBytes(UTF_8),
              had ? XattrMode.REPLACE : XattrMode.CREATE,
              Patience.FOREVER);
    }
    done(next);
  }

  private void rename(String from, String to) throws Exception {
    var file = model.get(from);
    if (file == null) {
      return;
    }
    var next = copy();
    if (!from.equals(to)) {
      var moved = next.remove(from);
      if (moved != null) {
        next.put(to, moved);
      }
    }
    pending = next;
    var _ =
        SimulatedWorld.served(
            patience -> world.files().rename(Caller.ROOT, home(), from, home(), to, patience));
    done(next);
  }

  private void remove(String name, @Nullable FileModel file) throws Exception {
    if (file == null) {
      return;
    }
    var next = copy();
    next.remove(name);
    pending = next;
    var _ =
        SimulatedWorld.served(
            patience -> world.files().remove(Caller.ROOT, home(), name, patience));
    done(next);
  }

  private void read(@Nullable FileModel file) throws Exception {
    if (file != null) {
      assertThat(contents(world.files(), file.id)).isEqualTo(file.bytes());
    }
  }

  static byte[] contents(FileSystem files, FileId id) throws FileSystemException {
    var size = files.attributes(id, Patience.FOREVER).sizeBytes();
    var bytes = new byte[(int) size];
    for (var at = 0; at < bytes.length; ) {
      var result = files.read(id, at, bytes.length - at, Patience.FOREVER);
      try {
        var count = result.data().readableBytes();
        assertThat(count).isPositive();
        result.data().readBytes(bytes, at, count);
        at += count;
      } finally {
        result.data().release();
      }
    }
    return bytes;
  }

  /** Reads what is there now. */
  Map<String, FileModel> observe() throws FileSystemException {
    var seen = new TreeMap<String, FileModel>();
    var ids = new TreeMap<String, FileId>();
    if (movingTo != null && place(movingTo) != null) {
      directory = movingTo;
    }
    movingTo = null;
    var place = place(directory);
    if (place == null) {
      return seen;
    }
    world
        .files()
        .readDirectory(
            Caller.ROOT,
            place,
            0,
            true,
            (_, name, attributes) -> {
              ids.put(name, attributes.id());
              return true;
            },
            Patience.FOREVER);
    var names = new TreeMap<String, FileId>();
    world
        .files()
        .readNames(
            Caller.ROOT,
            place,
            0,
            (_, name, id) -> {
              names.put(name, id);
              return true;
            },
            Patience.FOREVER);
    assertThat(names).isEqualTo(ids);
    for (var entry : ids.entrySet()) {
      seen.put(
          entry.getKey(),
          new FileModel(
              entry.getValue(),
              contents(world.files(), entry.getValue()),
              xattrs(world.files(), entry.getValue())));
    }
    return seen;
  }

  private @Nullable FileId place(String name) throws FileSystemException {
    try {
      return world.files().lookup(Caller.ROOT, world.root(), name, Patience.FOREVER).id();
    } catch (FileSystemException e) {
      if (e.error() == FsError.NOT_FOUND) {
        return null;
      }
      throw e;
    }
  }

  private static Map<String, String> xattrs(FileSystem files, FileId id)
      throws FileSystemException {
    var found = new TreeMap<String, String>();
    for (var name : files.xattrNames(Caller.ROOT, id, Patience.FOREVER)) {
      found.put(name, new String(files.xattr(Caller.ROOT, id, name, Patience.FOREVER), UTF_8));
    }
    return found;
  }

  /** Checks what is there after a crash, and goes on from it. */
  void recover(boolean powerLost) throws FileSystemException {
    var seen = observe();
    var fits = fits(model, seen, powerLost) || (pending != null && fits(pending, seen, powerLost));
    assertThat(fits)
        .as(
            "%s after a %s, seed %d: %s; expected %s or %s",
            directory,
            powerLost ? "power loss" : "kill",
            world.seed,
            describe(seen),
            describe(model),
            pending == null ? "nothing else" : describe(pending))
        .isTrue();
    done(seen);
  }

  private static boolean fits(
      Map<String, FileModel> expected, Map<String, FileModel> seen, boolean powerLost) {
    return expected.keySet().equals(seen.keySet())
        && expected.entrySet().stream()
            .allMatch(entry -> {
              var actual = seen.get(entry.getKey());
              return actual != null
                  && entry.getValue().xattrs().equals(actual.xattrs())
                  && entry.getValue().allows(actual.bytes(), powerLost);
            });
  }

  static String describe(Map<String, FileModel> files) {
    var text = new StringBuilder();
    files.forEach((name, file) ->
        text.append(name)
            .append('=')
            .append(file.bytes().length)
            .append(':')
            .append(Digests.of(file.bytes()))
            .append(file.xattrs())
            .append(' '));
    return text.toString();
  }
}
