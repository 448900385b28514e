package io.bucketfs.bench.nfs;

import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.s3.front.S3Front;
import java.time.Duration;
import java.util.List;

/**
 * An S3 over HTTP that takes no room: bodies that a seed makes are checked, dropped, and made again
 * when they are read. As slow as a real one: 15 ms a request, 30 ms a PUT, and a cap on all bodies
 * together.
 *
 * <pre>
 * DroppingStore MEGABYTES_PER_SECOND [KEY=MEBIBYTES...]
 * </pre>
 *
 * <p>The keys are there from the start; each has the content of its own hash. Prints its endpoint,
 * then what it was asked for when its input ends.
 */
public final class DroppingStore {
  private static final int NATIVE_THREADS = 4;

  private DroppingStore() {}

  public static void main(String... arguments) throws Exception {
    var rate = Long.parseLong(arguments[0]);
    var execution = new ThreadExecution(NATIVE_THREADS, Meters.NONE);
    var bucket =
        new MemoryBucket(execution, new MemoryBucket.Options(false, StoreTraits.FULL, true));
    bucket.faults().bytesPerSecondMax(rate * 1_000_000);
    bucket.faults().delay(Duration.ofMillis(15), Duration.ofMillis(15));
    bucket.faults().delay(RequestKind.PUT, Duration.ofMillis(30), Duration.ofMillis(30));
    for (var object : List.of(arguments).subList(1, arguments.length)) {
      var halves = object.split("=", 2);
      bucket.foreign().putPattern(halves[0], halves[0].hashCode(), Long.parseLong(halves[1]) << 20);
    }
    try (var front = new S3Front(_ -> bucket)) {
      System.out.println(front.endpoint());
      while (System.in.read() >= 0) {
        // Until whoever started it is done.
      }
    }
    for (var kind : RequestKind.values()) {
      System.out.printf("%s %d%n", kind, bucket.counts().of(kind));
    }
    System.out.printf(
        "MB in %d, out %d%n",
        bucket.counts().bytesIn() / 1_000_000, bucket.counts().bytesOut() / 1_000_000);
    execution.close();
  }
}
