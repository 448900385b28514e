package io.bucketfs.bench.many;

import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.Patience;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;

/**
 * Starts a gateway over a state directory in a process of its own, says after what time since the
 * start of the process it answers, and walks over all files as {@code find} does: with attributes,
 * in pages that go on by cookie.
 */
public final class WalkFiles {
  private static final int PAGE = 500;

  private WalkFiles() {}

  /** Argument: the folder. */
  public static void main(String[] arguments) throws Exception {
    var process = ProcessHandle.current().info().startInstant().orElseThrow();
    var opening = System.nanoTime();
    try (var state = new OpenState(Path.of(arguments[0]));
        var gateway = state.openGateway()) {
      var files = gateway.fileSystem();
      var root = files.exports().getFirst().root();
      var first = page(files, root, 0, new ArrayDeque<>());
      System.out.printf(
          "answers %d ms after its process began, %d ms after its stores were opened%n",
          Duration.between(process, Instant.now()).toMillis(),
          (System.nanoTime() - opening) / 1_000_000);
      if (first.count == 0) {
        throw new IllegalStateException("the root is empty");
      }
      System.out.printf(
          "%,d MiB are described as cached%n", state.local.tier().extents().diskBytes() >> 20);
      var begin = System.nanoTime();
      var entries = walk(files, root);
      var seconds = (System.nanoTime() - begin) / 1e9;
      System.out.printf(
          "%,d entries in %.1f s, %,.0f a second%n", entries, seconds, entries / seconds);
    }
  }

  /**
   * @param last cookie of the last entry
   */
  private record Page(int count, long last, boolean atEnd) {}

  private static long walk(FileSystem files, FileId root) throws Exception {
    Deque<FileId> directories = new ArrayDeque<>();
    directories.push(root);
    var entries = 0L;
    while (!directories.isEmpty()) {
      var directory = directories.pop();
      Page page;
      var cookie = 0L;
      do {
        page = page(files, directory, cookie, directories);
        cookie = page.last;
        entries += page.count;
      } while (!page.atEnd);
    }
    return entries;
  }

  private static Page page(FileSystem files, FileId directory, long cookie, Deque<FileId> found)
      throws Exception {
    var cookies = new ArrayList<Long>();
    var atEnd =
        files.readDirectory(
            Caller.ROOT,
            directory,
            cookie,
            true,
            (next, _, attributes) -> {
              if (cookies.size() == PAGE) {
                return false;
              }
              cookies.add(next);
              if (attributes.type() == FileType.DIRECTORY) {
                found.push(attributes.id());
              }
              return true;
            },
            Patience.FOREVER);
    return new Page(cookies.size(), cookies.isEmpty() ? cookie : cookies.getLast(), atEnd);
  }
}
