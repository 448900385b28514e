package io.bucketfs.nfs.callback;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The calls to the client that are under way on one connection, by xid. Compared by identity.
 * Thread-safe.
 */
public final class CallbackCalls {
  private final Consumer<ByteBuf> sender;
  private final ConcurrentHashMap<Integer, Consumer<@Nullable ByteBuf>> pending =
      new ConcurrentHashMap<>();
  private final AtomicInteger lastXid;
  private volatile boolean closed;

  /**
   * @param sender sends a record, which begins with its marker, and takes it over
   * @param firstXid where to begin to count
   */
  public CallbackCalls(Consumer<ByteBuf> sender, int firstXid) {
    this.sender = sender;
    lastXid = new AtomicInteger(firstXid);
  }

  /**
   * Sends a call.
   *
   * @param record makes the record with an xid
   * @param onEnd is given the reply after its xid and type, which it does not keep, or null where
   *     none comes; told once
   * @return the xid
   */
  int send(IntFunction<ByteBuf> record, Consumer<@Nullable ByteBuf> onEnd) {
    var xid = lastXid.incrementAndGet();
    pending.put(xid, onEnd);
    if (closed) {
      giveUp(xid);
    } else {
      sender.accept(record.apply(xid));
    }
    return xid;
  }

  /** Waits no longer for a reply: ends the call with null, if it did not end. */
  void giveUp(int xid) {
    var waiting = pending.remove(xid);
    if (waiting != null) {
      waiting.accept(null);
    }
  }

  /** Takes a reply, positioned after its xid and type. One that nobody waits for is passed over. */
  public void answered(int xid, ByteBuf reply) {
    var waiting = pending.remove(xid);
    if (waiting != null) {
      waiting.accept(reply);
    }
  }

  /** Ends all calls, since the connection closed. */
  public void close() {
    closed = true;
    List.copyOf(pending.keySet()).forEach(this::giveUp);
  }
}
