package io.bucketfs.core.store;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.KeyValueStore.Change;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keys of the gateway's counters, of which no value is ever given out twice. */
public final class Counters {
  private static final String INODE = "inode/";
  private static final byte[] CONTENT = Keys.text(0, "content");
  private static final byte[] BULK_JOB = Keys.text(0, "bulk");
  private static final byte[] MOUNT = Keys.text(0, "mount");

  /** More inodes or contents than a gateway makes between two states that are kept. */
  private static final long NUMBERS_SKIPPED = 1L << 40;

  private static final long MOUNTS_SKIPPED = 1000;

  /** The epoch has 24 bits in a change attribute. */
  private static final long EPOCHS_SKIPPED = 1000;

  private Counters() {}

  static byte[] inode(int mount) {
    return Keys.text(0, INODE + mount);
  }

  static byte[] content() {
    return CONTENT;
  }

  static byte[] bulkJob() {
    return BULK_JOB;
  }

  static byte[] mount() {
    return MOUNT;
  }

  /**
   * What to write to a store of an earlier time, or an empty one, so that it gives out nothing that
   * was given out later than that.
   */
  public static List<Change> skip(KeyValueStore store) throws IOException {
    var changes = new ArrayList<Change>();
    for (var entry :
        store.scan(
            Family.GATEWAY,
            Keys.text(0, INODE),
            Keys.endOfPrefix(Keys.text(0, INODE)),
            Integer.MAX_VALUE)) {
      changes.add(later(entry.key(), entry.value(), NUMBERS_SKIPPED));
    }
    changes.add(later(CONTENT, store.get(Family.GATEWAY, CONTENT), NUMBERS_SKIPPED));
    changes.add(later(BULK_JOB, store.get(Family.GATEWAY, BULK_JOB), NUMBERS_SKIPPED));
    changes.add(later(MOUNT, store.get(Family.GATEWAY, MOUNT), MOUNTS_SKIPPED));
    changes.add(later(Epoch.EPOCH, store.get(Family.GATEWAY, Epoch.EPOCH), EPOCHS_SKIPPED));
    return changes;
  }

  private static Change later(byte[] key, byte @Nullable [] stored, long skipped) {
    var value = stored == null ? 0 : new RecordReader(stored).i64();
    return new Change.Put(Family.GATEWAY, key, Keys.number(value + skipped));
  }
}
