package io.bucketfs.nfs.exec;

import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Shares one event loop between clients, so that none waits for more than a turn of each other one,
 * whatever that one sends over however many connections.
 *
 * <p>A request runs as soon as it is read while its client has time left. Time begins anew with
 * each round: once the loop has read what was there to be read. What a client sends beyond its time
 * is queued, and runs in later rounds, a turn of each client at a time, its connections taking
 * turns within. Between two rounds the loop reads again.
 *
 * <p>Only on the event loop.
 */
final class Turns {
  private final EventExecutor loop;
  private final Dispatcher dispatcher;
  private final long turnNanos;
  private final LongSupplier nanoTime;
  private final Map<String, Line> lines = new HashMap<>();

  /** Clients with queued requests that can run, each once. */
  private final Deque<Line> waiting = new ArrayDeque<>();

  /** Clients that used time in this round. */
  private final List<Line> used = new ArrayList<>();

  private final Runnable round = this::round;
  private boolean scheduled;
  private boolean inRound;

  Turns(EventExecutor loop, Dispatcher dispatcher) {
    this.loop = loop;
    this.dispatcher = dispatcher;
    turnNanos = dispatcher.limits().turn().toNanos();
    nanoTime = dispatcher.nanoTime();
  }

  /** A connection that may have requests queued. */
  interface Source {
    /** Runs the oldest. Returns whether there are more that can run now. */
    boolean runQueued();

    /** Called at the end of a turn in which something ran. */
    void endTurn();
  }

  /** A connection of a client begins; it ends with {@link #leave}. */
  Line join(String client) {
    var line = lines.computeIfAbsent(client, Line::new);
    line.connections++;
    return line;
  }

  void leave(Line line) {
    line.connections--;
    if (line.connections == 0) {
      lines.remove(line.client);
      dispatcher.release(line.client);
    }
  }

  /** A client on this event loop. */
  final class Line {
    private final String client;
    private final ClientBudget budget;

    /** Connections with queued requests that can run, each once. */
    private final Deque<Source> queued = new ArrayDeque<>();

    private int connections;
    private long usedNanos;
    private boolean isWaiting;

    Line(String client) {
      this.client = client;
      budget = dispatcher.acquire(client);
    }

    ClientBudget budget() {
      return budget;
    }

    /** Whether a request may run as it is read. */
    boolean mayRun() {
      return queued.isEmpty() && usedNanos < turnNanos && !budget.isExhausted();
    }

    /** Counts time on the event loop. */
    void used(long nanos) {
      if (usedNanos == 0) {
        used.add(this);
        schedule();
      }
      usedNanos += Math.max(1, nanos);
    }

    /** A connection has requests queued that can run. */
    void queue(Source source) {
      queued.add(source);
      enqueue();
    }

    private void enqueue() {
      if (isWaiting || queued.isEmpty()) {
        return;
      }
      isWaiting = true;
      if (budget.isExhausted()) {
        budget.whenFree(() -> attempt(() -> loop.execute(this::wake)));
      } else {
        waiting.add(this);
        schedule();
      }
    }

    private void wake() {
      isWaiting = false;
      enqueue();
    }

    private void turn() {
      var touched = new ArrayList<Source>();
      var begin = nanoTime.getAsLong();
      while (!queued.isEmpty() && usedNanos < turnNanos && !budget.isExhausted()) {
        var source = queued.remove();
        if (!touched.contains(source)) {
          touched.add(source);
        }
        if (source.runQueued()) {
          queued.add(source);
        }
        var now = nanoTime.getAsLong();
        used(now - begin);
        begin = now;
      }
      touched.forEach(Source::endTurn);
      used(nanoTime.getAsLong() - begin);
    }
  }

  private void round() {
    scheduled = false;
    beginAnew();
    inRound = true;
    try {
      for (var left = waiting.size(); left > 0; left--) {
        var line = waiting.remove();
        line.turn();
        line.isWaiting = false;
        line.enqueue();
      }
    } finally {
      inRound = false;
    }
    if (waiting.isEmpty()) {
      beginAnew();
    } else {
      scheduled = true;
      // Due at once, but taken up only after the loop has read; what is merely executed is not.
      attempt(() -> {
        var _ = loop.schedule(round, 0, TimeUnit.NANOSECONDS);
      });
    }
  }

  private void beginAnew() {
    for (var line : used) {
      line.usedNanos = 0;
    }
    used.clear();
  }

  /** Lets a round begin once what is being read is read. */
  private void schedule() {
    if (!scheduled && !inRound) {
      scheduled = true;
      attempt(() -> loop.execute(round));
    }
  }

  private static void attempt(Runnable action) {
    try {
      action.run();
    } catch (RejectedExecutionException _) {
      // The server stops: what is queued is dropped with its connection.
    }
  }
}
