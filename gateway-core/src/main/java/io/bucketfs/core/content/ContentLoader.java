package io.bucketfs.core.content;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;

/** Brings a file's extents from the metadata store into memory. */
final class ContentLoader {
  private static final int PAGE = 1_024;

  private final MetadataCache cache;

  ContentLoader(MetadataCache cache) {
    this.cache = cache;
  }

  /** The committed inode of a regular file. */
  static Inode requireFile(MetadataCache cache, InodeKey key, Patience patience)
      throws FileSystemException {
    try {
      var inode = cache.inode(key, patience);
      if (inode == null) {
        throw new FileSystemException(FsError.STALE);
      }
      if (inode.content() == null) {
        throw new FileSystemException(
            switch (inode.type()) {
              case DIRECTORY -> FsError.IS_A_DIRECTORY;
              case SYMLINK -> FsError.IS_A_SYMLINK;
              case FILE, BLOCK_DEVICE, CHARACTER_DEVICE, SOCKET, FIFO -> FsError.WRONG_TYPE;
            });
      }
      return inode;
    } catch (IOException e) {
      throw Failures.ofDisk(e);
    }
  }

  /** Loads the extents unless they are there. */
  Inode load(FileContent file) throws FileSystemException {
    file.gate.writeLock().lock();
    try {
      return loadAlone(file);
    } finally {
      file.gate.writeLock().unlock();
    }
  }

  /** As {@link #load}, where the caller holds the gate alone. */
  Inode loadAlone(FileContent file) throws FileSystemException {
    var inode = requireFile(cache, file.key, Patience.FOREVER);
    if (!file.isLoaded(inode)) {
      try {
        file.install(inode, read(file.key.mount(), inode.requireContent().id()));
      } catch (IOException e) {
        throw Failures.ofDisk(e);
      }
    }
    return inode;
  }

  /** Forgets extents that turned out to be out of date; they are loaded again when needed. */
  void forget(FileContent file) {
    file.gate.writeLock().lock();
    try {
      file.unload();
    } finally {
      file.gate.writeLock().unlock();
    }
  }

  private ExtentMap read(int mount, long content) throws IOException {
    var map = new ExtentMap();
    var from = Keys.extent(mount, content, 0);
    var to = Keys.extent(mount, content + 1, 0);
    while (true) {
      var page = cache.store().scan(Family.EXTENTS, from, to, PAGE);
      for (var entry : page) {
        map.put(Extent.ofEntry(entry));
      }
      if (page.size() < PAGE) {
        return map;
      }
      from = Keys.after(page.getLast().key());
    }
  }
}
