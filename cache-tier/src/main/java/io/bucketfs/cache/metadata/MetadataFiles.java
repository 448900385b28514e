package io.bucketfs.cache.metadata;

import io.bucketfs.cache.extent.RealDisk;
import io.bucketfs.core.local.Family;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.rocksdb.Checkpoint;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/**
 * The files of a metadata store, and what it can be rebuilt from where they are damaged or gone
 * (CORRECTNESS 7).
 *
 * <pre>
 * metadata/             RocksDB
 * metadata/archive/     its log files that it needs no more itself
 * checkpoints/000012/   RocksDB as it was at some time: table files are shared by hard links
 * </pre>
 *
 * <p>A checkpoint with all log files since gives the newest state and not an old one, so log files
 * are kept for as long as a checkpoint has a use for them. Not thread-safe.
 */
public final class MetadataFiles {
  /** How many are kept: damage that a new one has copied may not be in the one before. */
  private static final int KEPT = 2;

  private static final String TABLE_SUFFIX = ".sst";
  private static final String LOG_SUFFIX = ".log";

  private final Path metadata;
  private final Path checkpoints;

  /**
   * @param metadata where RocksDB lies or is to be made
   * @param checkpoints where checkpoints lie, on the same file system
   */
  public MetadataFiles(Path metadata, Path checkpoints) {
    this.metadata = metadata;
    this.checkpoints = checkpoints;
  }

  /** Those of a state directory. */
  public static MetadataFiles in(Path state) {
    return new MetadataFiles(state.resolve("metadata"), state.resolve("checkpoints"));
  }

  /** Where RocksDB lies. */
  Path metadata() {
    return metadata;
  }

  /** Makes room for a store that is new. */
  void create() throws IOException {
    Files.createDirectories(metadata);
  }

  /** Whether there is what every store has, so that it need not be asked for, which writes. */
  boolean exist() {
    return Files.exists(metadata.resolve("CURRENT"));
  }

  /** Numbers of checkpoints that are whole, the newest first. */
  public List<Long> numbers() throws IOException {
    if (!Files.isDirectory(checkpoints)) {
      return List.of();
    }
    try (var names = Files.list(checkpoints)) {
      return names
          .map(path -> path.getFileName().toString())
          .filter(name -> name.matches("[0-9]{6,18}"))
          .map(Long::parseLong)
          .sorted((a, b) -> Long.compare(b, a))
          .toList();
    }
  }

  /** Where a checkpoint lies. */
  public Path path(long number) {
    return checkpoints.resolve("%06d".formatted(number));
  }

  /** Makes another checkpoint, and removes what is older than those that are kept. */
  void take(RocksDB database) throws IOException, RocksDBException {
    Files.createDirectories(checkpoints);
    var before = numbers();
    // RocksDB makes it under another name, syncs it and renames it.
    try (var checkpoint = Checkpoint.create(database)) {
      checkpoint.createCheckpoint(path(before.isEmpty() ? 1 : before.getFirst() + 1).toString());
    }
    RealDisk.syncDirectory(checkpoints);
    prune();
  }

  /** Removes old checkpoints, halves of them, and log files that none of the others needs. */
  private void prune() throws IOException {
    var numbers = numbers();
    var kept = new HashSet<String>();
    for (var number : numbers.subList(0, Math.min(KEPT, numbers.size()))) {
      kept.add(path(number).getFileName().toString());
    }
    try (var entries = Files.list(checkpoints)) {
      for (var entry : entries.toList()) {
        if (!kept.contains(entry.getFileName().toString())) {
          deleteTree(entry);
        }
      }
    }
    var needed = firstLog(path(numbers.get(kept.size() - 1)));
    for (var log : logs(archive())) {
      if (needed.isPresent() && number(log) < needed.getAsLong()) {
        Files.deleteIfExists(log);
      }
    }
  }

  private Path archive() {
    return metadata.resolve("archive");
  }

  /** The first log file that is to be read on top of a checkpoint. */
  private static OptionalLong firstLog(Path checkpoint) throws IOException {
    return logs(checkpoint).stream().mapToLong(MetadataFiles::number).min();
  }

  private static List<Path> logs(Path directory) throws IOException {
    return filesIn(directory).stream()
        .filter(path -> path.getFileName().toString().matches("[0-9]+\\" + LOG_SUFFIX))
        .toList();
  }

  private static long number(Path log) {
    var name = log.getFileName().toString();
    return Long.parseLong(name.substring(0, name.length() - LOG_SUFFIX.length()));
  }

  private static List<Path> filesIn(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (var entries = Files.list(directory)) {
      return entries.filter(Files::isRegularFile).toList();
    }
  }

  /** Whether the newest checkpoint knows all families, so that logs on top of it can be read. */
  boolean areCurrent() throws IOException {
    var numbers = numbers();
    return !numbers.isEmpty()
        && RocksFamilies.namesIn(path(numbers.getFirst())).size() > Family.values().length;
  }

  /** Bytes of log files since the newest checkpoint. */
  long loggedBytes() throws IOException {
    var numbers = numbers();
    var first = numbers.isEmpty() ? OptionalLong.of(0) : firstLog(path(numbers.getFirst()));
    var bytes = 0L;
    for (var from : List.of(metadata, archive())) {
      for (var log : logs(from)) {
        if (number(log) >= first.orElse(0)) {
          bytes += sizeOf(log);
        }
      }
    }
    return bytes;
  }

  /** Bytes of all files, those that several names share counted once. */
  long diskBytes() throws IOException {
    var bytes = new HashMap<Object, Long>();
    addTo(bytes, metadata);
    addTo(bytes, archive());
    for (var number : numbers()) {
      addTo(bytes, path(number));
    }
    return bytes.values().stream().mapToLong(Long::longValue).sum();
  }

  private static void addTo(Map<Object, Long> bytes, Path directory) throws IOException {
    for (var file : filesIn(directory)) {
      try {
        var attributes = Files.readAttributes(file, BasicFileAttributes.class);
        bytes.put(attributes.fileKey(), attributes.size());
      } catch (NoSuchFileException e) {
        // Removed since it was listed.
      }
    }
  }

  /** A file that vanished meanwhile takes nothing. */
  private static long sizeOf(Path file) {
    return file.toFile().length();
  }

  /**
   * Lays out a store that begins with a checkpoint and goes on with the log files since.
   *
   * @param target must not exist
   */
  void assemble(long number, Path target) throws IOException {
    var checkpoint = path(number);
    Files.createDirectory(target);
    for (var file : filesIn(checkpoint)) {
      var copy = target.resolve(file.getFileName());
      if (file.getFileName().toString().endsWith(TABLE_SUFFIX)) {
        Files.createLink(copy, file);
      } else {
        Files.copy(file, copy);
      }
    }
    var first = firstLog(checkpoint);
    if (first.isPresent()) {
      for (var from : List.of(archive(), metadata)) {
        for (var log : logs(from)) {
          if (number(log) >= first.getAsLong()) {
            Files.copy(log, target.resolve(log.getFileName()), StandardCopyOption.REPLACE_EXISTING);
          }
        }
      }
    }
  }

  /** Removes a directory with all that is in it. */
  public static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    var directories = new ArrayList<Path>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
            directories.addFirst(path);
            return FileVisitResult.CONTINUE;
          }
        });
    for (var each : directories) {
      Files.delete(each);
    }
  }
}
