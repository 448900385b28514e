package io.bucketfs.core.object;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.runtime.Execution;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What goes wrong with the requests to a {@link MemoryBucket}, and how long they take. Chance comes
 * from the execution alone, so that a seed repeats it. Any thread may change the settings at any
 * time; they hold for requests that are sent afterwards.
 */
public final class MemoryFaults {
  /** What can happen to a request. */
  public enum Fault {
    /** 503 SlowDown; nothing is done. */
    BUSY,
    /** The connection breaks before the request is carried out. */
    UNREACHABLE,
    /** The request is carried out, then the connection breaks. */
    LOST_REPLY,
    /** The connection breaks inside the body of a GET; other requests are as if without fault. */
    TRUNCATED_BODY,
    /** 403 AccessDenied; nothing is done. */
    DENIED,
    /** The request is carried out, and the store tells the checksum of other bytes. */
    DAMAGED,
    /**
     * As DAMAGED, and a PUT does store other bytes, unless there are none or something was there
     * before, of which the bytes of a file may be the rest; then it is as if without fault.
     */
    SPOILED
  }

  /** How likely each fault is for one request, 0 to 1; together at most 1. */
  public record Chances(double busy, double unreachable, double lostReply, double truncatedBody) {
    public static final Chances NONE = new Chances(0, 0, 0, 0);

    public Chances {
      if (Math.min(Math.min(busy, unreachable), Math.min(lostReply, truncatedBody)) < 0
          || busy + unreachable + lostReply + truncatedBody > 1) {
        throw new IllegalArgumentException("no probabilities");
      }
    }
  }

  /** Runs in the task of each request, after half of its delay and right before it takes effect. */
  @FunctionalInterface
  public interface Hook {
    void before(RequestKind kind, String key) throws ObjectStoreException, InterruptedException;
  }

  /** What happens to one request. */
  record Plan(@Nullable Fault fault, Duration delay) {}

  private record Delay(Duration min, Duration max) {}

  private final Execution execution;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<RequestKind, Queue<Fault>> scripted = new EnumMap<>(RequestKind.class);

  @GuardedBy("lock")
  private final Map<RequestKind, Delay> delays = new EnumMap<>(RequestKind.class);

  @GuardedBy("lock")
  private Chances chances = Chances.NONE;

  @GuardedBy("lock")
  private double spoiledPuts;

  @GuardedBy("lock")
  private @Nullable Fault permanent;

  /** When the shared line is free again, by {@link Execution#nanoTime()}. */
  @GuardedBy("lock")
  private long lineFreeNanos;

  /** 0 for no cap. */
  @GuardedBy("lock")
  private long bytesPerSecondMax;

  private volatile Hook hook = (_, _) -> {};

  MemoryFaults(Execution execution) {
    this.execution = execution;
    lineFreeNanos = execution.nanoTime();
  }

  /** Sets how likely faults are from now on. */
  public void chances(Chances newChances) {
    lock.lock();
    try {
      chances = newChances;
    } finally {
      lock.unlock();
    }
  }

  /** Sets how likely a PUT is spoiled that meets no other fault, 0 to 1, from now on. */
  public void spoiledPuts(double chance) {
    lock.lock();
    try {
      spoiledPuts = chance;
    } finally {
      lock.unlock();
    }
  }

  /** Lets the next request of a kind meet a fault; may be called several times in advance. */
  public void next(RequestKind kind, Fault fault) {
    lock.lock();
    try {
      scripted.computeIfAbsent(kind, _ -> new ArrayDeque<>()).add(fault);
    } finally {
      lock.unlock();
    }
  }

  /** Lets every request meet a fault, until null is given. */
  public void always(@Nullable Fault fault) {
    lock.lock();
    try {
      permanent = fault;
    } finally {
      lock.unlock();
    }
  }

  /** Sets how long requests of a kind take, apart from the transfer: evenly between the two. */
  public void delay(RequestKind kind, Duration min, Duration max) {
    lock.lock();
    try {
      delays.put(kind, new Delay(min, max));
    } finally {
      lock.unlock();
    }
  }

  /** Sets how long requests of all kinds take. */
  public void delay(Duration min, Duration max) {
    for (var kind : RequestKind.values()) {
      delay(kind, min, max);
    }
  }

  /** Caps the bodies of all requests together; 0 for no cap. */
  public void bytesPerSecondMax(long newMax) {
    lock.lock();
    try {
      bytesPerSecondMax = newMax;
    } finally {
      lock.unlock();
    }
  }

  /** Sets what runs before each request takes effect: a gate, or a foreign writer at a bad time. */
  public void hook(Hook newHook) {
    hook = newHook;
  }

  Hook hook() {
    return hook;
  }

  Plan plan(RequestKind kind) {
    lock.lock();
    try {
      var delay = delays.get(kind);
      return new Plan(fault(kind), delay == null ? Duration.ZERO : between(delay));
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private @Nullable Fault fault(RequestKind kind) {
    var queue = scripted.get(kind);
    if (queue != null && !queue.isEmpty()) {
      return queue.remove();
    }
    if (permanent != null) {
      return permanent;
    }
    var fault = chances.equals(Chances.NONE) ? null : byChance();
    return fault == null && kind == RequestKind.PUT && spoiledPuts > 0 && dice() < spoiledPuts
        ? Fault.SPOILED
        : fault;
  }

  private double dice() {
    return (execution.randomLong() >>> 11) * 0x1p-53;
  }

  @GuardedBy("lock")
  private @Nullable Fault byChance() {
    var dice = dice();
    if ((dice -= chances.busy()) < 0) {
      return Fault.BUSY;
    }
    if ((dice -= chances.unreachable()) < 0) {
      return Fault.UNREACHABLE;
    }
    if ((dice -= chances.lostReply()) < 0) {
      return Fault.LOST_REPLY;
    }
    return dice - chances.truncatedBody() < 0 ? Fault.TRUNCATED_BODY : null;
  }

  private Duration between(Delay delay) {
    var spread = delay.max().minus(delay.min()).toNanos();
    return spread <= 0
        ? delay.min()
        : delay.min().plusNanos(Math.floorMod(execution.randomLong(), spread + 1));
  }

  /** Takes the line for some bytes and returns how long that lasts from now. */
  Duration transfer(long bytes) {
    lock.lock();
    try {
      if (bytesPerSecondMax == 0) {
        return Duration.ZERO;
      }
      var now = execution.nanoTime();
      var start = Math.max(now, lineFreeNanos);
      lineFreeNanos = start + (long) (bytes * 1e9 / bytesPerSecondMax);
      return Duration.ofNanos(lineFreeNanos - now);
    } finally {
      lock.unlock();
    }
  }
}
