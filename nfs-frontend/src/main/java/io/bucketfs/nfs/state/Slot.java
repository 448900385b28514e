package io.bucketfs.nfs.state;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A slot of a session: one request at a time, run exactly once (RFC 8881, 2.10.6). It keeps the
 * last reply for a retry; a retry that comes while the request still runs is given the same reply.
 */
public final class Slot {
  /** The memory of a reply that is kept is hardly ever more. */
  static final int USUAL_REPLY_BYTES = 512;

  private static final int TARGETS_MAX = 4;

  private final SlotBudget budget;
  private final int replyBytesMax;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private int sequence;

  /** Whether any request came since the slot was made or came back. */
  @GuardedBy("lock")
  private boolean used;

  /** Whether the client may begin again at 1, since the slot was taken out of use. */
  @GuardedBy("lock")
  private boolean retired;

  /**
   * Whether an earlier process had the slot and no request came since: the client is then at the
   * number of the last change that was noted, or anywhere above.
   */
  @GuardedBy("lock")
  private boolean resumed;

  /** What an earlier process noted last; null for nothing. */
  @GuardedBy("lock")
  private @Nullable Checkpoint checkpoint;

  @GuardedBy("lock")
  private long fingerprint;

  @GuardedBy("lock")
  private boolean busy;

  @GuardedBy("lock")
  private boolean disposed;

  @GuardedBy("lock")
  private @Nullable ByteBuf reply;

  /** What the reply takes of the budget. */
  @GuardedBy("lock")
  private int extraBytes;

  /** Whether the reply of the request that runs is to be kept in any case. */
  @GuardedBy("lock")
  private boolean mustKeep;

  @GuardedBy("lock")
  private final List<ReplyTarget> targets = new ArrayList<>(1);

  /** Which target of the slot table the last reply told. */
  private volatile int generation;

  private volatile boolean noted;

  /**
   * A slot whose own memory, a usual reply included, is reserved.
   *
   * @param replyBytesMax of a reply that is kept
   * @param resumed whether an earlier process had the slot
   */
  Slot(SlotBudget budget, int replyBytesMax, boolean resumed) {
    this.budget = budget;
    this.replyBytesMax = replyBytesMax;
    this.resumed = resumed;
  }

  /** What a request on a slot is. */
  public sealed interface Admission {
    /** To be run. */
    record Run() implements Admission {}

    /** The retry of a request whose first part an earlier process ran: to be run from there. */
    record Resumed(Checkpoint checkpoint) implements Admission {}

    /** The retry of a request that runs now; its reply will go to the retry's target, too. */
    record Joined() implements Admission {}

    /**
     * The retry of a request that was answered.
     *
     * @param reply owned by the receiver; null where the reply was not kept
     */
    record Replay(@Nullable ByteBuf reply) implements Admission {}
  }

  private static final Admission RUN = new Admission.Run();
  private static final Admission JOINED = new Admission.Joined();

  /**
   * Admits a request.
   *
   * @param request tells requests apart that carry the same sequence number
   * @param keep whether the reply is to be kept, however large it is
   * @throws NfsException SEQ_MISORDERED or SEQ_FALSE_RETRY; DELAY, which leaves the slot as it is,
   *     where the client keeps so many large replies that there is no room for one more
   */
  public Admission admit(int requestSequence, long request, boolean keep, ReplyTarget target)
      throws NfsException {
    lock.lock();
    try {
      if (disposed) {
        throw new NfsException(NfsStatus.BADSESSION);
      }
      if (resumed) {
        var admission = admitFirst(requestSequence, request);
        begin(requestSequence, request, keep, target);
        return admission;
      }
      var next = requestSequence == sequence + 1 || (retired && requestSequence == 1);
      if (next && !busy) {
        if (keep && reply == null && !budget.hasRoomFor(replyBytesMax)) {
          throw new NfsException(NfsStatus.DELAY);
        }
        dropReply();
        begin(requestSequence, request, keep, target);
        return RUN;
      }
      if (requestSequence != sequence || !used) {
        throw new NfsException(NfsStatus.SEQ_MISORDERED);
      }
      if (request != fingerprint) {
        throw new NfsException(NfsStatus.SEQ_FALSE_RETRY);
      }
      if (busy) {
        if (targets.size() == TARGETS_MAX) {
          targets.removeFirst();
        }
        targets.add(target);
        return JOINED;
      }
      return new Admission.Replay(reply == null ? null : reply.retainedDuplicate());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Admits the first request after a restart. What is not above the noted number is a retry, except
   * for 1, from which a client counts that had taken the slot out of use.
   */
  @GuardedBy("lock")
  private Admission admitFirst(int requestSequence, long request) throws NfsException {
    if (checkpoint == null || requestSequence - checkpoint.sequence() > 0) {
      return RUN;
    }
    if (requestSequence == checkpoint.sequence() && request == checkpoint.fingerprint()) {
      return new Admission.Resumed(checkpoint);
    }
    if (requestSequence == 1) {
      return RUN;
    }
    throw new NfsException(
        requestSequence == checkpoint.sequence()
            ? NfsStatus.SEQ_FALSE_RETRY
            : NfsStatus.SEQ_MISORDERED);
  }

  @GuardedBy("lock")
  private void begin(int requestSequence, long request, boolean keep, ReplyTarget target) {
    sequence = requestSequence;
    used = true;
    retired = false;
    resumed = false;
    checkpoint = null;
    fingerprint = request;
    busy = true;
    mustKeep = keep;
    targets.clear();
    targets.add(target);
  }

  /** Takes what an earlier process noted last. */
  void resume(Checkpoint last) {
    lock.lock();
    try {
      checkpoint = last;
      noted = true;
    } finally {
      lock.unlock();
    }
  }

  /** Whether anything was noted of this slot. */
  boolean isNoted() {
    return noted;
  }

  void setNoted() {
    noted = true;
  }

  /**
   * Ends the request that runs.
   *
   * @param toKeep the reply for retries, taken over; null where it is not to be kept
   * @param heldBytes what memory keeping it takes
   * @return where the reply goes
   */
  public List<ReplyTarget> finish(@Nullable ByteBuf toKeep, int heldBytes) {
    lock.lock();
    try {
      busy = false;
      if (toKeep != null) {
        var extra = Math.max(0, heldBytes - USUAL_REPLY_BYTES);
        if (disposed || (!mustKeep && extra > 0 && !budget.hasRoomFor(extra))) {
          toKeep.release();
        } else {
          reply = toKeep;
          extraBytes = extra;
          budget.add(extra);
        }
      }
      var result = targets.size() == 1 ? List.of(targets.getFirst()) : List.copyOf(targets);
      targets.clear();
      return result;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the slot out of use: it keeps its sequence number and nothing else. Returns false where a
   * request runs on it.
   */
  boolean retire() {
    lock.lock();
    try {
      if (busy) {
        return false;
      }
      dropReply();
      used = false;
      retired = true;
      return true;
    } finally {
      lock.unlock();
    }
  }

  int generation() {
    return generation;
  }

  void setGeneration(int newGeneration) {
    generation = newGeneration;
  }

  /** Lets go of the kept reply and admits nothing any more. */
  public void dispose() {
    lock.lock();
    try {
      disposed = true;
      dropReply();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void dropReply() {
    if (reply != null) {
      budget.add(-extraBytes);
      reply.release();
      reply = null;
    }
  }
}
