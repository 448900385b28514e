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
  private static final int TARGETS_MAX = 4;

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

  @GuardedBy("lock")
  private final List<ReplyTarget> targets = new ArrayList<>(1);

  /** Which target of the slot table the last reply told. */
  private volatile int generation;

  private volatile boolean noted;

  /**
   * @param resumed whether an earlier process had the slot
   */
  Slot(boolean resumed) {
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
   * @throws NfsException SEQ_MISORDERED or SEQ_FALSE_RETRY
   */
  public Admission admit(int requestSequence, long request, ReplyTarget target)
      throws NfsException {
    lock.lock();
    try {
      if (disposed) {
        throw new NfsException(NfsStatus.BADSESSION);
      }
      if (resumed) {
        var admission = admitFirst(requestSequence, request);
        begin(requestSequence, request, target);
        return admission;
      }
      var next = requestSequence == sequence + 1 || (retired && requestSequence == 1);
      if (next && !busy) {
        dropReply();
        begin(requestSequence, request, target);
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
  private void begin(int requestSequence, long request, ReplyTarget target) {
    sequence = requestSequence;
    used = true;
    retired = false;
    resumed = false;
    checkpoint = null;
    fingerprint = request;
    busy = true;
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
   * @return where the reply goes
   */
  public List<ReplyTarget> finish(@Nullable ByteBuf toKeep) {
    lock.lock();
    try {
      busy = false;
      if (disposed) {
        if (toKeep != null) {
          toKeep.release();
        }
      } else {
        reply = toKeep;
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
      reply.release();
      reply = null;
    }
  }
}
