package io.bucketfs.e2e.gateway;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Folders of files such as people have: many small ones, some of a megabyte, few large ones; names
 * with spaces, dots and other scripts; several modes; times to the nanosecond; links; an empty file
 * and an empty folder. The same seed gives the same bytes.
 */
public final class SampleTree {
  private static final int FILES_PER_FOLDER = 100;
  private static final int SMALL_BYTES_MAX = 32 << 10;
  private static final int MIDDLE_BYTES = 1 << 20;
  private static final long LARGE_BYTES = 12L << 20;
  private static final int MIDDLE_EVERY = 25;
  private static final int LARGE_EVERY = 250;
  private static final int BUFFER_BYTES = 64 << 10;
  private static final String[] MODES = {"rw-r--r--", "rw-------", "rwxr-xr-x", "r--r--r--"};
  private static final String[] STEMS = {
    "report", "two words", ".hidden", "données", "写真", "a+b=c&d"
  };

  private final Random random;

  private SampleTree(long seed) {
    this.random = new Random(seed);
  }

  /** Writes a tree of so many files. 2,500 of them are about 250 MB. */
  public static void write(Path root, int files, long seed) {
    try {
      new SampleTree(seed).write(root, files);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes one file of so many bytes. */
  public static void writeFile(Path file, long bytes, long seed) {
    try {
      new SampleTree(seed).writeBytes(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void write(Path root, int files) throws IOException {
    for (var i = 0; i < files; i++) {
      var folder = root.resolve("folder " + i / FILES_PER_FOLDER).resolve("sub-" + i % 4);
      Files.createDirectories(folder);
      var file = folder.resolve(STEMS[i % STEMS.length] + "-" + i + ".dat");
      writeBytes(file, size(i));
      if (i % LARGE_EVERY == 1) {
        Files.createSymbolicLink(folder.resolve("link-" + i), Path.of("../sub-1", "no where"));
      }
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(MODES[i % MODES.length]));
      Files.setLastModifiedTime(
          file, FileTime.from(1_600_000_000_000_000_000L + random.nextInt(), TimeUnit.NANOSECONDS));
    }
    Files.createDirectory(root.resolve("empty"));
  }

  private long size(int file) {
    if (file % LARGE_EVERY == 0 && file > 0) {
      return LARGE_BYTES + random.nextInt(BUFFER_BYTES);
    }
    if (file % MIDDLE_EVERY == 0) {
      return file == 0 ? 0 : MIDDLE_BYTES;
    }
    return random.nextInt(SMALL_BYTES_MAX);
  }

  private void writeBytes(Path file, long bytes) throws IOException {
    try (var out = Files.newOutputStream(file)) {
      writeBytes(out, bytes);
    }
  }

  private void writeBytes(OutputStream out, long bytes) throws IOException {
    var buffer = new byte[BUFFER_BYTES];
    for (var left = bytes; left > 0; left -= buffer.length) {
      random.nextBytes(buffer);
      out.write(buffer, 0, (int) Math.min(left, buffer.length));
    }
  }
}
