package io.bucketfs.core.check;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.Tx;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a rule sees the metadata. First it looks at the store, beside everybody's changes; what seems
 * wrong there it looks at again inside a transaction, where nothing changes meanwhile.
 */
interface View {
  byte @Nullable [] get(Family family, byte[] key) throws IOException;

  /** Not for inodes. */
  List<Entry> scan(Family family, byte[] from, byte[] to, int max) throws IOException;

  @Nullable Inode inode(InodeKey key) throws IOException;

  static View of(KeyValueStore store) {
    return new View() {
      @Override
      public byte @Nullable [] get(Family family, byte[] key) throws IOException {
        return store.get(family, key);
      }

      @Override
      public List<Entry> scan(Family family, byte[] from, byte[] to, int max) throws IOException {
        return store.scan(family, from, to, max);
      }

      @Override
      public @Nullable Inode inode(InodeKey key) throws IOException {
        var value = store.get(Family.INODES, Keys.inode(key.mount(), key.number()));
        return value == null ? null : Inode.decode(key, value);
      }
    };
  }

  static View of(Tx tx) {
    return new View() {
      @Override
      public byte @Nullable [] get(Family family, byte[] key) throws IOException {
        return tx.get(family, key);
      }

      @Override
      public List<Entry> scan(Family family, byte[] from, byte[] to, int max) throws IOException {
        return tx.scan(family, from, to, max);
      }

      @Override
      public @Nullable Inode inode(InodeKey key) throws IOException {
        return tx.storedInode(key);
      }
    };
  }
}
