package io.bucketfs.e2e.gateway;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** A folder on the host as a sorted map from paths to what is there, for comparisons. */
public final class TreeListing {
  private static final int SHOWN_DIFFERENCES_MAX = 20;

  private TreeListing() {}

  /**
   * What is at a path.
   *
   * @param mode st_mode, type included
   * @param mtimeNanos since 1970; 0 for directories and links, where copies set them late or never
   * @param digest SHA-256 of a file's bytes, or a link's target
   */
  public record Node(int mode, long mtimeNanos, String digest) {
    Node inSeconds() {
      return new Node(mode, Math.floorDiv(mtimeNanos, 1_000_000_000L) * 1_000_000_000L, digest);
    }
  }

  /** What differs between two trees, a line each; empty where they are the same. */
  public static List<String> differences(Map<String, Node> expected, Map<String, Node> actual) {
    var paths = new TreeSet<>(expected.keySet());
    paths.addAll(actual.keySet());
    return paths.stream()
        .filter(path -> !Objects.equals(expected.get(path), actual.get(path)))
        .map(path -> path + ": expected " + expected.get(path) + " and found " + actual.get(path))
        .limit(SHOWN_DIFFERENCES_MAX)
        .toList();
  }

  /**
   * Everything below a folder of the host as a guest sees it there: with times in whole seconds,
   * since hostfs knows no more.
   */
  public static SortedMap<String, Node> ofSource(Path root) {
    var nodes = of(root);
    nodes.replaceAll((_, node) -> node.inSeconds());
    return nodes;
  }

  /** Everything below a folder. */
  public static SortedMap<String, Node> of(Path root) {
    var nodes = new TreeMap<String, Node>();
    try (var paths = Files.walk(root)) {
      for (var path : (Iterable<Path>) paths.skip(1)::iterator) {
        nodes.put(root.relativize(path).toString(), node(path));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return nodes;
  }

  private static Node node(Path path) throws IOException {
    var attributes =
        Files.readAttributes(path, "unix:mode,lastModifiedTime", LinkOption.NOFOLLOW_LINKS);
    var mode = (Integer) attributes.get("mode");
    if (mode == null || !(attributes.get("lastModifiedTime") instanceof FileTime mtime)) {
      throw new AssertionError("no attributes of " + path);
    }
    if (Files.isSymbolicLink(path)) {
      return new Node(mode, 0, Files.readSymbolicLink(path).toString());
    }
    if (Files.isDirectory(path)) {
      return new Node(mode, 0, "");
    }
    try (var bytes = Files.newInputStream(path)) {
      return new Node(mode, mtime.to(TimeUnit.NANOSECONDS), sha256(bytes));
    }
  }

  /** The SHA-256 of all bytes of a stream, in hex. */
  public static String sha256(InputStream bytes) throws IOException {
    try (var digesting = new DigestInputStream(bytes, MessageDigest.getInstance("SHA-256"))) {
      digesting.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(digesting.getMessageDigest().digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The SHA-256 of a file of the host. */
  public static String sha256(Path file) {
    try (var bytes = Files.newInputStream(file)) {
      return sha256(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
