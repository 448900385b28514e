package io.bucketfs.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.cache.extent.RealDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * The directory that holds all of a gateway's state, held by one gateway at a time.
 *
 * <pre>
 * LOCK      locked for as long as a gateway uses the directory
 * FORMAT    version of everything else
 * RUN       in which boot of the machine it was last used, and how that ended
 * metadata/ RocksDB
 * checkpoints/ what the metadata can be rebuilt from
 * extents/  extent files
 * </pre>
 */
final class StateDirectory implements AutoCloseable {
  /** The version that this program writes; it reads no other. */
  static final int FORMAT_VERSION = 2;

  private static final String FINISHED_PREFIX = "metadata.rebuilt-";
  private static final String DAMAGED_PREFIX = "damaged-";
  private static final String FORMAT_PREFIX = "bucketfs state ";
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  private final Path path;
  private final FileChannel lockFile;

  private StateDirectory(Path path, FileChannel lockFile) {
    this.path = path;
    this.lockFile = lockFile;
  }

  /** Creates the directory if need be, locks it and checks its version. */
  static StateDirectory open(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      var ownerOnly =
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
      Files.createDirectories(path, ownerOnly);
    }
    var lockFile =
        FileChannel.open(path.resolve("LOCK"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    var opened = false;
    try {
      requireLock(lockFile, path);
      var directory = new StateDirectory(path, lockFile);
      directory.checkFormat();
      directory.finishReplacing();
      opened = true;
      return directory;
    } finally {
      if (!opened) {
        lockFile.close();
      }
    }
  }

  private static void requireLock(FileChannel lockFile, Path path) throws IOException {
    try {
      if (lockFile.tryLock() != null) {
        return;
      }
    } catch (OverlappingFileLockException e) {
      // Held by this very process, which is the same to the operator.
    }
    throw new StateDirectoryException(
        "the state directory " + path + " is in use by another gateway");
  }

  private void checkFormat() throws IOException {
    var file = path.resolve("FORMAT");
    if (!Files.exists(file)) {
      if (Files.exists(path.resolve("metadata"))) {
        throw new StateDirectoryException(
            "the state directory " + path + " has data but no FORMAT file");
      }
      replace("FORMAT", FORMAT_PREFIX + FORMAT_VERSION + "\n");
      return;
    }
    var text = Files.readString(file).strip();
    var version = text.startsWith(FORMAT_PREFIX) ? text.substring(FORMAT_PREFIX.length()) : "";
    if (!version.matches("[0-9]{1,9}")) {
      throw new StateDirectoryException(file + " is not a format file of bucketfs: " + text);
    }
    if (Integer.parseInt(version) != FORMAT_VERSION) {
      throw new StateDirectoryException(
          "the state directory %s has format %s, and this version of bucketfs reads format %d"
              .formatted(path, version, FORMAT_VERSION));
    }
  }

  /** Whether nothing was ever kept in it. */
  boolean isNew() {
    return !Files.exists(path.resolve("RUN"));
  }

  Path path() {
    return path;
  }

  /** A directory in this one, created if need be. */
  Path subdirectory(String name) throws IOException {
    var directory = path.resolve(name);
    if (!Files.isDirectory(directory)) {
      Files.createDirectory(directory);
      RealDisk.syncDirectory(path);
    }
    return directory;
  }

  /** Where other metadata is made that is to replace the present. */
  Path draftOfMetadata() {
    return path.resolve("metadata.new");
  }

  /**
   * Puts the finished draft in the place of the metadata, also where the machine stops in between.
   *
   * @param time names where the metadata of before goes
   * @return where it went, with its checkpoints
   */
  Path replaceMetadata(String time) throws IOException {
    var stamp = time;
    for (var n = 2; Files.exists(path.resolve(DAMAGED_PREFIX + stamp)); n++) {
      stamp = time + "-" + n;
    }
    Files.move(draftOfMetadata(), path.resolve(FINISHED_PREFIX + stamp));
    RealDisk.syncDirectory(path);
    finishReplacing();
    return path.resolve(DAMAGED_PREFIX + stamp);
  }

  private void finishReplacing() throws IOException {
    try (var names = Files.newDirectoryStream(path, FINISHED_PREFIX + "*")) {
      for (var finished : names) {
        var stamp = finished.getFileName().toString().substring(FINISHED_PREFIX.length());
        var kept = path.resolve(DAMAGED_PREFIX + stamp);
        if (!Files.exists(kept)) {
          Files.createDirectory(kept);
          RealDisk.syncDirectory(path);
        }
        for (var part : List.of("metadata", "checkpoints")) {
          if (Files.exists(path.resolve(part)) && !Files.exists(kept.resolve(part))) {
            Files.move(path.resolve(part), kept.resolve(part));
          }
        }
        RealDisk.syncDirectory(kept);
        RealDisk.syncDirectory(path);
        Files.move(finished, path.resolve("metadata"));
        RealDisk.syncDirectory(path);
      }
    }
  }

  /** How the last use of the directory ended. */
  LastRun lastRun() throws IOException {
    var file = path.resolve("RUN");
    return Files.exists(file) ? LastRun.parse(Files.readString(file)) : LastRun.NONE;
  }

  /** Notes how this use stands. */
  void note(LastRun run) throws IOException {
    replace("RUN", run.text());
  }

  /** This boot of the machine; empty where it cannot be told. */
  static String bootId() {
    try {
      return Files.readString(BOOT_ID).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** Replaces a file as a whole, durably. */
  private void replace(String name, String text) throws IOException {
    var draft = path.resolve(name + ".new");
    try (var channel =
        FileChannel.open(
            draft,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      var bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(draft, path.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    RealDisk.syncDirectory(path);
  }

  /** Lets another gateway use the directory. */
  @Override
  public void close() throws IOException {
    lockFile.close();
  }
}
