package io.bucketfs.cache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real process, killed while it appends, loses nothing that it said was done. */
@SuppressWarnings("NullAway.Init") // JUnit sets the directory
class KilledProcessTest {
  private static final int KILLS = 2;
  private static final int LINES_BEFORE_KILL = 200;
  private static final int WRITERS = 8;

  @TempDir private Path parent;

  private static byte[] data(long sequence) {
    var random = new SplittableRandom(sequence);
    var bytes = new byte[random.nextInt(1, 20_000)];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] key(long sequence) {
    return ByteBuffer.allocate(Long.BYTES).putLong(sequence).array();
  }

  private static LocalTiers open(Path path, ThreadExecution execution) throws IOException {
    return LocalTiers.open(
        path, TierSettings.DEFAULTS, execution, PooledByteBufAllocator.DEFAULT, Meters.NONE);
  }

  @Test
  void losesNothingThatWasDone() throws Exception {
    var path = parent.resolve("state");
    var done = new HashSet<Long>();
    for (var round = 0; round < KILLS; round++) {
      done.addAll(runAndKill(path, round * 1_000_000L));
      verify(path, done);
    }
  }

  private static Set<Long> runAndKill(Path path, long firstSequence) throws Exception {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Load.class.getName(),
                path.toString(),
                Long.toString(firstSequence))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var done = new HashSet<Long>();
    try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        // The last line may be cut short by the kill; a complete one ends in a full stop.
        if (line.endsWith(".")) {
          done.add(Long.parseLong(line.substring(0, line.length() - 1)));
        }
        if (done.size() == LINES_BEFORE_KILL) {
          // By its handle, since the process itself would close the stream that is being read.
          process.toHandle().destroyForcibly();
        }
      }
    }
    process.waitFor();
    assertThat(done).hasSizeGreaterThanOrEqualTo(LINES_BEFORE_KILL);
    return done;
  }

  private static void verify(Path path, Set<Long> done) throws Exception {
    try (var execution = new ThreadExecution(2, Meters.NONE);
        var tiers = open(path, execution)) {
      assertThat(tiers.tier().unsyncedMayBeLost()).isFalse();
      var extents = tiers.tier().extents();
      Map<Long, ExtentRecord> found = new HashMap<>();
      extents.replay(0, 0, each -> found.put(each.record().sequence(), each.record()));
      assertThat(found.keySet()).containsAll(done);
      for (var record : found.values()) {
        var buffer = extents.read(record, 0, record.length(), Patience.FOREVER);
        assertThat(buffer).isEqualTo(Unpooled.wrappedBuffer(data(record.sequence())));
        buffer.release();
      }
      for (var sequence : done) {
        assertThat(tiers.tier().metadata().get(Family.EXTENTS, key(sequence))).isNotNull();
      }
    }
  }

  /** The process that is killed. */
  static final class Load {
    private Load() {}

    public static void main(String[] arguments) throws Exception {
      var execution = new ThreadExecution(4, Meters.NONE);
      var tier = open(Path.of(arguments[0]), execution).tier();
      var sequences = new AtomicLong(Long.parseLong(arguments[1]));
      Runnable writer =
          () -> {
            try {
              while (true) {
                var sequence = sequences.incrementAndGet();
                var payload = Unpooled.wrappedBuffer(data(sequence));
                tier.extents().append(Stream.WRITE, 1, 2, 3, sequence, 0, payload);
                tier.metadata()
                    .write(List.of(new Change.Put(Family.EXTENTS, key(sequence), key(1))), false);
                System.out.println(sequence + ".");
              }
            } catch (IOException e) {
              throw new IllegalStateException(e);
            }
          };
      for (var i = 1; i < WRITERS; i++) {
        execution.fork("writer", writer);
      }
      writer.run();
    }
  }
}
