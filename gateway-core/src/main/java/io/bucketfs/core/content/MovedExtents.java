package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.ExtentStore.FileInfo;
import io.bucketfs.core.local.ExtentStore.Replayed;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds written bytes that the evictor appended to another file after the metadata, which was
 * restored from an earlier time, was saved: the copy has the same owner and sequence. Without, the
 * file it is in would have no reference and be deleted.
 *
 * <p>What is not found is left as it is. Copies of what S3 has are fetched when they are read;
 * other bytes cannot be read, which {@code check} tells.
 */
final class MovedExtents {
  private static final Logger LOG = LoggerFactory.getLogger(MovedExtents.class);
  private static final int PAGE = 1024;

  private final ExtentStore extents;
  private final Committer committer;
  private final MetadataCache cache;

  MovedExtents(ExtentStore extents, Committer committer, MetadataCache cache) {
    this.extents = extents;
    this.committer = committer;
    this.cache = cache;
  }

  /** A write, wherever its bytes are now. */
  private record Write(int mount, long content, long sequence) {
    static Write of(ExtentRecord record) {
      return new Write(record.mount(), record.content(), record.sequence());
    }

    /** The evictor heads a copy with the content that maps it. */
    static Write of(Missing missing) {
      return new Write(missing.inode.mount(), missing.content, missing.extent.sequence());
    }
  }

  /** An extent whose extent file is gone. */
  private record Missing(InodeKey inode, long content, Extent extent) {}

  void find() throws IOException, FileSystemException {
    var missing = missing();
    if (missing.isEmpty()) {
      return;
    }
    var copies = new HashMap<Write, List<Replayed>>();
    for (var each : missing) {
      copies.put(Write.of(each), new ArrayList<>());
    }
    extents.replay(
        0,
        0,
        replayed -> {
          var found = copies.get(Write.of(replayed.record()));
          if (found != null) {
            found.add(replayed);
          }
        });
    var moved = 0;
    for (var each : missing) {
      if (move(each, copies)) {
        moved++;
      }
    }
    LOG.warn(
        "The restored metadata refers to {} written extents whose files are gone; {} were found in"
            + " others",
        missing.size(),
        moved);
  }

  private List<Missing> missing() throws IOException {
    var present = new HashSet<Long>();
    extents.files().stream().map(FileInfo::file).forEach(present::add);
    var found = new ArrayList<Missing>();
    var from = new byte[0];
    while (true) {
      var page = cache.store().scan(Family.REFERENCES, from, null, PAGE);
      for (var entry : page) {
        var reader = new RecordReader(entry.key());
        var file = reader.i64();
        reader.i64();
        if (!present.contains(file)) {
          addWritten(found, file, reader.i32(), reader.i64(), reader.i64(), entry);
        }
      }
      if (page.size() < PAGE) {
        return found;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  /** Fills from S3 are not looked for: they can be had again. */
  private void addWritten(
      List<Missing> found, long file, int mount, long content, long offset, Entry reference)
      throws IOException {
    var key = Keys.extent(mount, content, offset);
    var stored = cache.store().get(Family.EXTENTS, key);
    if (stored == null) {
      return;
    }
    var extent = Extent.ofEntry(new Entry(key, stored));
    var record = extent.record();
    if (record != null && record.file() == file && !extent.isFill()) {
      var inode = new InodeKey(mount, new RecordReader(reference.value()).i64());
      found.add(new Missing(inode, content, extent));
    }
  }

  private boolean move(Missing missing, Map<Write, List<Replayed>> copies)
      throws IOException, FileSystemException {
    var extent = missing.extent;
    for (var copy : copies.getOrDefault(Write.of(missing), List.of())) {
      var skip = extent.offset() - copy.offset();
      if (skip >= 0 && skip + extent.length() <= copy.record().length()) {
        var moved =
            new Extent(
                extent.offset(), extent.length(), extent.sequence(), copy.record(), (int) skip);
        extents.sync(List.of(copy.record()));
        committer.commit(tx -> {
          replace(tx, missing, moved);
          return null;
        });
        return true;
      }
    }
    return false;
  }

  private static void replace(Tx tx, Missing missing, Extent moved) throws IOException {
    tx.deleteExtent(missing.inode.mount(), missing.content, missing.extent);
    tx.putExtent(missing.inode, missing.content, moved);
  }
}
