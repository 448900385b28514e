package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random renames, links and removals of files and directories against a tree of plain maps: the
 * same outcome or the same error each time, the same tree and link counts afterwards, and an index
 * that agrees with itself.
 */
@Timeout(120)
final class RenameModelTest {
  private static final int SEEDS = 12;
  private static final int STEPS = 250;
  private static final int NAMES = 3;
  private static final int DEPTH_MAX = 4;

  /** A file, or a directory with children. */
  private static final class Node {
    private final boolean directory;
    private final TreeMap<String, Node> children = new TreeMap<>();
    private int names;

    Node(boolean directory) {
      this.directory = directory;
    }

    boolean holds(Node other) {
      return this == other || children.values().stream().anyMatch(child -> child.holds(other));
    }

    int links() {
      return directory
          ? 2 + (int) children.values().stream().filter(child -> child.directory).count()
          : names;
    }
  }

  private final Node root = new Node(true);

  @Test
  void renamesAreThoseOfPosix() {
    for (var seed = 1L; seed <= SEEDS; seed++) {
      var random = new SplittableRandom(seed);
      var test = new RenameModelTest();
      var title = "seed " + seed;
      WriteBackTest.play(world -> {
        for (var step = 0; step < STEPS; step++) {
          test.step(world, random, title + " step " + step);
        }
        assertThat(world.operations.check("data", false).findings()).as(title).isEmpty();
        var flushed = world.flush();
        assertThat(flushed.failing()).as(title).isEmpty();
        test.compareObjects(world, title);
      });
    }
  }

  private static String path(SplittableRandom random) {
    var parts = new ArrayList<String>();
    for (var depth = 1 + random.nextInt(DEPTH_MAX); depth > 0; depth--) {
      parts.add("n" + random.nextInt(NAMES));
    }
    return String.join("/", parts);
  }

  private void step(World world, SplittableRandom random, String title) throws Exception {
    var path = path(random);
    var other = path(random);
    FsError expected;
    FsError actual;
    switch (random.nextInt(8)) {
      case 0 -> {
        expected = make(path, true);
        actual = error(() -> world.mkdir(path));
      }
      case 1 -> {
        if (at(path) != null) {
          return;
        }
        expected = make(path, false);
        actual = error(() -> world.write(path, ""));
      }
      case 2 -> {
        expected = link(path, other);
        actual = error(() -> world.link(path, other));
      }
      case 3 -> {
        expected = remove(path);
        actual = error(() -> world.remove(path));
      }
      default -> {
        expected = rename(path, other);
        actual = error(() -> world.rename(path, other));
      }
    }
    assertThat(actual).as("%s: %s %s", title, path, other).isEqualTo(expected);
    assertThat(describe(world, ""))
        .as("%s: %s %s", title, path, other)
        .isEqualTo(describe(root, ""));
  }

  /** Something that may fail. */
  @FunctionalInterface
  private interface Change {
    void make() throws Exception;
  }

  private static @Nullable FsError error(Change change) throws Exception {
    try {
      change.make();
      return null;
    } catch (FileSystemException e) {
      return e.error();
    }
  }

  // The model.

  private @Nullable Node at(String path) {
    var node = root;
    for (var part : path.isEmpty() ? new String[0] : path.split("/", -1)) {
      var child = node.children.get(part);
      if (child == null) {
        return null;
      }
      node = child;
    }
    return node;
  }

  private static String parentOf(String path) {
    return path.contains("/") ? path.substring(0, path.lastIndexOf('/')) : "";
  }

  private static String nameOf(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** Why a path leads nowhere: as a lookup of each of its parts would say. */
  private @Nullable FsError unreachable(String path) {
    var node = root;
    for (var part : path.isEmpty() ? new String[0] : path.split("/", -1)) {
      if (!node.directory) {
        return FsError.NOT_A_DIRECTORY;
      }
      var child = node.children.get(part);
      if (child == null) {
        return FsError.NOT_FOUND;
      }
      node = child;
    }
    return null;
  }

  private @Nullable FsError noDirectory(String path) {
    var error = unreachable(path);
    var node = at(path);
    return error != null || node == null ? error : node.directory ? null : FsError.NOT_A_DIRECTORY;
  }

  private Node require(String path) {
    var node = at(path);
    if (node == null) {
      throw new AssertionError(path);
    }
    return node;
  }

  private @Nullable FsError make(String path, boolean directory) {
    var error = noDirectory(parentOf(path));
    if (error != null) {
      return error;
    }
    if (at(path) != null) {
      return FsError.EXISTS;
    }
    var node = new Node(directory);
    node.names = 1;
    require(parentOf(path)).children.put(nameOf(path), node);
    return null;
  }

  private @Nullable FsError link(String from, String to) {
    var error = unreachable(from);
    if (error == null) {
      error = noDirectory(parentOf(to));
    }
    if (error != null) {
      return error;
    }
    var node = require(from);
    if (node.directory) {
      return FsError.IS_A_DIRECTORY;
    }
    if (at(to) != null) {
      return FsError.EXISTS;
    }
    node.names++;
    require(parentOf(to)).children.put(nameOf(to), node);
    return null;
  }

  private @Nullable FsError remove(String path) {
    var error = noDirectory(parentOf(path));
    if (error != null) {
      return error;
    }
    var node = at(path);
    if (node == null) {
      return FsError.NOT_FOUND;
    }
    if (!node.children.isEmpty()) {
      return FsError.NOT_EMPTY;
    }
    node.names--;
    require(parentOf(path)).children.remove(nameOf(path));
    return null;
  }

  private @Nullable FsError rename(String from, String to) {
    // Both paths are looked up before anybody asks whether they lead to directories.
    var error = unreachable(parentOf(from));
    if (error == null) {
      error = unreachable(parentOf(to));
    }
    if (error == null) {
      error = noDirectory(parentOf(from));
    }
    if (error == null) {
      error = noDirectory(parentOf(to));
    }
    if (error != null) {
      return error;
    }
    var moved = at(from);
    if (moved == null) {
      return FsError.NOT_FOUND;
    }
    var replaced = at(to);
    if (moved.equals(replaced)) {
      return null;
    }
    if (moved.holds(require(parentOf(to)))) {
      return FsError.INVALID;
    }
    if (replaced != null) {
      if (replaced.directory != moved.directory) {
        return FsError.EXISTS;
      }
      if (!replaced.children.isEmpty()) {
        return FsError.NOT_EMPTY;
      }
      replaced.names--;
    }
    require(parentOf(from)).children.remove(nameOf(from));
    require(parentOf(to)).children.put(nameOf(to), moved);
    return null;
  }

  // Both as lines of path, type and link count.

  private static List<String> describe(Node node, String path) {
    var lines = new ArrayList<String>();
    lines.add(path + " " + node.directory + " " + node.links());
    node.children.forEach(
        (name, child) -> lines.addAll(describe(child, path.isEmpty() ? name : path + "/" + name)));
    return lines;
  }

  private static List<String> describe(World world, String path) throws Exception {
    Attributes attributes = world.at(path);
    var lines = new ArrayList<String>();
    var directory = attributes.type() == FileType.DIRECTORY;
    lines.add(path + " " + directory + " " + attributes.linkCount());
    if (directory) {
      for (var name : world.list(path).stream().sorted().toList()) {
        lines.addAll(describe(world, path.isEmpty() ? name : path + "/" + name));
      }
    }
    return lines;
  }

  /** Each name of a file is an object. */
  private void compareObjects(World world, String title) {
    var expected = new ArrayList<String>();
    collect(root, "", expected);
    assertThat(world.bucket.foreign().keys().stream().filter(key -> !key.endsWith("/")))
        .as(title)
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  private static void collect(Node node, String path, List<String> files) {
    node.children.forEach((name, child) -> {
      var at = path.isEmpty() ? name : path + "/" + name;
      if (child.directory) {
        collect(child, at, files);
      } else {
        files.add(at);
      }
    });
  }
}
