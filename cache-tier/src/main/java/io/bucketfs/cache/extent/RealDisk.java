package io.bucketfs.cache.extent;

import io.bucketfs.core.local.Disk;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory of the operating system.
 *
 * <p>What is large and aligned passes by the page cache: it is read and written once, mostly, and
 * would only be copied once more, push out what is used again, and have to be written by a sync.
 */
public final class RealDisk implements Disk {
  private static final Logger LOG = LoggerFactory.getLogger(RealDisk.class);

  private final Path directory;
  private final Set<OpenOption> directOptions;
  private final @Nullable DirectReads reads;

  /** A directory whose files are read by threads that wait. */
  public RealDisk(Path directory) throws IOException {
    this(directory, null);
  }

  /**
   * @param directory exists
   * @param reads what small reads may be begun through, where the system has them; closed after the
   *     files
   */
  public RealDisk(Path directory, @Nullable DirectReads reads) throws IOException {
    this.directory = directory;
    this.reads = reads;
    directOptions = directOptions(directory);
  }

  /** How a file is opened for what passes by the page cache; empty where that does not go. */
  private static Set<OpenOption> directOptions(Path directory) throws IOException {
    var blockBytes = Files.getFileStore(directory).getBlockSize();
    var probe = Files.createTempFile(directory, "direct", ".probe");
    try {
      var options = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, directOption());
      FileChannel.open(probe, options).close();
      return RecordHeader.ALIGNMENT % blockBytes == 0 ? options : Set.of();
    } catch (IOException | ReflectiveOperationException | UnsupportedOperationException e) {
      LOG.info("{} takes no reads and writes past the page cache: {}", directory, e.getMessage());
      return Set.of();
    } finally {
      Files.delete(probe);
    }
  }

  /** By its name, since javac warns of every use of com.sun. */
  private static OpenOption directOption() throws ReflectiveOperationException {
    var options = Class.forName("com.sun.nio.file.ExtendedOpenOption");
    return (OpenOption) options.getField("DIRECT").get(null);
  }

  @Override
  public List<String> list() throws IOException {
    try (var paths = Files.list(directory)) {
      return paths.map(path -> String.valueOf(path.getFileName())).sorted().toList();
    }
  }

  @Override
  public DiskFile create(String name) throws IOException {
    var path = directory.resolve(name);
    Files.createFile(path);
    return new RealFile(path, directOptions, reads);
  }

  @Override
  public DiskFile open(String name) throws IOException {
    return new RealFile(directory.resolve(name), directOptions, reads);
  }

  /** Without opening it, which takes many times as long. */
  @Override
  public long size(String name) throws IOException {
    return Files.size(directory.resolve(name));
  }

  @Override
  public void delete(String name) throws IOException {
    Files.delete(directory.resolve(name));
  }

  @Override
  public void rename(String from, String to) throws IOException {
    Files.move(directory.resolve(from), directory.resolve(to));
  }

  @Override
  public void syncDirectory() throws IOException {
    syncDirectory(directory);
  }

  /** Makes the entries of a directory durable. */
  public static void syncDirectory(Path directory) throws IOException {
    try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Override
  public long usableBytes() throws IOException {
    return Files.getFileStore(directory).getUsableSpace();
  }
}
