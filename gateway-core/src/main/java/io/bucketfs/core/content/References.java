package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.Tx;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who maps the records of an extent file. */
final class References {
  /** How many a transaction looks at. */
  static final int A_TRANSACTION = 256;

  private References() {}

  /** What maps a record of a file. */
  record Reference(InodeKey inode, long content, long offset) {}

  /** What an extent that somebody maps is worth. */
  enum Liveness {
    /** Of a content that waits for the reaper: nobody reads it any more. */
    DEAD,
    /** In S3 too. */
    CLEAN,
    DIRTY
  }

  /** An extent, and where it is mapped. */
  record Mapping(Reference reference, Extent extent) {}

  /** The first ones of a file, in the order of its records. */
  static List<Reference> of(KeyValueStore store, long file, int max) throws IOException {
    return decode(store.scan(Family.REFERENCES, Keys.number(file), Keys.number(file + 1), max));
  }

  /** Some of a record. */
  static List<Reference> of(Tx tx, ExtentRecord record) throws IOException {
    return decode(
        tx.scan(
            Family.REFERENCES,
            Keys.record(record.file(), record.position()),
            Keys.record(record.file(), record.position() + 1),
            A_TRANSACTION));
  }

  private static List<Reference> decode(List<Entry> entries) {
    var found = new ArrayList<Reference>(entries.size());
    for (var entry : entries) {
      var key = new RecordReader(entry.key());
      key.i64();
      key.i64();
      var mount = key.i32();
      var content = key.i64();
      var inode = new InodeKey(mount, new RecordReader(entry.value()).i64());
      found.add(new Reference(inode, content, key.i64()));
    }
    return found;
  }

  /** The extent that a reference is about, or null where it is no longer in the file. */
  static @Nullable Extent mapped(Tx tx, long file, Reference reference) throws IOException {
    for (var extent :
        tx.extents(
            reference.inode.mount(), reference.content, reference.offset, reference.offset + 1)) {
      var record = extent.record();
      if (extent.offset() == reference.offset && record != null && record.file() == file) {
        return extent;
      }
    }
    return null;
  }

  static Liveness liveness(Tx tx, Reference reference, Extent extent) throws IOException {
    var inode = tx.inode(reference.inode);
    var content = inode == null ? null : inode.content();
    if (content == null || content.id() != reference.content) {
      return Liveness.DEAD;
    }
    return content.hasInBase(extent) ? Liveness.CLEAN : Liveness.DIRTY;
  }

  /** Extents of the same record together, where they come in the order of records. */
  static List<List<Mapping>> byRecord(List<Mapping> mappings) {
    var groups = new ArrayList<List<Mapping>>();
    for (var mapping : mappings) {
      if (groups.isEmpty()
          || !groups.getLast().getLast().extent.requireRecord().equals(mapping.extent.record())) {
        groups.add(new ArrayList<>());
      }
      groups.getLast().add(mapping);
    }
    return groups;
  }
}
