package io.bucketfs.bench.nfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * What a process takes of memory and disk, sampled from outside: its resident set, and the blocks
 * of all files of a folder, files that are deleted and still open included.
 */
final class ProcessFootprint implements AutoCloseable {
  private static final long PERIOD_MILLIS = 500;
  private static final long KIBIBYTE = 1024;

  private final long pid;
  private final Path folder;
  private final Thread sampler =
      Thread.ofPlatform().daemon().name("footprint").unstarted(this::sample);
  private volatile boolean closed;
  private final AtomicLong diskBytesMax = new AtomicLong();
  private final AtomicInteger samples = new AtomicInteger();

  private ProcessFootprint(long pid, Path folder) {
    this.pid = pid;
    this.folder = folder;
  }

  /** Begins to look. */
  static ProcessFootprint watch(long pid, Path folder) {
    var footprint = new ProcessFootprint(pid, folder);
    footprint.sampler.start();
    return footprint;
  }

  private void sample() {
    while (!closed) {
      diskBytesMax.accumulateAndGet(blocksOf(folder) + deletedBytes(), Math::max);
      samples.incrementAndGet();
      try {
        TimeUnit.MILLISECONDS.sleep(PERIOD_MILLIS);
      } catch (InterruptedException _) {
        return;
      }
    }
  }

  private static long blocksOf(Path folder) {
    try {
      var process =
          new ProcessBuilder("du", "-s", "-B1", folder.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (var lines = process.inputReader(StandardCharsets.US_ASCII)) {
        var line = lines.readLine();
        return line == null ? 0 : Long.parseLong(line.split("\t", -1)[0]);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private long deletedBytes() {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return descriptors.mapToLong(this::deletedBytes).sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private long deletedBytes(Path descriptor) {
    try {
      var target = Files.readSymbolicLink(descriptor).toString();
      return target.startsWith(folder.toString()) && target.endsWith(" (deleted)")
          ? Files.size(descriptor)
          : 0;
    } catch (NoSuchFileException _) {
      return 0; // closed since
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The most that was resident since the process started, which the kernel knows. */
  long residentBytesMax() throws IOException {
    try (var lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * KIBIBYTE)
          .findFirst()
          .orElseThrow();
    }
  }

  /** The most that was seen. */
  long diskBytesMax() {
    return diskBytesMax.get();
  }

  /** How often it was looked at. */
  int samples() {
    return samples.get();
  }

  @Override
  public void close() {
    closed = true;
    sampler.interrupt();
  }
}
