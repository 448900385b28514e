package io.bucketfs.nfs.exec;

import io.bucketfs.core.vfs.DiskRead;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import io.bucketfs.nfs.op.Compound;
import io.bucketfs.nfs.op.Operation;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.op.Services;
import io.bucketfs.nfs.rpc.RpcReply;
import io.bucketfs.nfs.state.Checkpoint;
import io.bucketfs.nfs.state.Session;
import io.bucketfs.nfs.state.Slot;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the operations of one COMPOUND, one after the other.
 *
 * <p>It starts on the event loop under {@link Patience#NONE}. Where an operation would wait, it is
 * undone to its start and repeated, with all that follow, on a virtual thread; or, where only file
 * data is to be read from the local disk or written to it, first on a thread that does that in
 * place, which costs half as many changes of threads. Where it is one read that can be begun while
 * nobody waits, it is repeated on the event loop once that has ended. So what memory can answer
 * costs no hand-off, and what cannot blocks no one. One thread at a time runs it.
 */
final class CompoundRun {
  private static final Logger LOG = LoggerFactory.getLogger(CompoundRun.class);

  /** Opcode and status, and a little for the result, of an operation that may not be undone. */
  private static final int CHANGE_BYTES = 160;

  private final Services services;
  private final OperationMeters meters;
  private final Compound compound;
  private final ByteBuf record;
  private final Completion completion;
  private final int resultCountAt;
  private final int operations;
  private int done;
  private NfsStatus last = NfsStatus.OK;
  private @Nullable OperationCode code;
  private @Nullable Operation operation;
  private long startedNanos;
  private @Nullable Session parkedIn;
  private boolean mayWait;
  private @Nullable WouldBlock obstacle;
  private boolean handedOff;

  /** Is told what becomes of a COMPOUND. */
  interface Completion {
    /** It goes on on a thread of its own; called on the event loop. */
    void parked();

    /** Runs a task on the event loop, soon. */
    void later(Runnable task);

    /** Takes over the reply; called on whichever thread got there. */
    void completed(CompoundRun run);
  }

  /**
   * Starts behind the header of the COMPOUND.
   *
   * @param record the request, positioned at the first operation; taken over
   */
  CompoundRun(
      Services services,
      OperationMeters meters,
      Compound compound,
      ByteBuf record,
      Completion completion) {
    this.services = services;
    this.meters = meters;
    this.compound = compound;
    this.record = record;
    this.completion = completion;
    operations = compound.request().operations();
    var out = compound.reply().out();
    resultCountAt = out.writerIndex();
    out.writeInt(0);
  }

  Compound compound() {
    return compound;
  }

  /** Whether it went on on a thread of its own. */
  boolean isHandedOff() {
    return handedOff;
  }

  /** Runs on the event loop, as far as that goes without waiting. */
  void start() {
    if (runAll()) {
      finish();
    } else {
      meters.recordHandOff();
      completion.parked();
      handedOff = true;
      var session = compound.session();
      if (session != null) {
        session.park();
        parkedIn = session;
      }
      goOn();
    }
  }

  /** Goes on where the obstacle is none. */
  private void goOn() {
    if (obstacle == null || !obstacle.isOnDisk()) {
      services.execution().fork("nfs " + code, this::resume);
      return;
    }
    var read = obstacle.read();
    if (read == null || !read.begin(() -> completion.later(() -> after(read)))) {
      services.execution().forkNative("nfs " + code, this::useDisk);
    }
  }

  /** Runs on the event loop again, with what was read. */
  private void after(DiskRead read) {
    compound.setPatience(Patience.after(read));
    boolean ended;
    try {
      ended = runAll();
    } finally {
      read.release();
    }
    if (ended) {
      unpark();
      finish();
    } else {
      goOn();
    }
  }

  /** Runs on a thread for native waits, as far as that goes with the disk alone. */
  private void useDisk() {
    compound.setPatience(Patience.DISK);
    if (runAll()) {
      unpark();
      finish();
    } else {
      services.execution().fork("nfs " + code, this::resume);
    }
  }

  private void unpark() {
    if (parkedIn != null) {
      parkedIn.unpark();
    }
  }

  private void resume() {
    try {
      mayWait = true;
      compound.setPatience(Patience.atMost(waitMax(), services.execution().nanoTime()));
      var _ = runAll();
    } finally {
      unpark();
      finish();
    }
  }

  /**
   * How long S3 is waited for. Not at all once half of the session's slots wait, so that cached
   * reads and lease renewal always find a slot.
   */
  private Duration waitMax() {
    var session = parkedIn;
    return session != null && session.isMostlyParked()
        ? Duration.ZERO
        : services.limits().operationWait();
  }

  /** Returns false where the operation at hand would wait. */
  private boolean runAll() {
    try {
      while (done < operations && last == NfsStatus.OK && !isAnsweredElsewhere()) {
        if (operation == null && !next()) {
          return true;
        }
        if (!runOne()) {
          return false;
        }
      }
    } catch (Throwable e) {
      LOG.error("a COMPOUND failed", e);
      last = NfsStatus.SERVERFAULT;
    }
    return true;
  }

  /** Whether SEQUENCE found that this is a retry. */
  private boolean isAnsweredElsewhere() {
    return switch (compound.admission()) {
      case null -> false;
      case Slot.Admission.Run(), Slot.Admission.Resumed _ -> false;
      case Slot.Admission.Joined(), Slot.Admission.Replay _ -> true;
    };
  }

  /** Goes on behind what an earlier process had done of this request. */
  private void resumeFrom(Checkpoint checkpoint) {
    for (; done < checkpoint.done(); done++) {
      var known = OperationCode.of(Xdr.readInt(record), compound.request().minorVersion());
      if (known == null) {
        throw new IllegalStateException("the same request had operations that were run");
      }
      known.read(record);
    }
    compound.resume(checkpoint);
  }

  /**
   * Reads the next operation. Returns false where there is none to run, and the answer is given.
   */
  private boolean next() {
    startedNanos = services.execution().nanoTime();
    var number = 0;
    try {
      number = Xdr.readInt(record);
    } catch (BadXdr _) {
      refuse(OperationCode.ILLEGAL, NfsStatus.BADXDR);
      return false;
    }
    var known = OperationCode.of(number, compound.request().minorVersion());
    if (known == null) {
      refuse(OperationCode.ILLEGAL, NfsStatus.OP_ILLEGAL);
      return false;
    }
    var misplaced = misplaced(known);
    if (misplaced != NfsStatus.OK) {
      refuse(number, misplaced);
      return false;
    }
    try {
      operation = known.read(record);
    } catch (BadXdr _) {
      refuse(number, NfsStatus.BADXDR);
      return false;
    }
    code = known;
    if (operation.isChange() && exceeds(CHANGE_BYTES) != NfsStatus.OK) {
      refuse(number, exceeds(CHANGE_BYTES));
      return false;
    }
    return true;
  }

  /** RFC 8881, 2.10.6.4 and 18.46.3: which operations may stand where. */
  private NfsStatus misplaced(OperationCode known) {
    var alone = operations == 1;
    return switch (known) {
      case SEQUENCE -> done == 0 ? NfsStatus.OK : NfsStatus.SEQUENCE_POS;
      case BIND_CONN_TO_SESSION -> alone ? NfsStatus.OK : NfsStatus.NOT_ONLY_OP;
      case EXCHANGE_ID, CREATE_SESSION, DESTROY_CLIENTID ->
          alone || done > 0 ? NfsStatus.OK : NfsStatus.NOT_ONLY_OP;
      case DESTROY_SESSION ->
          alone || (done > 0 && done == operations - 1) ? NfsStatus.OK : NfsStatus.NOT_ONLY_OP;
      default -> done > 0 ? NfsStatus.OK : NfsStatus.OP_NOT_IN_SESSION;
    };
  }

  private void refuse(int number, NfsStatus status) {
    compound.reply().out().writeInt(number).writeInt(status.code());
    last = status;
    done++;
  }

  /** Runs the operation at hand. Returns false, with no trace left, where it would wait. */
  private boolean runOne() {
    if (code == null || operation == null) {
      throw new IllegalStateException("next() comes first");
    }
    compound.begin(done);
    compound.mark();
    var out = compound.reply().out();
    out.writeInt(code.number());
    var statusAt = out.writerIndex();
    out.writeInt(0);
    var resultAt = out.writerIndex();
    var resultParts = compound.reply().parts().size();
    NfsStatus status;
    try {
      compound.setNext(following(code));
      compound.requireAccess(code);
      status = operation.run(compound);
      var tooBig = exceeds(0);
      if (tooBig != NfsStatus.OK) {
        throw new NfsException(tooBig);
      }
    } catch (WouldBlock e) {
      obstacle = e;
      compound.restore();
      if (mayWait) {
        throw new IllegalStateException(code + " would wait although it may");
      }
      return false;
    } catch (Throwable e) {
      status = statusOf(e, code);
      compound.reply().cut(resultAt, resultParts);
      operation.writeFailure(out);
    }
    out.setInt(statusAt, status.code());
    meters.record(code, status, services.execution().nanoTime() - startedNanos);
    last = status;
    done++;
    operation = null;
    if (done == 1 && compound.admission() instanceof Slot.Admission.Resumed(var checkpoint)) {
      resumeFrom(checkpoint);
    }
    return true;
  }

  /** The operation after one that puts a filehandle; of no interest after others. */
  private @Nullable OperationCode following(OperationCode of) {
    var puts = of == OperationCode.PUTFH || of == OperationCode.RESTOREFH;
    return puts && done + 1 < operations && record.readableBytes() >= Integer.BYTES
        ? OperationCode.of(record.getInt(record.readerIndex()), compound.request().minorVersion())
        : null;
  }

  private static NfsStatus statusOf(Throwable failure, OperationCode code) {
    return switch (failure) {
      case NfsException e -> e.status();
      case FileSystemException e -> NfsStatus.of(e.error());
      case BadXdr _ -> NfsStatus.BADXDR;
      default -> {
        LOG.error("{} failed", code, failure);
        yield NfsStatus.SERVERFAULT;
      }
    };
  }

  /** What is wrong with a reply that has grown and would grow by so many bytes more. */
  private NfsStatus exceeds(int moreBytes) {
    var session = compound.session();
    return session == null
        ? NfsStatus.OK
        : compound.exceeds(session.fore(), compound.cacheThis(), moreBytes);
  }

  /** Ends the request, once everything outlives the process that was noted for it. */
  private void finish() {
    var noted = compound.noted();
    if (noted.state() == Future.State.SUCCESS) {
      finishNow();
      return;
    }
    var _ =
        noted.whenComplete((_, failure) -> {
          if (failure != null) {
            LOG.error("cannot note what a COMPOUND did", failure);
            refuseAll();
          }
          finishNow();
        });
  }

  /** Answers nothing of what was done: a later process might not know of it. */
  private void refuseAll() {
    compound.reply().cut(resultCountAt + Integer.BYTES, 0);
    done = 0;
    last = NfsStatus.SERVERFAULT;
  }

  private void finishNow() {
    try {
      if (compound.admission() instanceof Slot.Admission.Replay(var reply) && reply == null) {
        answerUnkept();
      }
      var out = compound.reply().out();
      out.setInt(RpcReply.HEADER_BYTES, last.code());
      out.setInt(resultCountAt, done);
    } finally {
      record.release();
      completion.completed(this);
    }
  }

  /** The reply was not kept: SEQUENCE succeeds, and the operation after it says so. */
  private void answerUnkept() {
    if (operations > 1 && record.readableBytes() >= 4) {
      refuse(record.readInt(), NfsStatus.RETRY_UNCACHED_REP);
    }
  }
}
