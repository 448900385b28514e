package io.bucketfs.core.runtime;

import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs everything in one thread, in virtual time, in an order that a seed chooses.
 *
 * <p>Each task is a virtual thread whose scheduler is a list here. The thread in {@link #run} takes
 * one of the runnable tasks at random and runs it until it parks; when none is runnable, time jumps
 * to the next timer. So ordinary blocking code with locks, queues and futures is simulated as it
 * stands. Three things would break the repeatability: timed waits other than through {@link
 * Execution}, which take real time; work handed to threads that were not started here; and waits
 * while a monitor is held, whose waiters the JDK wakes from a thread of its own.
 *
 * <p>Preemption happens at parks and at {@link #offload}, which gives way to others before and
 * after the work.
 */
public final class SimulatedExecution implements Execution {
  private static final Logger log = LoggerFactory.getLogger(SimulatedExecution.class);

  /** Scheduling decisions of one run, after which it counts as running in circles. */
  private static final long STEPS_MAX = 200_000_000;

  /** How long to wait in real time for a wake-up from a foreign thread before giving up. */
  private static final long FOREIGN_WAKE_UP_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  private static final Instant START = Instant.parse("2030-01-01T00:00:00Z");

  private final SplittableRandom schedule;
  private final SplittableRandom values;
  private final Queue<Step> arrivals = new ConcurrentLinkedQueue<>();
  private final List<Step> runnable = new ArrayList<>();
  private final PriorityQueue<Timer> timers =
      new PriorityQueue<>(Comparator.comparingLong(Timer::at).thenComparingLong(Timer::order));
  private final Set<SimulatedThread> alive = new LinkedHashSet<>();
  private final List<Throwable> failures = new ArrayList<>();
  private final long seed;
  private long elapsedNanos;
  private long threadsStarted;
  private long timersMade;
  private long trace;
  private int incarnation;
  private volatile @Nullable Thread idleDriver;

  public SimulatedExecution(long seed) {
    this.seed = seed;
    var random = new SplittableRandom(seed);
    schedule = random.split();
    values = random.split();
  }

  /** A task of which the rest may be run. */
  private record Step(SimulatedThread thread, Runnable rest) {}

  private record Timer(long at, long order, Runnable action) {}

  /** Work that may throw anything, for {@link #run}. */
  @FunctionalInterface
  public interface Work {
    void run() throws Exception;
  }

  /**
   * Runs a task, and all that it starts, until the task has finished. What is still waiting then
   * stays, and goes on in the next run. Throws what the task throws, and an AssertionError where
   * any task failed an assertion or nothing can go on.
   */
  public void run(Work main) {
    var outcome = new CompletableFuture<Void>();
    start(
        "main",
        () -> {
          try {
            main.run();
            outcome.complete(null);
          } catch (Throwable t) {
            outcome.completeExceptionally(t);
          }
        });
    for (long steps = 0; !outcome.isDone(); steps++) {
      if (steps == STEPS_MAX) {
        throw new AssertionError("running in circles, seed " + seed + waiting());
      }
      step();
    }
    failures.stream()
        .filter(AssertionError.class::isInstance)
        .findFirst()
        .ifPresent(failure -> {
          throw new AssertionError("a task failed, seed " + seed, failure);
        });
    if (outcome.isCompletedExceptionally()) {
      rethrow(outcome.exceptionNow());
    }
  }

  private void rethrow(Throwable failure) {
    failure.addSuppressed(new IllegalStateException("simulation with seed " + seed));
    switch (failure) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException("seed " + seed, failure);
    }
  }

  /** Lets time pass, and everything run that becomes due in it. */
  public void runFor(Duration time) {
    run(() -> sleep(time));
  }

  /**
   * Ends all tasks where they stand, as the end of a process does: nothing of them runs any more,
   * not even a finally. Time goes on from where it was. Not from inside a task.
   */
  public void abandonAll() {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("a task cannot outlive all tasks");
    }
    incarnation++;
    arrivals.clear();
    runnable.clear();
    timers.clear();
    alive.clear();
    failures.clear();
  }

  /** A digest of all scheduling decisions so far. */
  public long traceHash() {
    return trace;
  }

  /** What tasks threw, in order. */
  public List<Throwable> failures() {
    return List.copyOf(failures);
  }

  private void step() {
    takeArrivals();
    if (runnable.isEmpty()) {
      passTime();
      return;
    }
    var chosen = schedule.nextInt(runnable.size());
    var last = runnable.removeLast();
    var next = chosen == runnable.size() ? last : runnable.set(chosen, last);
    trace = Long.rotateLeft(trace ^ next.thread.number, 17) * 0x9E3779B97F4A7C15L + elapsedNanos;
    next.rest.run();
  }

  private void takeArrivals() {
    for (var step = arrivals.poll(); step != null; step = arrivals.poll()) {
      if (step.thread.incarnation == incarnation) {
        runnable.add(step);
      }
    }
  }

  private void passTime() {
    if (timers.isEmpty()) {
      awaitForeignWakeUp();
      return;
    }
    elapsedNanos = Math.max(elapsedNanos, timers.element().at);
    while (!timers.isEmpty() && timers.element().at <= elapsedNanos) {
      timers.remove().action.run();
    }
  }

  private void awaitForeignWakeUp() {
    idleDriver = Thread.currentThread();
    var end = System.nanoTime() + FOREIGN_WAKE_UP_NANOS;
    try {
      while (arrivals.isEmpty()) {
        var left = end - System.nanoTime();
        if (left <= 0) {
          throw new AssertionError("deadlock, seed " + seed + waiting());
        }
        LockSupport.parkNanos(this, left);
      }
    } finally {
      idleDriver = null;
    }
  }

  private String waiting() {
    var text = new StringBuilder();
    for (var each : alive) {
      text.append("\n  ").append(each.name).append(" waits");
      for (var frame : each.stack()) {
        if (!frame.getClassName().startsWith("java.")) {
          text.append("\n    at ").append(frame);
        }
      }
    }
    failures.forEach(failure -> text.append("\n  a task had failed: ").append(failure));
    return text.toString();
  }

  @Override
  public Instant now() {
    return START.plusNanos(elapsedNanos);
  }

  @Override
  public long nanoTime() {
    return elapsedNanos;
  }

  @Override
  public long randomLong() {
    return values.nextLong();
  }

  @Override
  public void fork(String name, Runnable task) {
    start(name, task);
  }

  @Override
  public void forkNative(String name, Runnable task) {
    start(name, task);
  }

  @Override
  public Task dedicate(String name, Runnable loop) {
    return start(name, loop);
  }

  @Override
  public Task schedule(Duration delay, String name, Runnable task) {
    var thread = new SimulatedThread(name, task);
    thread.timer = timer(delay.toNanos(), thread::begin);
    return thread;
  }

  @Override
  public <T> T offload(Callable<T> work) throws ExecutionException, InterruptedException {
    giveWay();
    try {
      return work.call();
    } catch (Throwable t) {
      throw new ExecutionException(t);
    } finally {
      giveWay();
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // here a yield is a decision of the seed
  private static void giveWay() {
    if (Thread.currentThread().isVirtual()) {
      Thread.yield();
    }
  }

  @Override
  public <T extends @Nullable Object> T await(CompletionStage<T> stage, Patience patience)
      throws ExecutionException, InterruptedException, TimeoutException {
    var future = stage.toCompletableFuture();
    if (!future.isDone()) {
      if (!patience.mayWait()) {
        throw WouldBlock.INSTANCE;
      }
      park(future, patience.remainingNanos(elapsedNanos));
    }
    try {
      return future.get();
    } catch (CancellationException cancelled) {
      throw new ExecutionException(cancelled);
    } catch (ExecutionException e) {
      throw ThreadExecution.unwrapped(e);
    }
  }

  @Override
  public void sleep(Duration time) throws InterruptedException {
    var woken = new CompletableFuture<Void>();
    var timer = timer(time.toNanos(), () -> woken.complete(null));
    try {
      park(woken, Long.MAX_VALUE);
    } catch (TimeoutException impossible) {
      throw new AssertionError(impossible);
    } finally {
      timers.remove(timer);
    }
  }

  private void park(CompletableFuture<?> future, long nanos)
      throws InterruptedException, TimeoutException {
    var thread = Thread.currentThread();
    if (!thread.isVirtual()) {
      throw new IllegalStateException("only tasks can wait in a simulation");
    }
    var expired = new CompletableFuture<Void>();
    var timer = nanos == Long.MAX_VALUE ? null : timer(nanos, () -> expired.complete(null));
    try {
      CompletableFuture.anyOf(future, expired).handle((_, _) -> true).get();
    } catch (ExecutionException impossible) {
      throw new AssertionError(impossible);
    } finally {
      if (timer != null) {
        timers.remove(timer);
      }
    }
    if (!future.isDone()) {
      throw new TimeoutException("after " + nanos + " ns");
    }
  }

  private Timer timer(long delayNanos, Runnable action) {
    var at = elapsedNanos + Math.max(0, delayNanos);
    var timer = new Timer(at < 0 ? Long.MAX_VALUE : at, timersMade++, action);
    timers.add(timer);
    return timer;
  }

  private SimulatedThread start(String name, Runnable task) {
    var thread = new SimulatedThread(name, task);
    thread.begin();
    return thread;
  }

  /** A task; itself the scheduler of its virtual thread, so that each step has a name. */
  private final class SimulatedThread implements Task {
    private final String name;
    private final Runnable task;
    private final long number = ++threadsStarted;
    private final int incarnation = SimulatedExecution.this.incarnation;
    private final CountDownLatch ended = new CountDownLatch(1);
    private @Nullable Timer timer;
    private @Nullable Thread thread;

    SimulatedThread(String name, Runnable task) {
      this.name = name;
      this.task = task;
    }

    void begin() {
      timer = null;
      alive.add(this);
      thread = VirtualThreads.start(this::enqueue, name, this::perform);
    }

    private void enqueue(Runnable rest) {
      arrivals.add(new Step(this, rest));
      var driver = idleDriver;
      if (driver != null) {
        LockSupport.unpark(driver);
      }
    }

    private void perform() {
      try {
        task.run();
      } catch (Throwable t) {
        log.debug("Task {} failed", name, t);
        failures.add(t);
      } finally {
        alive.remove(this);
        ended.countDown();
      }
    }

    StackTraceElement[] stack() {
      return thread == null ? new StackTraceElement[0] : thread.getStackTrace();
    }

    @Override
    public void cancel() {
      if (timer != null) {
        timers.remove(timer);
        timer = null;
        ended.countDown();
      } else if (thread != null) {
        thread.interrupt();
      }
    }

    @Override
    public void join() throws InterruptedException {
      ended.await();
    }
  }
}
