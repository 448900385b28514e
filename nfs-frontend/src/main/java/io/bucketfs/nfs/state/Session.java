package io.bucketfs.nfs.state;

import io.bucketfs.core.local.Note;
import io.bucketfs.nfs.callback.BackChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A session (RFC 8881, 2.10): slots, limits, and the connections that may use it. */
public final class Session {
  /** So many looks in a row must find the slots idle before some are taken back. */
  private static final int IDLE_LOOKS = 10;

  private final SessionId id;
  private final Client client;
  private final ChannelLimits fore;
  private final SlotTable slots;
  private final Clients.Callbacks callbacks;
  private final BackChannel back;
  private final Journal journal;
  private final Set<Peer> connections = ConcurrentHashMap.newKeySet();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger parked = new AtomicInteger();

  /** The most that was parked since the last look. */
  private final AtomicInteger parkedMost = new AtomicInteger();

  /** Looks in a row that found the slots idle. Used by the sweep only. */
  private int idleLooks;

  private volatile boolean disposed;

  Session(
      SessionId id,
      Client client,
      ChannelLimits fore,
      SlotTable slots,
      Clients.Callbacks callbacks,
      BackChannel back,
      Journal journal) {
    this.id = id;
    this.client = client;
    this.fore = fore.withRequests(slots.limit());
    this.slots = slots;
    this.callbacks = callbacks;
    this.back = back;
    this.journal = journal;
  }

  Clients.Callbacks callbacks() {
    return callbacks;
  }

  /** Whether the client gave a connection for callbacks at any time. */
  boolean isCalledBack() {
    return back.state() != BackChannel.State.UNWANTED;
  }

  /** Gives a slot back how far its last change had come. Returns false where there is no slot. */
  boolean resume(int slotNumber, Checkpoint checkpoint) {
    var slot = slots.slot(slotNumber);
    if (slot == null) {
      return false;
    }
    slot.resume(checkpoint);
    return true;
  }

  /**
   * How far a request on a slot has come, to be noted with what it changes. Called while it runs.
   */
  public Note checkpoint(Slot slot, int slotNumber, Checkpoint checkpoint) {
    slot.setNoted();
    return StateNotes.of(id, slotNumber, checkpoint);
  }

  /** Takes back all that was noted of this session. */
  List<Note> gone() {
    var notes = new ArrayList<Note>();
    notes.add(StateNotes.gone(this));
    for (var number : slots.noted()) {
      notes.add(StateNotes.gone(id, number));
    }
    for (var number : back.usedSlots()) {
      notes.add(StateNotes.backSlotGone(id, number));
    }
    return notes;
  }

  public SessionId id() {
    return id;
  }

  public Client client() {
    return client;
  }

  /** What was granted for requests when the session was made; the slots may be more by now. */
  public ChannelLimits fore() {
    return fore;
  }

  /** How the client is called back. */
  public BackChannel back() {
    return back;
  }

  /** The slot with the given number, or null. */
  public @Nullable Slot slot(int number) {
    return slots.slot(number);
  }

  /** How many slots the client may use. */
  public int slotLimit() {
    return slots.limit();
  }

  /** How many slots the client is asked to use. */
  public int slotTarget() {
    return slots.target();
  }

  /** Notes that a new request was admitted to a slot, whose reply tells the target of now. */
  public void began(Slot slot, int highestUsed) {
    running.incrementAndGet();
    slots.obeyed(slot.generation(), highestUsed);
    slot.setGeneration(slots.generation());
  }

  /** Notes that a request that began is answered. */
  public void ended() {
    running.decrementAndGet();
  }

  /** Lets a connection use the fore channel. */
  public void bind(Peer peer) {
    if (connections.add(peer)) {
      client.seenAt(peer);
      if (disposed) {
        connections.remove(peer);
      }
    }
  }

  public boolean isBound(Peer peer) {
    return connections.contains(peer);
  }

  /** Forgets a connection that is closed. */
  public void unbind(Peer peer) {
    connections.remove(peer);
    back.unbind(peer.callbacks());
  }

  /**
   * Notes that a request waits on a thread of its own. While half of the slots do, more are
   * offered, so that the client can ask for the rest of what it needs.
   */
  public void park() {
    var now = parked.incrementAndGet();
    parkedMost.accumulateAndGet(now, Math::max);
    var target = slots.target();
    if (2 * now >= target && target < SlotTable.SLOTS_MAX) {
      raise(target + Math.max(SlotTable.SLOTS_MIN, target / 2));
    }
  }

  /** Notes that a request does not wait any more. */
  public void unpark() {
    parked.decrementAndGet();
  }

  /** Whether more than half of the slots wait, so that no more should. */
  public boolean isMostlyParked() {
    return 2 * parked.get() > slots.target() + 1;
  }

  /**
   * Takes slots back that were offered and are not needed, a quarter of them at a time.
   *
   * @param pressed whether memory is short, so that even what was granted first is too much
   */
  void relax(boolean pressed) {
    var most = parkedMost.getAndSet(parked.get());
    var floor = pressed ? Math.min(SlotTable.SLOTS_MIN, fore.requestsMax()) : fore.requestsMax();
    var target = slots.target();
    idleLooks = target > floor && 4 * most < target ? idleLooks + 1 : 0;
    if (target > floor && (pressed || idleLooks >= IDLE_LOOKS)) {
      idleLooks = 0;
      slots.lower(Math.max(floor, target - Math.max(SlotTable.SLOTS_MIN, target / 4)));
    } else if (!pressed && target < fore.requestsMax()) {
      raise(Math.min(fore.requestsMax(), target + SlotTable.SLOTS_MIN));
    }
  }

  /** Offers more slots; a later process must know them all. */
  private void raise(int wanted) {
    if (slots.raise(wanted)) {
      journal.noteSoon(List.of(StateNotes.of(this)));
    }
  }

  /** What SEQUENCE tells the client beside its results (RFC 8881, 18.46.3). */
  public int statusFlags() {
    return client.revocationFlags() | pathFlags();
  }

  private int pathFlags() {
    return switch (back.state()) {
      case UNWANTED, UP -> 0;
      case FAULTY -> SequenceStatus.BACKCHANNEL_FAULT;
      case DOWN ->
          SequenceStatus.CB_PATH_DOWN_SESSION
              | (client.isReachable() ? 0 : SequenceStatus.CB_PATH_DOWN);
    };
  }

  /** Whether any request runs now. */
  boolean isBusy() {
    return running.get() > 0;
  }

  void dispose() {
    disposed = true;
    slots.dispose();
    back.close();
    for (var connection : connections) {
      connection.left(this);
    }
  }
}
