package io.bucketfs.bench;

import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Changes that are on the disk when the call returns, at the FileSystem API. Run by {@code
 * bench/local-tier/run}, with 1 and with 64 threads.
 */
@BenchmarkMode({Mode.Throughput, Mode.SampleTime})
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 5)
@Measurement(iterations = 5, time = 5)
public class DurableChanges {
  private static final int BLOCK = 4096;
  private static final AtomicLong NAMES = new AtomicLong();

  /** The file that one thread writes. */
  @State(Scope.Thread)
  public static class Own {
    private @Nullable FileId file;
    private @Nullable ByteBuf block;
    private long end;

    /** Makes the file. */
    @Setup(Level.Trial)
    public void create(GatewayState gateway) throws FileSystemException {
      file = gateway.create("own-" + NAMES.incrementAndGet());
      block = Unpooled.directBuffer(BLOCK).writerIndex(BLOCK);
    }
  }

  /** Creates an empty file; all threads in one directory. */
  @Benchmark
  public FileId create(GatewayState gateway) throws FileSystemException {
    return gateway.create("file-" + NAMES.incrementAndGet());
  }

  /** Appends 4 KiB as one stable write. */
  @Benchmark
  public Stability appendStable(GatewayState gateway, Own own) throws FileSystemException {
    return append(gateway, own, Stability.FILE_SYNC);
  }

  /** Appends 4 KiB and commits. */
  @Benchmark
  public void appendAndCommit(GatewayState gateway, Own own) throws FileSystemException {
    append(gateway, own, Stability.UNSTABLE);
    gateway.files().commit(Objects.requireNonNull(own.file), Patience.FOREVER);
  }

  private static Stability append(GatewayState gateway, Own own, Stability stability)
      throws FileSystemException {
    var reached =
        gateway
            .files()
            .write(
                Objects.requireNonNull(own.file),
                own.end,
                Objects.requireNonNull(own.block),
                stability,
                Patience.FOREVER);
    own.end += BLOCK;
    return reached;
  }
}
