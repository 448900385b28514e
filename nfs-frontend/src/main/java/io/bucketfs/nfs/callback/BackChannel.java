package io.bucketfs.nfs.callback;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The backchannel of a session: slots of its own, and the connections over which callbacks may go
 * (RFC 8881, 2.10.3.1, 2.10.6, 20.9).
 *
 * <p>Each connection is tried with CB_NULL when it is bound and when program or security change. A
 * call that one does not carry is sent again over the next, on the same slot with the same sequence
 * number, so that the client does it once.
 *
 * <p>Where none carries it, nobody knows whether the client saw its sequence number; nor after a
 * restart, where some of the last numbers may not have been noted. The next call on the slot then
 * finds out: a number that the client has not come to, or is past, is MISORDERED and changes
 * nothing, and the one that it is at is known for a retry (RFC 8881, 2.10.6.1, 20.9.3). The first
 * that is tried is the one after the last that was sent, so that nothing is taken for a retry
 * without need.
 *
 * <p>Thread-safe; never waits. Outcomes come from any thread.
 */
public final class BackChannel {
  /** How long a client may take for an answer before its connection counts as dead. */
  public static final Duration ANSWER_MAX = Duration.ofSeconds(10);

  private static final int QUEUE_MAX = 1024;
  private static final int DELAYS_MAX = 8;

  /** So many numbers of a slot may be missing from the notes of a process that was killed. */
  private static final int LOST_MAX = 16;

  private static final Duration DELAY_FIRST = Duration.ofMillis(50);

  private final Execution execution;
  private final Setup setup;
  private final ReentrantLock lock = new ReentrantLock();

  /** Connections, the latest first. */
  @GuardedBy("lock")
  private final List<Path> paths = new ArrayList<>();

  @GuardedBy("lock")
  private final Slot[] slots;

  @GuardedBy("lock")
  private final Queue<Call> queue = new ArrayDeque<>();

  /** Null where no security was offered that this server can use. */
  @GuardedBy("lock")
  private CallbackRecords.@Nullable Header header;

  /** How many slots the client wants to see used. */
  @GuardedBy("lock")
  private int slotTarget;

  @GuardedBy("lock")
  private boolean closed;

  private volatile State state = State.UNWANTED;
  private volatile Numbers numbers = (_, _) -> {};

  /** Is told how far the slots have come, for a later process. */
  @FunctionalInterface
  public interface Numbers {
    /** The next call on a slot will have this number. Must not wait. */
    void next(int slot, int number);
  }

  /** How callbacks fare. */
  public enum State {
    /** The client never gave a connection for them. */
    UNWANTED,
    /** There is a connection, and nothing speaks against it. */
    UP,
    /** There is no connection, or none that carried the last call. */
    DOWN,
    /** Client and server disagree about a slot: nothing helps but another session. */
    FAULTY
  }

  /**
   * What a session is made with.
   *
   * @param sessionId its 16 bytes; not changed
   * @param slots how many calls may run at once
   */
  public record Setup(byte[] sessionId, int minorVersion, int slots, Duration answerMax) {}

  private static final class Path {
    final CallbackCalls calls;
    boolean failed;

    Path(CallbackCalls calls) {
      this.calls = calls;
    }
  }

  private static final class Slot {
    /** The sequence number of the next call. */
    int next = 1;

    boolean busy;

    /** How many calls, from that number on, may have reached the client. */
    int unsure;

    /** How many numbers the client refused since. */
    int refused;

    int toSend() {
      return unsure == 0 || refused == 1 ? next : next + Math.max(1, refused);
    }

    /** Turns to the next number that may be right; returns false where there is none. */
    boolean tryNext() {
      return ++refused <= unsure;
    }

    void isAt(int number) {
      next = number + 1;
      unsure = 0;
      refused = 0;
    }
  }

  private static final class Call {
    final CallbackOperation operation;
    final Consumer<CallbackOutcome> onEnd;
    final Set<CallbackCalls> tried = new HashSet<>();
    int slot;
    int delays;

    Call(CallbackOperation operation, Consumer<CallbackOutcome> onEnd) {
      this.operation = operation;
      this.onEnd = onEnd;
    }
  }

  /** What is to be done outside the lock. */
  private interface Step {
    void run();
  }

  public BackChannel(
      Execution execution, Setup setup, int program, List<CallbackSecurity> offered) {
    this.execution = execution;
    this.setup = setup;
    header = header(program, offered);
    slots = new Slot[setup.slots];
    Arrays.setAll(slots, _ -> new Slot());
    slotTarget = slots.length;
  }

  private static CallbackRecords.@Nullable Header header(
      int program, List<CallbackSecurity> offered) {
    var security = CallbackSecurity.choose(offered);
    return security == null ? null : new CallbackRecords.Header(program, security);
  }

  /** How callbacks fare. */
  public State state() {
    return state;
  }

  /** Sets who is told how far the slots have come. */
  public void onNumber(Numbers listener) {
    numbers = listener;
  }

  /**
   * Goes on after a restart.
   *
   * @param wasBound whether the client had given a connection, which is gone: it is to give another
   */
  public void resume(boolean wasBound) {
    lock.lock();
    try {
      for (var slot : slots) {
        slot.unsure = LOST_MAX;
      }
      if (wasBound && header != null && slots.length > 0) {
        update();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes over how far a slot had come. Returns false where there is no such slot. */
  public boolean resume(int slot, int next) {
    lock.lock();
    try {
      if (slot >= slots.length) {
        return false;
      }
      slots[slot].next = next;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The slots on which the client was called. */
  public List<Integer> usedSlots() {
    lock.lock();
    try {
      var used = new ArrayList<Integer>();
      for (var n = 0; n < slots.length; n++) {
        if (slots[n].next != 1) {
          used.add(n);
        }
      }
      return used;
    } finally {
      lock.unlock();
    }
  }

  /** Lets callbacks go over a connection. Returns false where this server can make none. */
  public boolean bind(CallbackCalls calls) {
    var path = new Path(calls);
    lock.lock();
    try {
      if (header == null || slots.length == 0 || closed) {
        return false;
      }
      paths.removeIf(other -> other.calls == calls);
      paths.addFirst(path);
      update();
    } finally {
      lock.unlock();
    }
    probe(path);
    return true;
  }

  /** Forgets a connection that is closed. */
  public void unbind(CallbackCalls calls) {
    lock.lock();
    try {
      if (paths.removeIf(path -> path.calls == calls)) {
        update();
      }
    } finally {
      lock.unlock();
    }
  }

  /** BACKCHANNEL_CTL. Returns false, and leaves all as it is, where no security is of use. */
  public boolean configure(int program, List<CallbackSecurity> offered) {
    var fresh = header(program, offered);
    if (fresh == null) {
      return false;
    }
    List<Path> probed;
    lock.lock();
    try {
      header = fresh;
      paths.forEach(path -> path.failed = false);
      probed = List.copyOf(paths);
      update();
    } finally {
      lock.unlock();
    }
    probed.forEach(this::probe);
    return true;
  }

  private void probe(Path path) {
    CallbackRecords.Header used;
    lock.lock();
    try {
      used = header;
    } finally {
      lock.unlock();
    }
    if (used != null) {
      ask(
          path,
          xid -> CallbackRecords.ping(xid, used),
          reply -> {
            if (reply == null || !CallbackRecords.isAccepted(reply)) {
              fail(path);
            }
          });
    }
  }

  private void ask(Path path, IntFunction<ByteBuf> record, Consumer<@Nullable ByteBuf> onEnd) {
    var xid = path.calls.send(record, onEnd);
    var _ = execution.schedule(setup.answerMax, "nfs callback", () -> path.calls.giveUp(xid));
  }

  private void fail(Path path) {
    lock.lock();
    try {
      path.failed = true;
      update();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Calls the client.
   *
   * @param onEnd told once; must not wait
   */
  public void call(CallbackOperation operation, Consumer<CallbackOutcome> onEnd) {
    var call = new Call(operation, onEnd);
    var taken = false;
    lock.lock();
    try {
      if (state == State.UP && !closed) {
        taken = seat(call);
        if (!taken && queue.size() < QUEUE_MAX) {
          queue.add(call);
          return;
        }
      }
    } finally {
      lock.unlock();
    }
    if (taken) {
      transmit(call);
    } else {
      onEnd.accept(new CallbackOutcome.Unreachable());
    }
  }

  /** Gives a call a slot that is free; returns false where there is none. */
  @GuardedBy("lock")
  private boolean seat(Call call) {
    for (var n = 0; n < slotTarget; n++) {
      if (!slots[n].busy) {
        slots[n].busy = true;
        call.slot = n;
        return true;
      }
    }
    return false;
  }

  private void transmit(Call call) {
    Path path;
    CallbackRecords.Header used;
    CallbackRecords.Position at;
    lock.lock();
    try {
      used = header;
      path = closed || state == State.FAULTY ? null : nextPath(call);
      at = new CallbackRecords.Position(call.slot, slots[call.slot].toSend(), highestBusy());
      if (path == null && !call.tried.isEmpty()) {
        slots[call.slot].unsure = Math.max(1, slots[call.slot].unsure);
        slots[call.slot].refused = 0;
      }
    } finally {
      lock.unlock();
    }
    if (path == null || used == null) {
      finish(call, new CallbackOutcome.Unreachable());
      return;
    }
    ask(
        path,
        xid ->
            CallbackRecords.compound(
                xid, used, setup.minorVersion, setup.sessionId, at, call.operation),
        reply -> replied(call, path, at, reply));
  }

  @GuardedBy("lock")
  private @Nullable Path nextPath(Call call) {
    for (var path : paths) {
      if (!path.failed && !call.tried.contains(path.calls)) {
        return path;
      }
    }
    return null;
  }

  @GuardedBy("lock")
  private int highestBusy() {
    var highest = slots.length - 1;
    while (highest > 0 && !slots[highest].busy) {
      highest--;
    }
    return highest;
  }

  private void replied(Call call, Path path, CallbackRecords.Position at, @Nullable ByteBuf reply) {
    var read =
        reply == null
            ? new CallbackRecords.Reply.Refused()
            : CallbackRecords.read(reply, setup.sessionId, at);
    switch (read) {
      case CallbackRecords.Reply.Refused() -> {
        call.tried.add(path.calls);
        fail(path);
        transmit(call);
      }
      case CallbackRecords.Reply.Misplaced(var status) -> misplaced(call, at, status).run();
      case CallbackRecords.Reply.Done(var highestSlot, var status) -> {
        lock.lock();
        try {
          slots[call.slot].isAt(at.sequence());
          slotTarget = Math.clamp(highestSlot + 1L, 1, slots.length);
        } finally {
          lock.unlock();
        }
        numbers.next(at.slot(), at.sequence() + 1);
        finish(call, new CallbackOutcome.Answered(status));
      }
    }
  }

  private Step misplaced(Call call, CallbackRecords.Position at, int status) {
    lock.lock();
    try {
      var slot = slots[call.slot];
      if (status == NfsStatus.DELAY.code() && call.delays < DELAYS_MAX) {
        var pause = DELAY_FIRST.multipliedBy(1L << call.delays++);
        return () -> {
          var _ = execution.schedule(pause, "nfs callback", () -> transmit(call));
        };
      }
      if (status == NfsStatus.SEQ_MISORDERED.code() && slot.tryNext()) {
        return () -> transmit(call);
      }
      if (status == NfsStatus.RETRY_UNCACHED_REP.code()
          || status == NfsStatus.SEQ_FALSE_RETRY.code()) {
        var isNew = slot.unsure > 0 && call.tried.isEmpty();
        slot.isAt(at.sequence());
        // What was sent before may be what the client has seen.
        return isNew ? () -> transmit(call) : () -> finish(call, new CallbackOutcome.Unreachable());
      }
      if (status == NfsStatus.BADSLOT.code() && call.slot > 0) {
        slot.busy = false;
        slotTarget = Math.min(slotTarget, call.slot);
        if (seat(call)) {
          return () -> transmit(call);
        }
        queue.add(call);
        return () -> {};
      }
      if (status != NfsStatus.DELAY.code()) {
        state = State.FAULTY;
      }
      return () -> finish(call, new CallbackOutcome.Unreachable());
    } finally {
      lock.unlock();
    }
  }

  private void finish(Call call, CallbackOutcome outcome) {
    var ended = new ArrayList<Call>();
    @Nullable Call next = null;
    lock.lock();
    try {
      slots[call.slot].busy = false;
      if (state != State.UP || closed) {
        ended.addAll(queue);
        queue.clear();
      } else if (!queue.isEmpty() && seat(queue.element())) {
        next = queue.remove();
      }
    } finally {
      lock.unlock();
    }
    call.onEnd.accept(outcome);
    ended.forEach(other -> other.onEnd.accept(new CallbackOutcome.Unreachable()));
    if (next != null) {
      transmit(next);
    }
  }

  /** Ends with the session. Calls under way end when their connections or time do. */
  public void close() {
    List<Call> ended;
    lock.lock();
    try {
      closed = true;
      paths.clear();
      ended = List.copyOf(queue);
      queue.clear();
    } finally {
      lock.unlock();
    }
    ended.forEach(call -> call.onEnd.accept(new CallbackOutcome.Unreachable()));
  }

  @GuardedBy("lock")
  private void update() {
    if (state != State.FAULTY) {
      state = paths.stream().anyMatch(path -> !path.failed) ? State.UP : State.DOWN;
    }
  }
}
