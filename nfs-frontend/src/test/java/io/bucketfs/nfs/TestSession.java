package io.bucketfs.nfs;

import io.bucketfs.nfs.state.SessionId;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * A session of a client: the last sequence number of each slot. Any connection may use it.
 *
 * @param flags what CREATE_SESSION granted: 1 is PERSIST, 2 the back channel
 * @param sequences of the requests sent last, by slot
 */
public record TestSession(SessionId id, int flags, Channel fore, AtomicIntegerArray sequences) {
  /** Slots beyond those granted are kept too, for requests that are to be refused. */
  private static final int SLOTS = 4096;

  /** {@code channel_attrs4} without its first and last. */
  public record Channel(
      int requestBytesMax,
      int responseBytesMax,
      int cachedResponseBytesMax,
      int operationsMax,
      int requestsMax) {}

  public TestSession(SessionId id, int flags, Channel fore) {
    this(id, flags, fore, new AtomicIntegerArray(SLOTS));
  }
}
