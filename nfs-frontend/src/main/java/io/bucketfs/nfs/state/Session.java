package io.bucketfs.nfs.state;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A session (RFC 8881, 2.10): slots, limits, and the connections that may use it. */
public final class Session {
  private final SessionId id;
  private final Client client;
  private final ChannelLimits fore;
  private final ChannelLimits back;
  private final Slot[] slots;
  private final Set<Peer> connections = ConcurrentHashMap.newKeySet();
  private final AtomicInteger parked = new AtomicInteger();
  private volatile @Nullable Peer backChannel;

  Session(SessionId id, Client client, ChannelLimits fore, ChannelLimits back) {
    this.id = id;
    this.client = client;
    this.fore = fore;
    this.back = back;
    slots = new Slot[fore.requestsMax()];
    for (var i = 0; i < slots.length; i++) {
      slots[i] = new Slot();
    }
  }

  public SessionId id() {
    return id;
  }

  public Client client() {
    return client;
  }

  public ChannelLimits fore() {
    return fore;
  }

  public ChannelLimits back() {
    return back;
  }

  /** The slot with the given number, or null. */
  public @Nullable Slot slot(int number) {
    return number >= 0 && number < slots.length ? slots[number] : null;
  }

  public int highestSlot() {
    return slots.length - 1;
  }

  /** Lets a connection use the fore channel. */
  public void bind(Peer peer) {
    connections.add(peer);
  }

  /** Lets callbacks go over a connection. */
  public void bindBack(Peer peer) {
    backChannel = peer;
  }

  public boolean isBound(Peer peer) {
    return connections.contains(peer);
  }

  /** The connection for callbacks, or null. */
  public @Nullable Peer backChannel() {
    return backChannel;
  }

  /** Forgets a connection that is closed. */
  public void unbind(Peer peer) {
    connections.remove(peer);
    if (peer.equals(backChannel)) {
      backChannel = null;
    }
  }

  /** Requests of this session that wait on a thread of their own. */
  public AtomicInteger parked() {
    return parked;
  }

  /** Whether any request runs now. */
  boolean isBusy() {
    for (var slot : slots) {
      if (slot.isBusy()) {
        return true;
      }
    }
    return false;
  }

  void dispose() {
    for (var slot : slots) {
      slot.dispose();
    }
    for (var connection : connections) {
      connection.left(this);
    }
  }
}
