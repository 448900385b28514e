package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentStore.Replayed;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.local.LocalTier;
import io.bucketfs.core.store.Counters;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Metadata that was rebuilt (CORRECTNESS 7). Before it is used, {@link #prepare} makes it safe to
 * go on with; at the next start {@link Contents} adds what only the extent files know.
 */
public final class Restoration {
  private static final byte[] KEY = Keys.text(0, "restored");

  private Restoration() {}

  /**
   * Notes in a store that it was rebuilt.
   *
   * @param whole whether all that was ever committed is in it. Where not, no number is given out
   *     that may have been given out before: a filehandle or the header of a record could mean
   *     another file then.
   */
  public static void prepare(KeyValueStore store, boolean whole) throws IOException {
    var changes = new ArrayList<Change>();
    if (!whole) {
      changes.addAll(Counters.skip(store));
    }
    changes.add(new Change.Put(Family.GATEWAY, KEY, new byte[0]));
    store.write(changes, true);
  }

  /** Whether the store was rebuilt and not used since. */
  static boolean isDue(KeyValueStore store) throws IOException {
    return store.get(Family.GATEWAY, KEY) != null;
  }

  static void done(Tx tx) {
    tx.delete(Family.GATEWAY, KEY);
  }

  /** Receives what was written to a file whose name and attributes are not known any more. */
  @FunctionalInterface
  public interface Unnamed {
    /**
     * Takes some bytes. Those of one content come together, later writes after earlier ones.
     *
     * @param content a file may have had several; the highest is the last
     * @param offset in that content
     * @param data borrowed
     */
    void write(int mount, long inode, long content, long offset, ByteBuf data) throws IOException;
  }

  private record Target(InodeKey inode, long content) {}

  /**
   * Passes on what the write log holds of inodes that the metadata does not know: files that were
   * made after it was saved. Some of them may have been deleted since, or be in the bucket.
   */
  public static void findUnnamed(LocalTier tier, Unnamed visitor) throws IOException {
    for (var entry : writesFromFloor(tier).entrySet()) {
      var inode = entry.getKey().inode;
      if (tier.metadata().get(Family.INODES, Keys.inode(inode.mount(), inode.number())) != null) {
        continue;
      }
      // A copy that the evictor made comes late and is old.
      entry.getValue().sort(Comparator.comparingLong(write -> write.record().sequence()));
      for (var write : entry.getValue()) {
        var record = write.record();
        var data = tier.extents().read(record, 0, record.length(), Patience.FOREVER);
        try {
          visitor.write(inode.mount(), inode.number(), record.content(), write.offset(), data);
        } finally {
          data.release();
        }
      }
    }
  }

  private static Map<Target, List<Replayed>> writesFromFloor(LocalTier tier) throws IOException {
    var floor = LogFloor.stored(tier.metadata());
    var found = new LinkedHashMap<Target, List<Replayed>>();
    tier.extents()
        .replay(
            floor.file(),
            floor.position(),
            replayed -> {
              var record = replayed.record();
              var inode = new InodeKey(record.mount(), replayed.inode());
              found
                  .computeIfAbsent(new Target(inode, record.content()), _ -> new ArrayList<>())
                  .add(replayed);
            });
    return found;
  }
}
