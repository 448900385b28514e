package io.bucketfs.bench.nfs;

import io.bucketfs.core.object.PatternBytes;
import io.bucketfs.nfs.TestOps;
import io.bucketfs.nfs.TestReply;
import io.bucketfs.nfs.op.OperationCode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Writes much more through a gateway than its cache holds, reads all of it back, and looks at the
 * gateway's memory and disk meanwhile:
 *
 * <pre>
 * ThroughCache NAME=HOST:PORT/EXPORT,PID STATE_FOLDER MEMORY_MIB CACHE_MIB FILES FILE_MIB
 * </pre>
 *
 * <p>Ends with 1 where a byte is wrong or a cap was exceeded.
 */
public final class ThroughCache {
  private static final int WRITERS = 4;

  /** Requests of one writer that are under way. */
  private static final int DEPTH = 4;

  private final Target target;
  private final int files;
  private final long fileBytes;
  private final AtomicInteger next = new AtomicInteger();

  private ThroughCache(Target target, int files, long fileBytes) {
    this.target = target;
    this.files = files;
    this.fileBytes = fileBytes;
  }

  public static void main(String... arguments) throws Exception {
    var target = Target.parse(arguments[0]);
    var memoryBytes = Long.parseLong(arguments[2]) << 20;
    var cacheBytes = Long.parseLong(arguments[3]) << 20;
    var run =
        new ThroughCache(
            target, Integer.parseInt(arguments[4]), Long.parseLong(arguments[5]) << 20);
    try (var footprint = ProcessFootprint.watch(target.pid(), Path.of(arguments[1]))) {
      run.all("written", run::write);
      run.print("resident", footprint.residentBytesMax(), memoryBytes);
      run.print("disk", footprint.diskBytesMax(), cacheBytes);
      run.all("read and compared", run::read);
      run.print("resident", footprint.residentBytesMax(), memoryBytes);
      run.print("disk", footprint.diskBytesMax(), cacheBytes);
      System.out.printf("%d samples of the disk%n", footprint.samples());
      if (footprint.residentBytesMax() > memoryBytes || footprint.diskBytesMax() > cacheBytes) {
        System.out.println("a cap was exceeded");
        System.exit(1);
      }
    }
  }

  private void print(String what, long bytes, long cap) {
    System.out.printf(Locale.ROOT, "%s at most %d MiB of %d MiB%n", what, bytes >> 20, cap >> 20);
  }

  /** What is done with one file. */
  @FunctionalInterface
  private interface Work {
    void run(StreamClient connection, int file) throws Exception;
  }

  private void all(String what, Work work) throws Exception {
    next.set(0);
    var begin = System.nanoTime();
    try (var threads = Executors.newFixedThreadPool(WRITERS)) {
      var tasks =
          IntStream.range(0, WRITERS)
              .<Callable<Void>>mapToObj(number ->
                  () -> {
                    try (var connection = new StreamClient(target, what + number, DEPTH)) {
                      for (var file = next.getAndIncrement();
                          file < files;
                          file = next.getAndIncrement()) {
                        work.run(connection, file);
                      }
                    }
                    return null;
                  })
              .toList();
      for (var task : threads.invokeAll(tasks)) {
        task.get();
      }
    }
    var seconds = (System.nanoTime() - begin) / 1e9;
    var megabytes = files * fileBytes / 1e6;
    System.out.printf(
        Locale.ROOT,
        "%s: %.0f MB in %.0f s, %.0f MB/s%n",
        what,
        megabytes,
        seconds,
        megabytes / seconds);
  }

  private void write(StreamClient connection, int file) throws Exception {
    var open = connection.open("file-" + file, TestOps.UNCHECKED);
    connection.pipelined(
        fileBytes,
        (slot, at) ->
            slot.async(
                TestOps.putFh(open.handle()),
                TestOps.write(open.stateId(), at, PatternBytes.of(file + 1L, at, lengthAt(at)))),
        (_, _) -> {});
    var commit = TestOps.op(OperationCode.COMMIT, out -> out.writeLong(0).writeInt(0));
    var _ = connection.call(List.of(TestOps.putFh(open.handle()), commit)).requireOk();
    connection.close(open);
  }

  private void read(StreamClient connection, int file) throws Exception {
    var open = connection.open("file-" + file, TestOps.NO_CREATE);
    connection.pipelined(
        fileBytes,
        (slot, at) ->
            slot.async(
                TestOps.putFh(open.handle()), TestOps.read(open.stateId(), at, lengthAt(at))),
        (at, reply) -> compare(file, at, reply));
    connection.close(open);
  }

  private int lengthAt(long at) {
    return (int) Math.min(StreamClient.CHUNK, fileBytes - at);
  }

  private void compare(int file, long at, TestReply reply) {
    var body = reply.ok(OperationCode.PUTFH).ok(OperationCode.READ).body();
    body.skipBytes(4);
    var bytes = new byte[body.readInt()];
    body.readBytes(bytes);
    if (!Arrays.equals(bytes, PatternBytes.of(file + 1L, at, lengthAt(at)))) {
      throw new AssertionError("file " + file + " is wrong at " + at + ", " + bytes.length);
    }
  }
}
