package io.bucketfs.core.content;

import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import java.util.Objects;

/**
 * A file as it was at one time, unstable writes included.
 *
 * @param sizeBytes with what unstable writes made it longer
 */
record FileView(Inode inode, long sizeBytes) {
  /** The file now. */
  static FileView of(FileContent file, MetadataCache cache, Patience patience)
      throws FileSystemException {
    while (true) {
      // The overlay before the inode: a commit in between publishes the inode before it clears it.
      var overlay = file.overlay();
      var inode = ContentLoader.requireFile(cache, file.key, patience);
      // Another one may be of before a truncate that the inode is of after.
      if (Objects.equals(overlay, file.overlay())) {
        return new FileView(inode, FileContent.sizeBytes(inode, overlay));
      }
    }
  }
}
