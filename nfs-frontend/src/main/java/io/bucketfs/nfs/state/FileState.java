package io.bucketfs.nfs.state;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Opens and locks of one file. Exists while there are any. Its lock is held around every use of it,
 * which no checker sees, since {@link OpenFiles} locks in one method and unlocks in another.
 */
final class FileState {
  final ReentrantLock lock = new ReentrantLock();

  /** Set once it was taken out of the table: whoever sees it looks again. */
  boolean dead;

  private final Map<OwnerKey, OpenState> opens = new HashMap<>();

  private final Map<OwnerKey, LockState> locks = new HashMap<>();

  /** How many opens deny anything: mostly none, and then nobody needs to look. */
  private int denying;

  /** An owner is known by its client and its name there. */
  record OwnerKey(Client client, Opaque owner) {}

  boolean isEmpty() {
    return opens.isEmpty() && locks.isEmpty();
  }

  @Nullable OpenState open(OwnerKey key) {
    return opens.get(key);
  }

  void put(OpenState state) {
    opens.put(new OwnerKey(state.client(), state.owner()), state);
  }

  boolean remove(OpenState state) {
    return opens.remove(new OwnerKey(state.client(), state.owner()), state);
  }

  boolean holds(OpenState state) {
    return opens.get(new OwnerKey(state.client(), state.owner())) == state;
  }

  /** To be called around each change of an open's deny bits. */
  void countDenying(int before, int after) {
    denying += (after != 0 ? 1 : 0) - (before != 0 ? 1 : 0);
  }

  /** An open, other than the given owner's, that forbids such an open; or null. */
  @Nullable OpenState conflict(@Nullable OwnerKey key, int access, int deny) {
    if (denying == 0 && deny == 0) {
      return null;
    }
    for (var entry : opens.entrySet()) {
      var other = entry.getValue();
      if (!entry.getKey().equals(key)
          && ((other.deny() & access) != 0 || (other.access() & deny) != 0)) {
        return other;
      }
    }
    return null;
  }

  @Nullable LockState locks(OwnerKey key) {
    return locks.get(key);
  }

  void put(LockState state) {
    locks.put(new OwnerKey(state.client(), state.owner()), state);
  }

  boolean remove(LockState state) {
    return locks.remove(new OwnerKey(state.client(), state.owner()), state);
  }

  Collection<LockState> locks() {
    return locks.values();
  }

  /** What keeps an owner from locking a range, or null. */
  @Nullable LockConflict conflict(OwnerKey key, ByteRange range, boolean exclusive) {
    for (var entry : locks.entrySet()) {
      if (!entry.getKey().equals(key)) {
        var held = entry.getValue().ranges().conflict(range, exclusive);
        if (held != null) {
          return new LockConflict(entry.getValue(), held.range(), held.exclusive());
        }
      }
    }
    return null;
  }
}
