package io.bucketfs.bench.nfs;

import io.bucketfs.nfs.TestConnection;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * One slot: sends a request, and with its reply the next one. Runs on the event loop of its
 * connection.
 */
final class LoadSlot implements TestConnection.ReplyHandler {
  /** Of the status of the COMPOUND, behind xid and message type. */
  private static final int STATUS_AT = 16;

  /** Of the length of what READ returned: an empty tag, SEQUENCE, PUTFH, status, end of file. */
  private static final int READ_LENGTH_AT = STATUS_AT + 4 + 4 + 4 + 44 + 8 + 8 + 4;

  private final Requests requests;
  private final TestConnection connection;
  private final int slot;
  private final int fileBytes;
  private final List<Action> actions;
  private final int weights;
  private final SplittableRandom random;
  private final Tally tally = new Tally();
  private boolean created;

  /** Where the next APPEND of each slot goes, in all runs. */
  private final long[] ends;

  private Action action;
  private long sentNanos;
  private long endNanos;
  private @Nullable CountDownLatch running;

  /** What was done in a run. Read once it is over. */
  static final class Tally {
    final Latencies latencies = new Latencies();
    long bytes;
    long delayed;
    @Nullable String failure;
  }

  LoadSlot(
      Requests requests,
      TestConnection connection,
      int slot,
      int fileBytes,
      long[] ends,
      List<Action> actions) {
    this.requests = requests;
    this.connection = connection;
    this.slot = slot;
    this.fileBytes = fileBytes;
    this.ends = ends;
    this.actions = actions;
    weights = actions.stream().mapToInt(Action::weight).sum();
    random = new SplittableRandom(slot);
    action = actions.getFirst();
  }

  /** Begins; the latch is counted down at the end. */
  void start(long newEndNanos, CountDownLatch latch) {
    endNanos = newEndNanos;
    running = latch;
    next();
  }

  Tally tally() {
    return tally;
  }

  private void next() {
    if (tally.failure != null || (System.nanoTime() >= endNanos && !created)) {
      end();
      return;
    }
    var xid = Requests.xid();
    ByteBuf request;
    if (created) {
      request = requests.createOrRemove(false, name(), xid, slot);
    } else {
      action = choose();
      request =
          switch (action.kind()) {
            case CREATE -> requests.createOrRemove(true, name(), xid, slot);
            case OPEN -> requests.openAndClose(file(), xid, slot);
            case GETATTR, LOOKUP, READ, WRITE, APPEND, READDIR ->
                requests.next(action, file(), xid, slot, offset());
          };
    }
    sentNanos = System.nanoTime();
    connection.call(xid, request, this);
  }

  private String name() {
    return "new-" + slot;
  }

  private Action choose() {
    if (actions.size() == 1) {
      return actions.getFirst();
    }
    var left = random.nextInt(weights);
    for (var candidate : actions) {
      left -= candidate.weight();
      if (left < 0) {
        return candidate;
      }
    }
    throw new IllegalStateException("weights do not add up");
  }

  private int file() {
    return action.kind() == Action.Kind.APPEND ? slot : random.nextInt();
  }

  private long offset() {
    var bytes = action.bytes();
    if (action.kind() == Action.Kind.APPEND) {
      var end = ends[slot];
      ends[slot] += bytes;
      return end;
    }
    return bytes == 0 ? 0 : (long) random.nextInt(Math.max(1, fileBytes / bytes)) * bytes;
  }

  @Override
  public void replied(ByteBuf reply) {
    var now = System.nanoTime();
    var at = reply.readerIndex();
    var accepted = reply.getInt(at) == 0 && reply.getInt(at + 12) == 0;
    var status = accepted ? reply.getInt(at + STATUS_AT) : -1;
    if (status == NfsStatus.DELAY.code()) {
      tally.delayed++;
    } else if (status != 0) {
      tally.failure = action.kind() + " ended with status " + status;
    } else if (action.kind() == Action.Kind.READ
        && reply.getInt(at + READ_LENGTH_AT) != action.bytes()) {
      tally.failure = "READ gave " + reply.getInt(at + READ_LENGTH_AT) + " bytes";
    } else {
      tally.latencies.record(now - sentNanos);
      tally.bytes += action.bytes();
      created = action.kind() == Action.Kind.CREATE && !created;
    }
    next();
  }

  @Override
  public void broke() {
    tally.failure = "the server closed the connection";
    end();
  }

  private void end() {
    if (running != null) {
      running.countDown();
      running = null;
    }
  }
}
