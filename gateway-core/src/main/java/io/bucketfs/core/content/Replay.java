package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * Brings back unstable writes after the process, but not the machine, went down: the operating
 * system has their records. Only those above the sequence that a content's metadata reflects count,
 * so that a truncate, which is always durable, is never undone by an older write.
 */
final class Replay {
  private final ExtentStore extents;
  private final Committer committer;
  private final MetadataCache cache;
  private final LastReads lastReads;

  Replay(ExtentStore extents, Committer committer, MetadataCache cache, LastReads lastReads) {
    this.extents = extents;
    this.committer = committer;
    this.cache = cache;
    this.lastReads = lastReads;
  }

  private record Target(InodeKey inode, long content) {}

  /** Runs before anything else writes; returns how many writes came back. */
  long run() throws IOException, FileSystemException {
    var floor = LogFloor.stored(cache.store());
    var found = new LinkedHashMap<Target, List<Extent>>();
    extents.replay(
        floor.file(),
        floor.position(),
        replayed -> {
          var record = replayed.record();
          var target = new Target(new InodeKey(record.mount(), replayed.inode()), record.content());
          found
              .computeIfAbsent(target, _ -> new ArrayList<>())
              .add(new Extent(replayed.offset(), record.length(), record.sequence(), record, 0));
        });
    var count = 0L;
    for (var entry : found.entrySet()) {
      entry.getValue().sort(Comparator.comparingLong(Extent::sequence));
      count += restore(entry.getKey(), entry.getValue());
    }
    return count;
  }

  private long restore(Target target, List<Extent> writes) throws IOException, FileSystemException {
    extents.sync(writes.stream().map(Extent::requireRecord).toList());
    return committer.commit(tx -> {
      var inode = tx.inode(target.inode);
      var content = inode == null ? null : inode.content();
      if (inode == null || content == null || content.id() != target.content) {
        return 0L;
      }
      var edit = inode.edit();
      var count = 0L;
      var bytes = 0L;
      for (var write : writes) {
        if (write.sequence() > content.sequence()) {
          ContentEdits.lay(tx, target.inode, content.id(), write);
          edit.sizeBytes = Math.max(edit.sizeBytes, write.end());
          bytes += write.length();
          count++;
        }
      }
      if (count > 0) {
        edit.content = content.withSequence(writes.getLast().sequence());
        // Further than any count of unstable writes that a client may have seen.
        edit.change += count;
        edit.modified(tx.nowNanos());
        var changed = edit.freeze();
        tx.put(changed);
        tx.markDirty(changed, bytes);
        lastReads.put(tx, target.inode);
      }
      return count;
    });
  }
}
