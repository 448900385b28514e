package io.bucketfs.core.content;

import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Tx;
import java.io.IOException;

/** Changes of file bytes inside a metadata transaction. */
public final class ContentEdits {
  private ContentEdits() {}

  /** Lays an extent over the stored ones of a content. */
  static void lay(Tx tx, InodeKey inode, long content, Extent extent) throws IOException {
    var overlapping = tx.extents(inode.mount(), content, extent.offset(), extent.end());
    var overlay = ExtentOverlay.of(overlapping, extent);
    for (var removed : overlay.removed()) {
      tx.deleteExtent(inode.mount(), content, removed);
    }
    for (var added : overlay.added()) {
      tx.putExtent(inode, content, added);
    }
  }

  /** Takes out all that is left of a record that cannot be read, where the base has it too. */
  static void drop(Tx tx, InodeKey inode, Content content, Extent bad) throws IOException {
    // However writes have cut it up since.
    var from = bad.offset() - bad.skip();
    var to = from + bad.requireRecord().length();
    for (var stored : tx.extents(inode.mount(), content.id(), Math.max(0, from), to)) {
      if (bad.requireRecord().equals(stored.record()) && content.hasInBase(stored)) {
        tx.deleteExtent(inode.mount(), content.id(), stored);
      }
    }
  }

  /** Puts a file whose bytes were changed without writing any. */
  static void putModified(Tx tx, Inode.Edit file) throws IOException {
    file.exclusiveVerifier = 0;
    var changed = file.modified(tx.nowNanos()).freeze();
    tx.put(changed);
    tx.markDirty(changed);
  }

  /**
   * Sets a file's length. Cutting it to nothing gives it a new, empty content; cutting it shorter
   * takes away extents and base; making it longer leaves a hole.
   */
  public static void resize(Tx tx, Inode.Edit file, long size) throws IOException {
    var content = file.content;
    if (content == null) {
      throw new IllegalStateException("not a regular file: " + file.key);
    }
    if (size == 0 && (file.sizeBytes != 0 || content.base() != null)) {
      tx.orphan(file.key, content.id());
      file.content = Content.empty(tx.newContent());
    } else {
      if (size < file.sizeBytes) {
        var mount = file.key.mount();
        for (var extent : tx.extents(mount, content.id(), size, Long.MAX_VALUE)) {
          tx.deleteExtent(mount, content.id(), extent);
          if (extent.offset() < size) {
            tx.putExtent(file.key, content.id(), extent.slice(extent.offset(), size));
          }
        }
      }
      file.content = content.truncated(size, content.sequence() + 1);
    }
    file.sizeBytes = size;
  }
}
