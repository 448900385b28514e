package io.bucketfs.core.writeback;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * How fast bodies go to the bucket: those of a mount, and all of the gateway, each with a bound.
 * What the store copies by itself is not counted.
 *
 * <p>Bytes are paid for as they are read. Since a store gives up a request whose body stands still,
 * no more bodies of a mount are begun than can send something every two seconds or so; the others
 * wait before their request, without a connection.
 *
 * <p>A mount whose store takes nothing takes nothing of the gateway's bound either.
 */
final class UploadBandwidth {
  /** A body that is begun sends something at least as often, if its mount is alone. */
  private static final Duration STILL_MAX = Duration.ofSeconds(2);

  /** What a body sends at a time, at most. */
  private static final long PIECE_BYTES = 1 << 20;

  private final Execution execution;
  private final long gatewayRate;
  private final Bandwidth gateway;
  private final IntToLongFunction rates;
  private final Meters.Counter limited;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<Integer, Lane> lanes = new HashMap<>();

  /**
   * @param gatewayRate bytes per second of all mounts together
   * @param rates those of a mount, by its number, as they are now
   */
  UploadBandwidth(
      Execution execution, long gatewayRate, IntToLongFunction rates, Meters.Counter limited) {
    this.execution = execution;
    this.gatewayRate = gatewayRate;
    this.rates = rates;
    this.limited = limited;
    gateway = new Bandwidth(execution, gatewayRate);
  }

  private static final class Lane {
    final Bandwidth bandwidth;
    final Queue<Turn> waiting = new ArrayDeque<>();
    int begun;
    long pieceBytes;

    Lane(Bandwidth bandwidth) {
      this.bandwidth = bandwidth;
    }
  }

  /** A body that is on its way until it is closed. */
  final class Turn implements AutoCloseable {
    private final int mount;
    private final long pieceBytes;
    private final CompletableFuture<Boolean> begun = new CompletableFuture<>();

    private Turn(int mount, long bytes) {
      this.mount = mount;
      pieceBytes = Math.min(bytes, PIECE_BYTES);
    }

    /** The body, at the speed that is allowed. */
    BodySource limit(BodySource body) {
      return new BodySource() {
        @Override
        public long sizeBytes() {
          return body.sizeBytes();
        }

        @Override
        public Reader open() {
          return limit(body.open());
        }
      };
    }

    private BodySource.Reader limit(BodySource.Reader reader) {
      return new BodySource.Reader() {
        @Override
        public CompletionStage<@Nullable ByteBuf> next() {
          return reader
              .next()
              .thenCompose(bytes ->
                  bytes == null
                      ? CompletableFuture.<@Nullable ByteBuf>completedStage(null)
                      : pass(mount, bytes.readableBytes())
                          .<@Nullable ByteBuf>thenApply(_ -> bytes));
        }

        @Override
        public void close() {
          reader.close();
        }
      };
    }

    @Override
    public void close() {
      ended(this);
    }
  }

  private long rate(int mount) {
    return Math.min(gatewayRate, rates.applyAsLong(mount));
  }

  private Lane lane(int mount) {
    lock.lock();
    try {
      return lanes.computeIfAbsent(
          mount, _ -> new Lane(new Bandwidth(execution, rates.applyAsLong(mount))));
    } finally {
      lock.unlock();
    }
  }

  private CompletionStage<Boolean> pass(int mount, long bytes) {
    var bandwidth = lane(mount).bandwidth;
    bandwidth.setRate(rates.applyAsLong(mount));
    var passed =
        bandwidth
            .take(mount, bytes)
            .thenCompose(_ -> gateway.take(mount, bytes))
            .toCompletableFuture();
    if (!passed.isDone()) {
      limited.add(bytes);
    }
    return passed;
  }

  /** Waits until another body of a mount may go on its way. */
  Turn begin(int mount, long bytes) throws InterruptedException {
    var turn = new Turn(mount, bytes);
    var lane = lane(mount);
    lock.lock();
    try {
      lane.waiting.add(turn);
      start(mount, lane);
    } finally {
      lock.unlock();
    }
    try {
      execution.await(turn.begun, Patience.FOREVER);
      return turn;
    } catch (InterruptedException e) {
      ended(turn);
      throw e;
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("waiting for ever ended", e);
    }
  }

  /** Begins what waits, as long as there is room. */
  @GuardedBy("lock")
  private void start(int mount, Lane lane) {
    var rate = rate(mount);
    var room = rate == ExportPolicy.NO_LIMIT ? Long.MAX_VALUE : rate * STILL_MAX.toSeconds();
    for (var next = lane.waiting.peek();
        next != null && (lane.begun == 0 || lane.pieceBytes + next.pieceBytes <= room);
        next = lane.waiting.peek()) {
      lane.waiting.remove();
      lane.begun++;
      lane.pieceBytes += next.pieceBytes;
      next.begun.complete(true);
    }
  }

  private void ended(Turn turn) {
    lock.lock();
    try {
      var lane = lanes.get(turn.mount);
      if (lane == null) {
        return;
      }
      if (!lane.waiting.remove(turn)) {
        lane.begun--;
        lane.pieceBytes -= turn.pieceBytes;
      }
      start(turn.mount, lane);
    } finally {
      lock.unlock();
    }
  }
}
